//! What a WSGI application is told of a TLS session: the variables that PEP 3333 asks servers to export, by their usual names.

use crate::connection::TlsSession;

/// Names and values besides `HTTPS`; what is not known is left out.
pub(crate) fn variables(session: &TlsSession) -> impl Iterator<Item = (&str, &str)> {
    let known = |(_, value): &(&str, &str)| !matches!(*value, "" | "-");
    [
        ("SSL_PROTOCOL", session.version_name()),
        ("SSL_CIPHER", cipher_name(session.cipher_suite)),
        ("SSL_TLS_SNI", session.server_name.as_str()),
        ("SSL_SESSION_RESUMED", if session.is_resumed { "Resumed" } else { "Initial" }),
        ("SSL_CLIENT_VERIFY", "NONE"),
    ]
    .into_iter()
    .filter(known)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_told() {
        let session = TlsSession { version: 0x0304, cipher_suite: 0x1302, is_resumed: true, ..TlsSession::default() };
        let expected = [
            ("SSL_PROTOCOL", "TLSv1.3"),
            ("SSL_CIPHER", "TLS_AES_256_GCM_SHA384"),
            ("SSL_SESSION_RESUMED", "Resumed"),
            ("SSL_CLIENT_VERIFY", "NONE"),
        ];
        assert_eq!(variables(&session).collect::<Vec<_>>(), expected);
    }
}
