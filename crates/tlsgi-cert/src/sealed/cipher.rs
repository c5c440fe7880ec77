//! The block ciphers of key files, all in CBC mode with PKCS#7 padding.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use des::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde3};
use zeroize::Zeroizing;

use crate::oid;

/// A cipher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    Des,
}

impl Cipher {
    /// The cipher of an identifier in PBES2.
    pub(super) fn of(identifier: &[u8]) -> Option<Self> {
        let known = [Self::Aes128, Self::Aes192, Self::Aes256, Self::TripleDes, Self::Des];
        known.into_iter().find(|cipher| cipher.identifier() == identifier)
    }

    pub(super) fn identifier(self) -> &'static [u8] {
        match self {
            Self::Aes128 => oid::AES_128_CBC,
            Self::Aes192 => oid::AES_192_CBC,
            Self::Aes256 => oid::AES_256_CBC,
            Self::TripleDes => oid::TRIPLE_DES_CBC,
            Self::Des => oid::DES_CBC,
        }
    }

    /// Bytes of the key.
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
            Self::Des => 8,
        }
    }

    /// Bytes of a block and of the initial vector.
    pub(super) fn block(self) -> usize {
        if self.is_aes() { 16 } else { 8 }
    }

    fn is_aes(self) -> bool {
        matches!(self, Self::Aes128 | Self::Aes192 | Self::Aes256)
    }

    fn aes(self, key: &[u8]) -> Option<UnboundCipherKey> {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            _ => &AES_256,
        };
        UnboundCipherKey::new(algorithm, key).ok()
    }

    /// Pads and encrypts; none when key or vector have the wrong length.
    pub(crate) fn encrypt(self, key: &[u8], vector: &[u8], clear: &[u8]) -> Option<Vec<u8>> {
        // Room for the padding from the start: growing would leave a copy of the clear text behind.
        let mut text = Zeroizing::new(Vec::with_capacity(clear.len() + self.block()));
        text.extend_from_slice(clear);
        if self.is_aes() {
            let vector = FixedLength::from(<&[u8; 16]>::try_from(vector).ok()?);
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(self.aes(key)?).ok()?;
            key.less_safe_encrypt(&mut *text, EncryptionContext::Iv128(vector)).ok()?;
            return Some(std::mem::take(&mut *text));
        }
        let padding = 8 - clear.len() % 8;
        text.extend(std::iter::repeat_n(padding as u8, padding));
        match self {
            Self::Des => chain(&Des::new_from_slice(key).ok()?, vector, &mut text)?,
            _ => chain(&TdesEde3::new_from_slice(key).ok()?, vector, &mut text)?,
        }
        Some(std::mem::take(&mut *text))
    }

    /// Decrypts and takes off the padding; none when anything does not fit, as after a wrong passphrase.
    pub(super) fn decrypt(self, key: &[u8], vector: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if sealed.is_empty() || !sealed.len().is_multiple_of(self.block()) {
            return None;
        }
        let mut text = Zeroizing::new(sealed.to_vec());
        if self.is_aes() {
            let vector = FixedLength::from(<&[u8; 16]>::try_from(vector).ok()?);
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(self.aes(key)?).ok()?;
            let length = key.decrypt(&mut text, DecryptionContext::Iv128(vector)).ok()?.len();
            text.truncate(length);
            return Some(text);
        }
        match self {
            Self::Des => unchain(&Des::new_from_slice(key).ok()?, vector, &mut text)?,
            _ => unchain(&TdesEde3::new_from_slice(key).ok()?, vector, &mut text)?,
        }
        let padding = usize::from(*text.last()?);
        let length = text.len().checked_sub(padding).filter(|_| (1..=8).contains(&padding))?;
        let is_padded = text[length..].iter().all(|&byte| usize::from(byte) == padding);
        text.truncate(length);
        is_padded.then_some(text)
    }
}

fn chain<C: BlockCipherEncrypt>(cipher: &C, vector: &[u8], text: &mut [u8]) -> Option<()> {
    let mut before: [u8; 8] = vector.try_into().ok()?;
    for eight in text.chunks_exact_mut(8) {
        eight.iter_mut().zip(before).for_each(|(byte, earlier)| *byte ^= earlier);
        cipher.encrypt_block(<&mut Block<C>>::try_from(&mut *eight).ok()?);
        before.copy_from_slice(eight);
    }
    Some(())
}

fn unchain<C: BlockCipherDecrypt>(cipher: &C, vector: &[u8], text: &mut [u8]) -> Option<()> {
    let mut before: [u8; 8] = vector.try_into().ok()?;
    for eight in text.chunks_exact_mut(8) {
        let sealed: [u8; 8] = (&*eight).try_into().ok()?;
        cipher.decrypt_block(<&mut Block<C>>::try_from(&mut *eight).ok()?);
        eight.iter_mut().zip(before).for_each(|(byte, earlier)| *byte ^= earlier);
        before = sealed;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encrypted_comes_back_for_every_length() {
        for cipher in [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256, Cipher::TripleDes, Cipher::Des] {
            let key: Vec<u8> = (1..=cipher.key_length() as u8).collect();
            let vector = vec![9; cipher.block()];
            for length in 0..40 {
                let clear = vec![length; usize::from(length)];
                let sealed = cipher.encrypt(&key, &vector, &clear).expect("encrypts");
                assert_eq!(sealed.len(), (clear.len() / cipher.block() + 1) * cipher.block());
                assert_eq!(cipher.decrypt(&key, &vector, &sealed).as_deref(), Some(&clear), "{cipher:?} {length}");
                assert_eq!(cipher.decrypt(&key, &vector, &sealed[1..]), None);
                assert_eq!(cipher.decrypt(&key, &vector[1..], &sealed), None);
                assert_eq!(cipher.encrypt(&key[1..], &vector, &clear), None);
            }
            assert_eq!(cipher.decrypt(&key, &vector, &[]), None);
        }
    }
}
