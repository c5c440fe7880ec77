//! Keys behind a passphrase, in every form: opened or refused in bounded time, and never a key that is not the certificate's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;
use tlsgi_cert::{Input, Loaded, Material, Passphrase, load};

const CERTIFICATE: &[u8] = include_bytes!("../seeds/leaf.der");
const SEALED: [&[u8]; 6] = [
    include_bytes!("../seeds/dek-aes256.key"),
    include_bytes!("../seeds/dek-des3.key"),
    include_bytes!("../seeds/pbe-des3.der"),
    include_bytes!("../seeds/pbes2-aes.der"),
    include_bytes!("../seeds/pbes2-des3.der"),
    include_bytes!("../seeds/scrypt.der"),
];

fn open(certificate: &[u8], key: &[u8], passphrase: &[u8]) -> Option<Loaded> {
    let input = |bytes: &[u8]| Input { path: "f".into(), bytes: bytes.to_vec().into(), mode: Some(0o600) };
    let passphrase = Passphrase::new(passphrase).ok();
    let material = Material { certificate: input(certificate), key: Some(input(key)), chain: None, passphrase };
    let loaded = load(&material, &[], OffsetDateTime::UNIX_EPOCH);
    if let Err(error) = &loaded {
        assert!(!format!("{error}{:?}", error.hint()).contains('\x1b'));
    }
    loaded.ok()
}

fuzz_target!(|input: (u8, Vec<(u16, u8)>, Vec<u8>)| {
    let (which, edits, passphrase) = input;
    let sealed = SEALED[usize::from(which) % SEALED.len()];
    let original = open(CERTIFICATE, sealed, b"secret").expect("the seed opens");
    let mut changed = sealed.to_vec();
    for (at, bits) in edits {
        let at = usize::from(at) % changed.len();
        changed[at] ^= bits;
    }
    for words in [&b"secret"[..], &passphrase] {
        if let Some(loaded) = open(CERTIFICATE, &changed, words) {
            assert_eq!(loaded.key.public_key_info(), original.key.public_key_info());
        }
    }
    _ = open(CERTIFICATE, &passphrase, b"secret");
});
