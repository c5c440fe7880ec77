//! Name and password of a request.

use tlsgi_cert::password::LONGEST_PASSWORD;

use crate::http::field::trim;
use crate::http::head::RequestHead;

/// Longest name of a user.
const LONGEST_USER: usize = 255;

/// See the module.
pub(super) struct Credentials {
    user: String,
    password: Vec<u8>,
}

impl Credentials {
    /// Those of the only `Authorization` field; none where there is no such field, or it is no Basic one.
    pub(super) fn of(head: &RequestHead) -> Option<Self> {
        let mut fields = head.fields().filter(|(_, name, _)| *name == b"authorization").map(|(_, _, value)| value);
        let (Some(value), None) = (fields.next(), fields.next()) else { return None };
        let (scheme, token) = value.split_at_checked(6)?;
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return None;
        }
        Self::decode(trim(token))
    }

    fn decode(token: &[u8]) -> Option<Self> {
        if token.len() > (LONGEST_USER + LONGEST_PASSWORD + 2) * 4 / 3 + 4 {
            return None;
        }
        let text = base64(token)?;
        let colon = text.iter().position(|byte| *byte == b':')?;
        let user = String::from_utf8(text.get(..colon)?.to_vec()).ok()?;
        let is_fit = !user.is_empty() && user.len() <= LONGEST_USER && !user.chars().any(char::is_control);
        is_fit.then(|| Self { user, password: text.get(colon + 1..).unwrap_or_default().to_vec() })
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    pub(super) fn password(&self) -> &[u8] {
        &self.password
    }
}

/// Standard base64 with its padding (RFC 4648 4).
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let bare = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    // Some clients leave the padding out.
    if bare.len() % 4 == 1 || bare.len() != text.len() && !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(bare.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bare {
        bits = bits << 6 | u32::from(value(*byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, expect: Option<(&str, &str)>) {
        let read = Credentials::decode(token.as_bytes());
        let read = read.as_ref().map(|it| (it.user(), str::from_utf8(it.password()).expect("text")));
        assert_eq!(read, expect, "{token}");
    }

    #[test]
    fn name_and_password_are_parted_at_the_first_colon() {
        check("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some(("Aladdin", "open sesame")));
        check("QWxhZGRpbjpvcGVuIHNlc2FtZQ", Some(("Aladdin", "open sesame")));
        check("YTpiOmM=", Some(("a", "b:c")));
        check("YTo=", Some(("a", "")));
        check("dGVzdDoxMjPCow==", Some(("test", "123£")));
        for wrong in ["", "OmI=", "YQ==", "YTpi=", "Y", "Y!==", "====", "/zpi", "AAo6Yg==", "CjpiCg=="] {
            check(wrong, None);
        }
        check(&"QUFB".repeat(400), None);
    }
}
