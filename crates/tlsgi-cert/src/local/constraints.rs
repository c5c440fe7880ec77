//! What a local root may issue for: written into a new one, read from the one that is there.

use std::net::IpAddr;

use rcgen::{CidrSubnet, GeneralSubtree};
use x509_parser::extensions::{GeneralName, GeneralSubtree as Subtree};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::facts::{address, printable};
use crate::name::Name;

/// Names that no public authority issues for (RFC 6761, 6762, 8375, and ICANN's reservation of `internal`), with all below them.
const NAMES: [&str; 5] = ["localhost", "test", "internal", "local", "home.arpa"];

/// Loopback, private, link-local.
const NETWORKS: [([u8; 4], u8); 5] =
    [([127, 0, 0, 0], 8), ([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16), ([169, 254, 0, 0], 16)];

/// The same for IPv6: loopback, unique local, link-local; first two bytes and length.
const NETWORKS_V6: [([u8; 2], u8); 2] = [([0xfc, 0], 7), ([0xfe, 0x80], 10)];

/// What a new root allows: names of this machine and its network, and these with all below them.
pub(super) fn permitted(also: &[Name]) -> Vec<GeneralSubtree> {
    let mut subtrees: Vec<_> = NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
    let v4 = NETWORKS.iter().map(|&(address, prefix)| CidrSubnet::from_v4_prefix(address, prefix));
    let v6 = NETWORKS_V6.iter().map(|&([first, second], prefix)| {
        let mut address = [0; 16];
        (address[0], address[1]) = (first, second);
        CidrSubnet::from_v6_prefix(address, prefix)
    });
    let loopback = CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128);
    let mut networks: Vec<_> = v4.chain(v6).chain([loopback]).collect();
    for name in also {
        match name {
            Name::Dns(name) => {
                let name = name.strip_prefix("*.").unwrap_or(name);
                subtrees.push(GeneralSubtree::DnsName(name.to_owned()));
            }
            Name::Address(IpAddr::V4(address)) => networks.push(CidrSubnet::from_v4_prefix(address.octets(), 32)),
            Name::Address(IpAddr::V6(address)) => networks.push(CidrSubnet::from_v6_prefix(address.octets(), 128)),
        }
    }
    subtrees.extend(networks.into_iter().map(GeneralSubtree::IpAddress));
    subtrees
}

/// The name constraints of a root; without any, everything is allowed.
#[derive(Debug, Default)]
pub(crate) struct Constraints {
    permitted: Vec<Tree>,
    excluded: Vec<Tree>,
}

#[derive(Debug)]
enum Tree {
    Dns(String),
    Network { address: IpAddr, mask: IpAddr },
}

impl Constraints {
    pub(crate) fn of(root: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(root) else { return Self::default() };
        let Ok(Some(extension)) = certificate.name_constraints() else { return Self::default() };
        let trees = |subtrees: &Option<Vec<Subtree<'_>>>| subtrees.iter().flatten().filter_map(tree).collect();
        Self {
            permitted: trees(&extension.value.permitted_subtrees),
            excluded: trees(&extension.value.excluded_subtrees),
        }
    }

    /// Whether clients would accept this name from the root. Kinds of names that are not mentioned are free (RFC 5280, 4.2.1.10).
    pub(crate) fn permit(&self, name: &Name) -> bool {
        let mut of_kind = self.permitted.iter().filter(|tree| tree.is_kind_of(name)).peekable();
        let is_free = of_kind.peek().is_none();
        (is_free || of_kind.any(|tree| tree.contains(name))) && !self.excluded.iter().any(|tree| tree.contains(name))
    }

    /// What is permitted, for messages.
    pub(crate) fn describe(&self) -> Vec<String> {
        let names = self.permitted.iter().filter_map(|tree| match tree {
            Tree::Dns(name) => Some(name.clone()),
            Tree::Network { .. } => None,
        });
        let has_networks = self.permitted.iter().any(|tree| matches!(tree, Tree::Network { .. }));
        names.chain(has_networks.then(|| "private and loopback addresses".to_owned())).collect()
    }
}

impl Tree {
    fn is_kind_of(&self, name: &Name) -> bool {
        matches!((self, name), (Self::Dns(_), Name::Dns(_)) | (Self::Network { .. }, Name::Address(_)))
    }

    fn contains(&self, name: &Name) -> bool {
        match (self, name) {
            (Self::Dns(tree), Name::Dns(name)) => is_below(name.strip_prefix("*.").unwrap_or(name), tree),
            (
                Self::Network { address: IpAddr::V4(network), mask: IpAddr::V4(mask) },
                Name::Address(IpAddr::V4(address)),
            ) => address.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits(),
            (
                Self::Network { address: IpAddr::V6(network), mask: IpAddr::V6(mask) },
                Name::Address(IpAddr::V6(address)),
            ) => address.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits(),
            _ => false,
        }
    }
}

/// Whether a name is the tree's root or below it; a tree with a leading dot is only what is below.
fn is_below(name: &str, tree: &str) -> bool {
    match name.strip_suffix(tree) {
        Some(rest) => tree.is_empty() || tree.starts_with('.') || rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

fn tree(subtree: &Subtree<'_>) -> Option<Tree> {
    match &subtree.base {
        GeneralName::DNSName(name) => Some(Tree::Dns(printable(&name.to_ascii_lowercase()))),
        GeneralName::IPAddress(bytes) => {
            let (network, mask) = bytes.split_at(bytes.len() / 2);
            Some(Tree::Network { address: address(network)?, mask: address(mask)? })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_its_root_and_what_is_below() {
        let check =
            |name: &str, tree: &str, expected: bool| assert_eq!(is_below(name, tree), expected, "{name} {tree}");
        check("localhost", "localhost", true);
        check("a.b.localhost", "localhost", true);
        check("notlocalhost", "localhost", false);
        check("test.example", "test", false);
        check("example.test", ".test", true);
        check("test", ".test", false);
        check("anything", "", true);
    }
}
