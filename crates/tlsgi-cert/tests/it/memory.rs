//! A loaded key leaves no copy of its file behind in memory.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use time::OffsetDateTime;
use tlsgi_cert::{Input, Material, Passphrase, Source, load};
use zeroize::Zeroizing;

use crate::harness::{Bench, run};

const CHILD: &str = "TLSGI_CERT_TEST_MEMORY";

/// Pieces of the key as PEM and as DER, with every bit turned over: searching for them must not create what is searched.
fn needles(bench: &Bench) -> Vec<Vec<u8>> {
    let pem = bench.read("a.key");
    let lines: Vec<_> = pem.lines().collect();
    bench.openssl("pkey -in a.key -outform DER -out a.key.der");
    let der = fs::read(bench.path("a.key.der")).unwrap();
    // The second half of an RSA key: its primes.
    let secret = &der[der.len() / 2..][..32];
    let line = &lines[lines.len() * 3 / 4].as_bytes()[..40];
    [line, secret].map(|bytes| bytes.iter().map(|byte| !byte).collect()).to_vec()
}

/// How often a needle stands in the writable memory of this process.
fn occurrences(needle: &[u8]) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v")) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        while start < end {
            let Ok(length @ 1..) = memory.read_at(&mut buffer, start) else { break };
            let is_here = |window: &&[u8]| window.iter().zip(needle).all(|(byte, turned)| *byte == !turned);
            found += buffer[..length].windows(needle.len()).filter(is_here).count();
            buffer.fill(0);
            start += (length.saturating_sub(needle.len())).max(1) as u64;
            if length < buffer.len() {
                break;
            }
        }
    }
    found
}

fn input(path: &Path) -> Input {
    Input { path: path.to_owned(), bytes: Zeroizing::new(fs::read(path).unwrap()), mode: None }
}

fn child(directory: &Path) {
    let needles = [fs::read(directory.join("pem.turned")).unwrap(), fs::read(directory.join("der.turned")).unwrap()];
    let material = Material {
        certificate: input(&directory.join("a.pem")),
        key: Some(input(&directory.join("a.key"))),
        chain: None,
        passphrase: None,
    };
    let loaded = load(&material, &[], OffsetDateTime::now_utc()).unwrap();
    assert!(occurrences(&needles[0]) > 0, "the search does not find what is there");
    drop(material);
    for needle in &needles {
        assert_eq!(occurrences(needle), 0, "a copy is left");
    }
    assert!(loaded.key.sign(0x0804, b"message").is_ok());
    for needle in &needles {
        assert_eq!(occurrences(needle), 0, "signing leaves a copy");
    }
}

/// As [`child`], for a key behind a passphrase: neither that nor the clear key is left.
fn child_with_passphrase(directory: &Path) {
    let clear = fs::read(directory.join("der.turned")).unwrap();
    let words = fs::read(directory.join("words.turned")).unwrap();
    for file in ["sealed.key", "old.key", "scrypt.key"] {
        let text: Zeroizing<Vec<u8>> = Zeroizing::new(words.iter().map(|byte| !byte).collect());
        let passphrase = Passphrase::new(&text).unwrap();
        drop(text);
        let source = Source::new(directory.join("a.pem"), Some(directory.join(file)), None);
        let source = source.with_passphrase(Some(passphrase));
        let loaded = source.load(&[], OffsetDateTime::now_utc()).unwrap();
        assert!(occurrences(&words) > 0, "the search does not find what is there");
        drop(source);
        assert_eq!((occurrences(&clear), occurrences(&words)), (0, 0), "{file}: a copy is left");
        assert!(loaded.key.sign(0x0804, b"message").is_ok());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_copy_of_a_passphrase_or_of_what_it_opened_stays_in_memory() {
    if let Some(directory) = std::env::var_os(CHILD) {
        return child_with_passphrase(&PathBuf::from(directory));
    }
    let bench = Bench::new();
    bench.openssl("genrsa -out a.key 2048");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=x -days 9");
    let words = "twentyfour-secret-letters";
    bench.openssl(&format!("pkey -in a.key -aes256 -passout pass:{words} -out sealed.key"));
    bench.openssl(&format!("rsa -in a.key -des3 -traditional -passout pass:{words} -out old.key"));
    bench.openssl(&format!("pkcs8 -topk8 -in a.key -scrypt -passout pass:{words} -out scrypt.key"));
    bench.write("der.turned", &needles(&bench)[1]);
    bench.write("words.turned", words.bytes().map(|byte| !byte).collect::<Vec<_>>());
    run(Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::no_copy_of_a_passphrase_or_of_what_it_opened_stays_in_memory", "--test-threads=1"])
        .env(CHILD, bench.directory()));
}

#[test]
#[cfg(target_os = "linux")]
fn no_copy_of_a_key_file_stays_in_memory() {
    if let Some(directory) = std::env::var_os(CHILD) {
        return child(&PathBuf::from(directory));
    }
    let bench = Bench::new();
    bench.openssl("genrsa -out a.key 2048");
    bench.openssl("req -x509 -key a.key -out a.pem -subj /CN=x -days 9");
    let needles = needles(&bench);
    bench.write("pem.turned", &needles[0]);
    bench.write("der.turned", &needles[1]);
    run(Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::no_copy_of_a_key_file_stays_in_memory", "--test-threads=1"])
        .env(CHILD, bench.directory()));
}
