//! Chains that clients send: every changed certificate is refused, and none of them panics.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rustls_pki_types::CertificateDer;
use tlsgi_cert::Input;
use tlsgi_cert::client::{Authorities, Identity, NameStyle, Policy, RevocationLists, verify};

const LEAF: &[u8] = include_bytes!("../seeds/leaf.der");
const MIDDLE: &[u8] = include_bytes!("../seeds/middle.der");
const ROOT: &[u8] = include_bytes!("../seeds/root.der");
/// 2030-01-01, within the lives of all of them.
const NOW: i64 = 1_893_456_000;
const POLICY: Policy = Policy { depth: 4, accepts_expired_lists: false };

static TRUSTED: LazyLock<Authorities> = LazyLock::new(|| authorities(ROOT).expect("the root is one"));

fn authorities(bytes: &[u8]) -> Result<Authorities, tlsgi_cert::Error> {
    Authorities::from_input(&Input { path: "ca.pem".into(), bytes: bytes.to_vec().into(), mode: None })
}

fn look(der: &[u8]) {
    if let Some(identity) = Identity::read(der) {
        for style in [NameStyle::OpenSsl, NameStyle::Rfc4514] {
            _ = identity.subject.text(style) + &identity.issuer.text(style);
        }
        assert!(identity.serial_text().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}

fuzz_target!(|input: (Vec<(u8, u16, u8)>, Vec<Vec<u8>>)| {
    // Places in the leaf or in its issuer that are changed, and certificates of any bytes that come along.
    let (edits, further) = input;
    let (mut leaf, mut middle) = (LEAF.to_vec(), MIDDLE.to_vec());
    for (which, at, bits) in edits {
        let bytes = if which % 2 == 0 { &mut leaf } else { &mut middle };
        let at = usize::from(at) % bytes.len();
        bytes[at] ^= bits;
    }
    let is_whole = leaf == LEAF && middle == MIDDLE;
    look(&leaf);
    let mut chain = vec![CertificateDer::from(leaf.as_slice()), CertificateDer::from(middle.as_slice())];
    let lists = RevocationLists::default();
    let verdict = verify(&chain, &TRUSTED, &lists, POLICY, NOW);
    assert_eq!(verdict.is_ok(), is_whole, "{verdict:?}");
    chain.extend(further.iter().map(|der| CertificateDer::from(der.as_slice())));
    _ = verify(&chain, &TRUSTED, &lists, POLICY, NOW);
    for der in &further {
        look(der);
        _ = verify(&[CertificateDer::from(der.as_slice())], &TRUSTED, &lists, POLICY, NOW);
        _ = RevocationLists::default().add(Path::new("list.pem"), der);
        if let Ok(others) = authorities(der) {
            _ = verify(&chain, &others, &lists, POLICY, NOW);
        }
    }
});
