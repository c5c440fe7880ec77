//! Proxies in front of the server: which are trusted, and which of their fields are believed.

use std::net::IpAddr;

use super::{Form, Refusal, Value};
use crate::config::{ForwardedField, TrustedProxy};

const EXAMPLE: &str =
    "for example `10.0.0.5`, `10.0.0.0/8`, `2001:db8::/32`, or `unix` for whoever connects to a Unix socket";

impl Value for TrustedProxy {
    const FORM: Form = Form::Text;

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("unix") {
            return Ok(Self::Unix);
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address = address
            .parse::<IpAddr>()
            .map_err(|_| Refusal::new("expected an IP address or a network; names are not looked up").hint(EXAMPLE))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            Some(length) => length
                .parse::<u8>()
                .ok()
                .filter(|known| *known <= most && length.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| {
                    Refusal::new(format!("the length of the prefix is a number up to {most}")).hint(EXAMPLE)
                })?,
        };
        Ok(Self::Network { address, length })
    }

    fn write(&self) -> String {
        match self {
            Self::Unix => "unix".to_owned(),
            Self::Network { address, length } if *length == if address.is_ipv4() { 32 } else { 128 } => {
                address.to_string()
            }
            Self::Network { address, length } => format!("{address}/{length}"),
        }
    }
}

impl Value for ForwardedField {
    const FORM: Form = Form::Words(&Self::NAMES);

    fn read(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let at = Self::NAMES.iter().position(|name| name.eq_ignore_ascii_case(text));
        at.and_then(|at| Self::ALL.get(at).copied()).ok_or_else(|| {
            let nearest = crate::nearest::nearest(text, Self::NAMES.iter().copied());
            let refusal = Refusal::new(format!("expected one of {}", Self::NAMES.join(", ")));
            match nearest {
                Some(name) => refusal.hint(format!("did you mean `{name}`?")),
                None => refusal,
            }
        })
    }

    fn write(&self) -> String {
        self.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_addresses_with_a_length() {
        for (text, written) in [
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("::1", "::1"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("10.0.0.5/32", "10.0.0.5"),
            (" UNIX ", "unix"),
        ] {
            assert_eq!(TrustedProxy::read(text).map(|proxy| proxy.write()), Ok(written.to_owned()), "{text}");
        }
        for text in ["", "*", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0.0/", "10.0.0", "10.0.0.5:80"]
        {
            assert!(TrustedProxy::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_in_their_networks_alone() {
        let covers = |network: &str, address: &str| {
            TrustedProxy::read(network).expect("a network").covers(address.parse().expect("an address"))
        };
        for (network, address, expect) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7/8", "10.1.0.1", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "192.0.2.1", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("::ffff:10.0.0.0/104", "10.1.0.1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::1", "::1", true),
            ("unix", "127.0.0.1", false),
        ] {
            assert_eq!(covers(network, address), expect, "{address} in {network}");
        }
    }

    #[test]
    fn fields_have_the_names_that_proxies_write() {
        assert_eq!(ForwardedField::read("x-forwarded-for"), Ok(ForwardedField::XForwardedFor));
        assert_eq!(ForwardedField::read("Forwarded"), Ok(ForwardedField::Forwarded));
        assert!(ForwardedField::read("X_Forwarded_For").is_err());
        for (field, name) in ForwardedField::ALL.iter().zip(ForwardedField::NAMES) {
            assert_eq!(ForwardedField::read(name), Ok(*field));
        }
    }
}
