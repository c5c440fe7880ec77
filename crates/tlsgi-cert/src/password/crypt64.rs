//! Base64 as crypt(3), bcrypt and everybody else write it.

const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Whether all of it could have been written by crypt(3).
pub(super) fn is_crypt(text: &str) -> bool {
    text.bytes().all(|byte| CRYPT.contains(&byte))
}

/// Bytes as crypt(3) writes them, from the last group of three to the first: three become four characters, the lowest bits first.
pub(super) fn crypt(bytes: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    let mut text = Vec::new();
    for group in bytes.rchunks(3) {
        // A group that is not full stands at the front of the list, and is the last that is written.
        let mut bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for _ in 0..=group.len() {
            text.push(CRYPT[(bits & 63) as usize]);
            bits >>= 6;
        }
    }
    text
}

/// The bytes that bcrypt wrote, without padding.
pub(super) fn bcrypt(text: &str) -> Option<Vec<u8>> {
    unpadded(BCRYPT, text)
}

/// The bytes of standard base64.
pub(super) fn standard(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    (text.len().is_multiple_of(4) && text.len() - bare.len() <= 2).then(|| unpadded(STANDARD, bare)).flatten()
}

fn unpadded(alphabet: &[u8; 64], text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        let value = alphabet.iter().position(|known| *known == byte)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    (count < 6).then_some(bytes)
}
