//! What a private root may issue for: names with all below them, and networks. Clients check it (RFC 5280, 4.2.1.10).

use std::net::IpAddr;

use crate::error::Error;
use crate::name::Name;
use crate::tlv;

const DNS: u8 = 0x82;
const ADDRESS: u8 = 0x87;
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

/// A name with all below it, or a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// `example.org`: itself and what is below.
    Names(String),
    /// An address and the bits of it that count.
    Network(IpAddr, u8),
}

impl Permit {
    /// Reads `example.org`, `*.example.org` (the same), `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`.
    ///
    /// # Errors
    /// [`Error::Name`] with the reason.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Name { name: text.to_owned(), reason });
        let (name, length) = match text.split_once('/') {
            Some((network, length)) => (network, Some(length)),
            None => (text, None),
        };
        match (Name::parse(name)?, length) {
            (Name::Dns(name), None) => Ok(Self::Names(name.strip_prefix("*.").unwrap_or(&name).to_owned())),
            (Name::Dns(_), Some(_)) => refused("a name has no length of a network"),
            (Name::Address(address), length) => {
                let most = if address.is_ipv4() { 32 } else { 128 };
                match length.map_or(Ok(most), str::parse) {
                    Ok(bits) if bits <= most => Ok(Self::Network(address, bits)),
                    _ => refused("the length of the network is not possible"),
                }
            }
        }
    }

    /// `GeneralSubtree`.
    fn der(&self) -> Vec<u8> {
        match self {
            Self::Names(name) => tlv::sequence(&[&tlv::value(DNS, &[name.as_bytes()])]),
            Self::Network(IpAddr::V4(address), bits) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                network(&(address.to_bits() & mask).to_be_bytes(), &mask.to_be_bytes())
            }
            Self::Network(IpAddr::V6(address), bits) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                network(&(address.to_bits() & mask).to_be_bytes(), &mask.to_be_bytes())
            }
        }
    }
}

fn network(address: &[u8], mask: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::value(ADDRESS, &[address, mask])])
}

/// DER `NameConstraints`; none where everything is permitted. A kind of name of which nothing is permitted is excluded as a whole, because
/// what is not mentioned would be free.
pub(super) fn name_constraints(permitted: &[Permit]) -> Option<Vec<u8>> {
    if permitted.is_empty() {
        return None;
    }
    let mut excluded = Vec::new();
    if !permitted.iter().any(|permit| matches!(permit, Permit::Names(_))) {
        excluded.extend(tlv::sequence(&[&tlv::value(DNS, &[])]));
    }
    for (is_v4, whole) in [(true, network(&[0; 4], &[0; 4])), (false, network(&[0; 16], &[0; 16]))] {
        if !permitted.iter().any(|permit| matches!(permit, Permit::Network(address, _) if address.is_ipv4() == is_v4)) {
            excluded.extend(whole);
        }
    }
    let permitted: Vec<u8> = permitted.iter().flat_map(Permit::der).collect();
    let excluded = if excluded.is_empty() { excluded } else { tlv::value(EXCLUDED, &[&excluded]) };
    Some(tlv::sequence(&[&tlv::value(PERMITTED, &[&permitted]), &excluded]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_networks_are_told_apart() {
        let read = |text: &str| Permit::parse(text).ok();
        assert_eq!(read("Example.ORG."), Some(Permit::Names("example.org".into())));
        assert_eq!(read("*.example.org"), Some(Permit::Names("example.org".into())));
        assert_eq!(read("10.0.0.0/8"), Some(Permit::Network([10, 0, 0, 0].into(), 8)));
        assert_eq!(read("::1"), Some(Permit::Network(std::net::Ipv6Addr::LOCALHOST.into(), 128)));
        for wrong in ["10.0.0.0/33", "example.org/8", "", "a..b", "10.0.0.0/x", "::/129"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bits_that_do_not_count_are_zero() {
        let der = |text: &str| Permit::parse(text).expect("a network").der();
        assert_eq!(der("10.1.2.3/8")[4..], [10, 0, 0, 0, 255, 0, 0, 0]);
        assert_eq!(der("10.1.2.3/0")[4..], [0; 8]);
        assert_eq!(der("192.0.2.1")[4..], [192, 0, 2, 1, 255, 255, 255, 255]);
    }

    #[test]
    fn kinds_of_names_that_are_not_mentioned_are_excluded() {
        assert_eq!(name_constraints(&[]), None);
        let with = |texts: &[&str]| {
            let permitted: Vec<_> = texts.iter().map(|text| Permit::parse(text).expect("a permit")).collect();
            name_constraints(&permitted).expect("constraints")
        };
        let has_excluded = |der: &[u8]| der.contains(&EXCLUDED);
        assert!(has_excluded(&with(&["example.org"])) && has_excluded(&with(&["10.0.0.0/8"])));
        assert!(!has_excluded(&with(&["example.org", "10.0.0.0/8", "fd00::/8"])));
    }
}
