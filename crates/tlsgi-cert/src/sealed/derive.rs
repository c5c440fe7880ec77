//! Keys from passphrases, as the formats before PBES2 do it.

use aws_lc_rs::digest::{self, Algorithm, Context};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

/// What a PKCS#12 derivation is for (RFC 7292, B.3).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Key = 1,
    Vector = 2,
    Mac = 3,
}

/// RFC 7292, B.2. `passphrase` is in the form of [`crate::Passphrase::to_bmp`].
pub(crate) fn pkcs12(
    hash: &'static Algorithm,
    passphrase: &[u8],
    salt: &[u8],
    iterations: u32,
    purpose: Purpose,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block_len = hash.block_len();
    let fill = |bytes: &[u8], to: &mut Vec<u8>| {
        to.extend(bytes.iter().cycle().take(bytes.len().div_ceil(block_len) * block_len));
    };
    let mut input = Zeroizing::new(Vec::with_capacity(salt.len() + passphrase.len() + 2 * block_len));
    fill(salt, &mut input);
    fill(passphrase, &mut input);
    let mut output = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while output.len() < length {
        let mut context = Context::new(hash);
        context.update(&vec![purpose as u8; block_len]);
        context.update(&input);
        let mut value = context.finish();
        for _ in 1..iterations {
            value = digest::digest(hash, value.as_ref());
        }
        output.extend_from_slice(value.as_ref());
        input.chunks_exact_mut(block_len).for_each(|block| add(block, value.as_ref()));
    }
    output.truncate(length);
    output
}

/// `block += value + 1`, the value repeated to the block's length, as numbers with the big end first.
fn add(block: &mut [u8], value: &[u8]) {
    let mut carry = 1;
    for (position, byte) in block.iter_mut().enumerate().rev() {
        carry += u16::from(*byte) + u16::from(value[position % value.len()]);
        *byte = carry as u8;
        carry >>= 8;
    }
}

/// PBKDF1 (RFC 8018, 5.1) over a hash.
pub(super) fn pbkdf1(hash: OldHash, passphrase: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    let mut value = hash.of(&[passphrase, salt]);
    for _ in 1..iterations {
        value = hash.of(&[&value]);
    }
    value
}

/// What OpenSSL's own key files use: `EVP_BytesToKey` with MD5 and one iteration.
pub(super) fn openssl(passphrase: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut output = Zeroizing::new(Vec::with_capacity(length + 16));
    let mut value = Zeroizing::new(Vec::new());
    while output.len() < length {
        value = OldHash::Md5.of(&[&value, passphrase, salt]);
        output.extend_from_slice(&value);
    }
    output.truncate(length);
    output
}

/// The hashes of old key files.
#[derive(Debug, Clone, Copy)]
pub(super) enum OldHash {
    Md5,
    Sha1,
}

impl OldHash {
    fn of(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Md5 => {
                let mut hash = Md5::new();
                parts.iter().for_each(|part| hash.update(part));
                Zeroizing::new(hash.finalize().to_vec())
            }
            Self::Sha1 => {
                let mut hash = Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
                parts.iter().for_each(|part| hash.update(part));
                Zeroizing::new(hash.finish().as_ref().to_vec())
            }
        }
    }
}
