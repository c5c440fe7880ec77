//! The names of fields in which proxies speak, in all spellings.

use smallvec::SmallVec;

/// Longest name that is compared; longer ones begin with one that is known, or are unknown.
const LONGEST: usize = 24;

/// Whether a proxy tells scheme, host, address or certificate of a client in this field, or an application could think so: other marks than
/// letters and digits are no difference. Names with `_` never get so far. Lower-case name.
pub(crate) fn is_proxy_field(name: &[u8]) -> bool {
    match name {
        [b'x', ..] | [b'f', b'o' | b'r', ..] | [b's', b's', ..] => {}
        _ => return false,
    }
    let letters = letters(name);
    letters.starts_with(b"xforwarded") || is_certificate(&letters) || is_other(&letters)
}

/// Whether it is about the certificate of a client. Lower-case name.
pub(crate) fn is_about_certificates(name: &[u8]) -> bool {
    is_certificate(&letters(name))
}

/// The first letters and digits of a name, which some applications tell it by.
pub(crate) fn letters(name: &[u8]) -> SmallVec<[u8; LONGEST]> {
    name.iter().copied().filter(u8::is_ascii_alphanumeric).take(LONGEST).collect()
}

fn is_certificate(letters: &[u8]) -> bool {
    [&b"xsslclient"[..], b"sslclient", b"xclientcert", b"xforwardedclientcert"]
        .iter()
        .any(|start| letters.starts_with(start))
}

fn is_other(letters: &[u8]) -> bool {
    matches!(
        letters,
        b"forwarded"
            | b"forwardedfor"
            | b"forwardedproto"
            | b"forwardedhost"
            | b"frontendhttps"
            | b"xrealip"
            | b"xclientip"
            | b"xclusterclientip"
            | b"xscheme"
            | b"xurlscheme"
            | b"xhttps"
            | b"xssl"
            | b"xhost"
            | b"xoriginalhost"
            | b"xoriginalforwardedfor"
            | b"xoriginalproto"
            | b"xscriptname"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_known() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-anything-that-is-not-known-yet",
            "x.forwarded.proto",
            "x-forwarded~proto",
            "xforwardedproto",
            "x--forwarded-host",
            "forwarded",
            "forwarded-for",
            "front-end-https",
            "x-real-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-scheme",
            "x-url-scheme",
            "x-https",
            "x-host",
            "x-script-name",
            "x-ssl-client-verify",
            "ssl-client-s-dn",
            "x-client-cert",
            "x-forwarded-client-cert",
        ] {
            assert!(is_proxy_field(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn other_names_are_let_through() {
        for name in [
            "x-request-id",
            "x-requested-with",
            "x-forward",
            "from",
            "forward",
            "x-hostname",
            "x-schemes",
            "sec-fetch-site",
            "ssl",
            "x",
        ] {
            assert!(!is_proxy_field(name.as_bytes()), "{name}");
        }
    }
}
