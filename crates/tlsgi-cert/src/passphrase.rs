//! Passphrases: wiped when dropped, never shown by accident.

use std::fmt;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits;

/// What protects a private key. `Debug` does not show it; memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

/// Letters and digits that are not taken for each other, a power of two of them.
const SYMBOLS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Passphrase {
    /// Takes what a person typed or a file holds: the first line, without its line end.
    ///
    /// # Errors
    /// [`Error::Passphrase`] when it is empty, longer than [`limits::PASSPHRASE_BYTES`] or not UTF-8.
    pub fn new(text: &[u8]) -> Result<Self, Error> {
        let refused = |reason| Err(Error::Passphrase { reason });
        let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
        match std::str::from_utf8(&text[..end]) {
            Ok("") => refused("it is empty"),
            Ok(line) if line.contains('\0') => refused("it has a NUL character"),
            Ok(line) if line.len() <= limits::PASSPHRASE_BYTES => Ok(Self(Zeroizing::new(line.to_owned()))),
            Ok(_) => refused("it is longer than 1024 bytes"),
            Err(_) => refused("it is not UTF-8"),
        }
    }

    /// The empty one, which some containers have.
    pub(crate) fn none() -> Self {
        Self(Zeroizing::default())
    }

    /// Makes one of 100 random bits, in groups that can be copied by hand: `k7vd2-…`.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; 20]);
        rand::fill(&mut *bytes).map_err(|source| Error::Make { what: "passphrase", source: Box::new(source) })?;
        let mut text = Zeroizing::new(String::with_capacity(24));
        for (position, byte) in bytes.iter().enumerate() {
            if position > 0 && position % 5 == 0 {
                text.push('-');
            }
            text.push(char::from(SYMBOLS[usize::from(byte % 32)]));
        }
        Ok(Self(text))
    }

    /// The text itself, to show it to the person it was made for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// As PKCS#12 derives keys from it: UTF-16, big end first, with a closing zero (RFC 7292, B.1).
    pub(crate) fn to_bmp(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * self.0.len() + 2));
        for unit in self.0.encode_utf16() {
            bytes.extend_from_slice(&unit.to_be_bytes());
        }
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<String, String> {
        let read = Passphrase::new(text);
        read.map(|passphrase| passphrase.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_s_first_line_is_the_passphrase() {
        assert_eq!(read(b"one two \r\nthree\n").as_deref(), Ok("one two "));
        assert_eq!(read("grüße".as_bytes()).as_deref(), Ok("grüße"));
        for (text, words) in
            [(&b"\n"[..], "empty"), (b"", "empty"), (b"a\xff", "UTF-8"), (b"a\0", "NUL"), (&[b'x'; 1025], "1024")]
        {
            assert!(read(text).is_err_and(|error| error.contains(words)), "{words}");
        }
    }

    #[test]
    fn a_random_one_is_new_each_time_and_not_shown_by_debug() {
        let one = Passphrase::random().expect("random");
        assert!(one.reveal().len() == 23 && one != Passphrase::random().expect("random"));
        assert!(one.reveal().split('-').all(|group| group.len() == 5), "{}", one.reveal());
        assert_eq!(format!("{one:?}"), "Passphrase(…)");
    }
}
