//! Names of owners and issuers as text: RFC 2253 with OpenSSL's short names, RFC 4514, and value by value.

use std::fmt::Write as _;

use x509_parser::prelude::X509Name;

/// Most values of a name that are read; more than any directory has levels.
const MOST_VALUES: usize = 128;

/// A distinguished name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinguishedName {
    /// In the order of the certificate: the most general first.
    attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    /// `2.5.4.3`.
    id: String,
    /// The value's type.
    tag: u32,
    value: Vec<u8>,
    /// It belongs together with the one before it.
    is_joined: bool,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameStyle {
    /// RFC 2253, other types of values by OpenSSL's short names, UTF-8 as it is.
    OpenSsl,
    /// RFC 4514, other types of values by number.
    Rfc4514,
}

impl DistinguishedName {
    pub(super) fn of(name: &X509Name<'_>) -> Self {
        let mut attributes = Vec::new();
        for set in name.iter_rdn() {
            for (at, value) in set.iter().enumerate() {
                attributes.push(Attribute {
                    id: value.attr_type().to_id_string(),
                    tag: value.attr_value().tag().0,
                    value: value.as_slice().to_vec(),
                    is_joined: at > 0,
                });
            }
        }
        attributes.truncate(MOST_VALUES);
        Self { attributes }
    }

    /// The whole name, the most special value first; empty for an empty name.
    #[must_use]
    pub fn text(&self, style: NameStyle) -> String {
        let mut text = String::new();
        let mut separator = "";
        for attribute in self.attributes.iter().rev() {
            text.push_str(separator);
            attribute.write(style, &mut text);
            separator = if attribute.is_joined { "+" } else { "," };
        }
        text
    }

    /// The values of one type (`2.5.4.3`) in the order of the certificate, without escapes.
    pub fn values(&self, id: &str) -> impl Iterator<Item = String> {
        self.attributes.iter().filter(move |attribute| attribute.id == id).filter_map(Attribute::text)
    }
}

impl Attribute {
    fn write(&self, style: NameStyle, out: &mut String) {
        let known = NAMES.iter().find(|(id, _, _)| *id == self.id);
        let name = match style {
            NameStyle::OpenSsl => known.map(|(_, short, _)| *short),
            NameStyle::Rfc4514 => known.and_then(|(_, _, registered)| *registered),
        };
        match (name, self.text()) {
            (Some(name), Some(text)) => {
                out.push_str(name);
                out.push('=');
                escape(&text, out);
            }
            (name, _) => {
                out.push_str(name.unwrap_or(&self.id));
                out.push_str("=#");
                self.write_der(out);
            }
        }
    }

    /// The value as DER in hexadecimal.
    fn write_der(&self, out: &mut String) {
        let length = self.value.len();
        let mut head = vec![u8::try_from(self.tag).unwrap_or(0)];
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => head.push(short),
            Ok(byte) => head.extend([0x81, byte]),
            Err(_) => head.extend([0x82, (length >> 8 & 0xff) as u8, (length & 0xff) as u8]),
        }
        for byte in head.iter().chain(&self.value) {
            _ = write!(out, "{byte:02X}");
        }
    }

    fn text(&self) -> Option<String> {
        let utf16 = |value: &[u8]| {
            let units = value.chunks(2).map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
            String::from_utf16(&units.collect::<Vec<_>>()).ok()
        };
        let utf32 = |value: &[u8]| {
            let points = value.chunks(4).map(|four| four.iter().fold(0, |point, byte| point << 8 | u32::from(*byte)));
            points.map(char::from_u32).collect::<Option<String>>()
        };
        match self.tag {
            // UTF8String.
            12 => String::from_utf8(self.value.clone()).ok(),
            // Numeric, printable, teletex (in practice latin-1), IA5, visible.
            18 | 19 | 20 | 22 | 26 => Some(self.value.iter().map(|byte| char::from(*byte)).collect()),
            28 => utf32(&self.value),
            30 => utf16(&self.value),
            _ => None,
        }
    }
}

