//! OpenSSL's own encrypted PEM: `Proc-Type: 4,ENCRYPTED` and `DEK-Info: CIPHER,IV` before the text of a PKCS#1 or SEC1 key.

use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::{Fault, derive};
use crate::der::next;
use crate::passphrase::Passphrase;
use crate::tlv;

/// What stands in the `DEK-Info` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dek {
    cipher: String,
    vector: Vec<u8>,
}

impl Dek {
    /// Reads `AES-256-CBC,0123…`; none when it is not of that form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (cipher, digits) = text.split_once(',')?;
        let digits = digits.trim().as_bytes();
        if digits.len() > 64 || !digits.len().is_multiple_of(2) || digits.is_empty() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let pairs = digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
        Some(Self { cipher: cipher.trim().to_ascii_uppercase(), vector: pairs.collect::<Option<_>>()? })
    }

    /// Decrypts a key.
    pub(crate) fn open(&self, text: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let cipher = match self.cipher.as_str() {
            "AES-128-CBC" => Cipher::Aes128,
            "AES-192-CBC" => Cipher::Aes192,
            "AES-256-CBC" => Cipher::Aes256,
            "DES-EDE3-CBC" => Cipher::TripleDes,
            "DES-CBC" => Cipher::Des,
            other => return Err(Fault::Unsupported(other.to_owned())),
        };
        // The first half of the vector is the salt, for AES as for DES.
        let salt = self.vector.get(..8).ok_or(Fault::Damaged)?;
        let key = derive::openssl(passphrase.reveal().as_bytes(), salt, cipher.key_length());
        let clear = cipher.decrypt(&key, &self.vector, text).ok_or(Fault::Wrong)?;
        let is_whole = next(&clear).is_some_and(|((tag, _), rest)| tag == tlv::SEQUENCE && rest.is_empty());
        if is_whole { Ok(clear) } else { Err(Fault::Wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_cipher_and_vector() {
        let dek = Dek::parse("des-ede3-cbc, 00FFa0").expect("parses");
        assert_eq!((dek.cipher.as_str(), &dek.vector[..]), ("DES-EDE3-CBC", &[0, 255, 0xa0][..]));
        for text in
            ["AES-128-CBC", "AES-128-CBC,", "AES-128-CBC,0", "AES-128-CBC,zz", &format!("A,{}", "00".repeat(33))]
        {
            assert_eq!(Dek::parse(text), None, "{text}");
        }
    }
}
