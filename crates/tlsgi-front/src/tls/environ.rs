//! What an application is told of a TLS session: WSGI by the variables of Apache's mod_ssl, ASGI by the facts of its `tls` extension.

use std::borrow::Cow;

use time::OffsetDateTime;
use time::macros::format_description;
use tlsgi_cert::client::{DistinguishedName, Identity, NameStyle};
use tlsgi_config::config::TlsVariables;
use tlsgi_wire::MAX_FIELD;

use super::client_auth::{Holder, Standing};
use super::pem;
use crate::connection::TlsSession;

/// A variable.
pub(crate) type Variable = (Cow<'static, str>, String);

/// What ASGI is told of the client.
#[derive(Debug, Default)]
pub(crate) struct ClientFacts {
    /// Its chain as PEM.
    pub(crate) chain: String,
    /// Its name by RFC 4514.
    pub(crate) name: String,
    /// Why its certificate does not hold.
    pub(crate) error: String,
}

/// What ASGI is told of a client with this standing. As its `tls` extension has it, the chain is there with the error, too.
pub(crate) fn client(session: &TlsSession, standing: Standing) -> ClientFacts {
    let Some(holder) = &session.client else { return ClientFacts::default() };
    let error = match standing {
        Standing::Unasked | Standing::Anonymous => return ClientFacts::default(),
        Standing::Verified => String::new(),
        Standing::Rejected(rejection) => rejection.to_string(),
    };
    let name = holder.identity().map(|identity| identity.subject.text(NameStyle::Rfc4514)).unwrap_or_default();
    ClientFacts {
        chain: holder.chain().iter().map(|certificate| pem(certificate)).collect(),
        // Escapes make names longer than certificates can be.
        name: if name.len() <= MAX_FIELD { name } else { String::new() },
        error,
    }
}

/// Names and values besides `HTTPS`; what is empty or fits no field is left out.
pub(crate) fn variables(session: &TlsSession, standing: Standing, wanted: TlsVariables) -> Vec<Variable> {
    let mut variables = Variables::default();
    variables.session(session);
    variables.add(
        "SSL_CLIENT_VERIFY",
        match standing {
            Standing::Unasked | Standing::Anonymous => "NONE".to_owned(),
            Standing::Verified => "SUCCESS".to_owned(),
            Standing::Rejected(rejection) => format!("FAILED:{}", rejection.openssl()),
        },
    );
    // Only who was verified has a name: applications were written for servers that never pass on another one.
    let holder = session.client.as_deref().filter(|_| standing == Standing::Verified);
    if wanted.has_standard {
        variables.standard(session, holder);
    }
    if wanted.has_certificates {
        variables.certificates(session, holder);
    }
    variables.0.retain(|(_, value)| !value.is_empty() && value.len() <= MAX_FIELD);
    variables.0
}

#[derive(Default)]
struct Variables(Vec<Variable>);

impl Variables {
    fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    fn session(&mut self, session: &TlsSession) {
        let version = session.version_name();
        self.add("SSL_PROTOCOL", if version == "-" { "" } else { version });
        self.add("SSL_CIPHER", cipher_name(session.cipher_suite));
        self.add("SSL_TLS_SNI", session.server_name.as_str());
        self.add("SSL_SESSION_RESUMED", if session.is_resumed { "Resumed" } else { "Initial" });
    }

    fn standard(&mut self, session: &TlsSession, holder: Option<&Holder>) {
        let bits = cipher_bits(session.cipher_suite);
        self.add("SSL_CIPHER_EXPORT", if bits.is_empty() { "" } else { "false" });
        self.add("SSL_CIPHER_USEKEYSIZE", bits);
        self.add("SSL_CIPHER_ALGKEYSIZE", bits);
        self.add("SSL_SECURE_RENEG", "true");
        self.add("SSL_COMPRESS_METHOD", "NULL");
        self.add("SSL_VERSION_INTERFACE", concat!("tlsgi/", env!("CARGO_PKG_VERSION")));
        self.add("SSL_VERSION_LIBRARY", "rustls/0.23");
        if let Some(server) = &session.identity {
            self.certificate("SSL_SERVER", server);
            self.numbered("SSL_SERVER_SAN_OTHER_dnsSRV", &server.services);
        }
        let Some(client) = holder.and_then(Holder::identity) else { return };
        self.certificate("SSL_CLIENT", client);
        self.add("SSL_CLIENT_V_REMAIN", days_left(client.not_after, OffsetDateTime::now_utc()).to_string());
        self.numbered("SSL_CLIENT_SAN_OTHER_msUPN", &client.principals);
        self.numbered("SSL_CLIENT_SAN_URI", &client.uris);
        let addresses: Vec<String> = client.addresses.iter().map(ToString::to_string).collect();
        self.numbered("SSL_CLIENT_SAN_IP", &addresses);
        self.add("SSL_CLIENT_CERT_RFC4523_CEA", exact_assertion(client));
    }

    fn certificate(&mut self, prefix: &str, identity: &Identity) {
        self.add(format!("{prefix}_M_VERSION"), identity.version.to_string());
        self.add(format!("{prefix}_M_SERIAL"), identity.serial_text());
        self.add(format!("{prefix}_V_START"), asn1_time(identity.not_before));
        self.add(format!("{prefix}_V_END"), asn1_time(identity.not_after));
        for (part, name) in [("S_DN", &identity.subject), ("I_DN", &identity.issuer)] {
            self.add(format!("{prefix}_{part}"), name.text(NameStyle::OpenSsl));
            self.components(&format!("{prefix}_{part}"), name);
        }
        self.add(format!("{prefix}_A_KEY"), identity.key_algorithm.as_str());
        self.add(format!("{prefix}_A_SIG"), identity.signature_algorithm.as_str());
        self.numbered(&format!("{prefix}_SAN_Email"), &identity.emails);
        self.numbered(&format!("{prefix}_SAN_DNS"), &identity.dns);
    }

    /// The first value of a type has no number, the second `_1`.
    fn components(&mut self, prefix: &str, name: &DistinguishedName) {
        for (suffix, id) in COMPONENTS {
            for (at, value) in name.values(id).enumerate() {
                let number = if at == 0 { String::new() } else { format!("_{at}") };
                self.add(format!("{prefix}_{suffix}{number}"), value);
            }
        }
    }

    fn numbered(&mut self, prefix: &str, values: &[String]) {
        for (at, value) in values.iter().enumerate() {
            self.add(format!("{prefix}_{at}"), value.as_str());
        }
    }

    fn certificates(&mut self, session: &TlsSession, holder: Option<&Holder>) {
        self.add("SSL_SERVER_CERT", &*session.certificate);
        let Some((own, issuers)) = holder.and_then(|holder| holder.chain().split_first()) else { return };
        self.add("SSL_CLIENT_CERT", pem(own));
        for (at, issuer) in issuers.iter().enumerate() {
            self.add(format!("SSL_CLIENT_CERT_CHAIN_{at}"), pem(issuer));
        }
    }
}

/// The parts of a name that have variables of their own.
const COMPONENTS: [(&str, &str); 14] = [
    ("C", "2.5.4.6"),
    ("ST", "2.5.4.8"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("CN", "2.5.4.3"),
    ("T", "2.5.4.12"),
    ("I", "2.5.4.43"),
    ("G", "2.5.4.42"),
    ("S", "2.5.4.4"),
    ("D", "2.5.4.13"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("Email", "1.2.840.113549.1.9.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
];

/// `Nov 22 00:37:20 2026 GMT`, the day padded with a space.
fn asn1_time(time: OffsetDateTime) -> String {
    let format = format_description!("[month repr:short] [day padding:space] [hour]:[minute]:[second] [year] GMT");
    time.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// Whole days; none when it is over.
fn days_left(end: OffsetDateTime, now: OffsetDateTime) -> i64 {
    (end - now).whole_days().max(0)
}

/// `CertificateExactAssertion` of RFC 4523.
fn exact_assertion(identity: &Identity) -> String {
    let issuer = identity.issuer.text(NameStyle::OpenSsl).replace('"', "\"\"");
    format!("{{ serialNumber {}, issuer rdnSequence:\"{issuer}\" }}", decimal(&identity.serial))
}

/// A number of any size in decimal.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0u8];
    for byte in bytes.iter().take(64) {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// OpenSSL's name of a suite that this server can negotiate.
const fn cipher_name(suite: u16) -> &'static str {
    match suite {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xc02b => "ECDHE-ECDSA-AES128-GCM-SHA256",
        0xc02c => "ECDHE-ECDSA-AES256-GCM-SHA384",
        0xc02f => "ECDHE-RSA-AES128-GCM-SHA256",
        0xc030 => "ECDHE-RSA-AES256-GCM-SHA384",
        0xcca8 => "ECDHE-RSA-CHACHA20-POLY1305",
        0xcca9 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        _ => "",
    }
}

const fn cipher_bits(suite: u16) -> &'static str {
    match suite {
        0x1301 | 0xc02b | 0xc02f => "128",
        0x1302 | 0x1303 | 0xc02c | 0xc030 | 0xcca8 | 0xcca9 => "256",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn only_what_is_known_is_told() {
        let session = TlsSession { version: 0x0304, cipher_suite: 0x1302, is_resumed: true, ..TlsSession::default() };
        let variables = variables(&session, Standing::Unasked, TlsVariables::default());
        let expected = [
            ("SSL_PROTOCOL", "TLSv1.3"),
            ("SSL_CIPHER", "TLS_AES_256_GCM_SHA384"),
            ("SSL_SESSION_RESUMED", "Resumed"),
            ("SSL_CLIENT_VERIFY", "NONE"),
        ];
        assert_eq!(variables.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn times_and_numbers_are_openssls() {
        assert_eq!(asn1_time(datetime!(2026-12-02 03:04:05 UTC)), "Dec  2 03:04:05 2026 GMT");
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&[0xff; 20]), "1461501637330902918203684832716283019655932542975");
        let now = datetime!(2026-01-01 0:00 UTC);
        assert_eq!(
            (days_left(now + time::Duration::hours(47), now), days_left(now - time::Duration::DAY, now)),
            (1, 0)
        );
    }
}