/// RFC 2253 2.4; control characters as hexadecimal.
fn escape(text: &str, out: &mut String) {
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', c]),
            ' ' if at == 0 || at == last => out.extend(['\\', c]),
            '#' if at == 0 => out.extend(['\\', c]),
            '\0'..='\x1f' | '\x7f' => _ = write!(out, "\\{:02X}", u32::from(c)),
            c => out.push(c),
        }
    }
}

/// Types of values: number, OpenSSL's short name, name of RFC 4514.
const NAMES: &[(&str, &str, Option<&str>)] = &[
    ("2.5.4.3", "CN", Some("CN")),
    ("2.5.4.4", "SN", None),
    ("2.5.4.5", "serialNumber", None),
    ("2.5.4.6", "C", Some("C")),
    ("2.5.4.7", "L", Some("L")),
    ("2.5.4.8", "ST", Some("ST")),
    ("2.5.4.9", "street", Some("STREET")),
    ("2.5.4.10", "O", Some("O")),
    ("2.5.4.11", "OU", Some("OU")),
    ("2.5.4.12", "title", None),
    ("2.5.4.13", "description", None),
    ("2.5.4.15", "businessCategory", None),
    ("2.5.4.17", "postalCode", None),
    ("2.5.4.20", "telephoneNumber", None),
    ("2.5.4.41", "name", None),
    ("2.5.4.42", "GN", None),
    ("2.5.4.43", "initials", None),
    ("2.5.4.44", "generationQualifier", None),
    ("2.5.4.45", "x500UniqueIdentifier", None),
    ("2.5.4.46", "dnQualifier", None),
    ("2.5.4.65", "pseudonym", None),
    ("2.5.4.97", "organizationIdentifier", None),
    ("0.9.2342.19200300.100.1.1", "UID", Some("UID")),
    ("0.9.2342.19200300.100.1.25", "DC", Some("DC")),
    ("1.2.840.113549.1.9.1", "emailAddress", None),
    ("1.2.840.113549.1.9.2", "unstructuredName", None),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", None),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", None),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", None),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: &str, value: &str, is_joined: bool) -> Attribute {
        Attribute { id: id.to_owned(), tag: 12, value: value.as_bytes().to_vec(), is_joined }
    }

    #[test]
    fn special_characters_cannot_forge_another_value() {
        let check = |value: &str, expect: &str| {
            let name = DistinguishedName { attributes: vec![attribute("2.5.4.3", value, false)] };
            assert_eq!(name.text(NameStyle::OpenSsl), format!("CN={expect}"));
        };
        check("a,O=b", "a\\,O=b");
        check(" # ", "\\ #\\ ");
        check("#a", "\\#a");
        check("a\"+\\<>;b", "a\\\"\\+\\\\\\<\\>\\;b");
        check("a\r\nb", "a\\0D\\0Ab");
        check("Zoë", "Zoë");
        check(" ", "\\ ");
    }

    #[test]
    fn most_special_value_comes_first() {
        let attributes = vec![
            attribute("2.5.4.6", "US", false),
            attribute("2.5.4.10", "Acme", false),
            attribute("2.5.4.3", "Zoe", false),
            attribute("0.9.2342.19200300.100.1.1", "zoe", true),
            attribute("1.2.840.113549.1.9.1", "z@a.test", false),
        ];
        let name = DistinguishedName { attributes };
        assert_eq!(name.text(NameStyle::OpenSsl), "emailAddress=z@a.test,UID=zoe+CN=Zoe,O=Acme,C=US");
        let rest = "UID=zoe+CN=Zoe,O=Acme,C=US";
        assert_eq!(name.text(NameStyle::Rfc4514), format!("1.2.840.113549.1.9.1=#0C087A40612E74657374,{rest}"));
        assert_eq!(name.values("2.5.4.3").collect::<Vec<_>>(), ["Zoe"]);
        assert_eq!(DistinguishedName::default().text(NameStyle::OpenSsl), "");
    }
}
