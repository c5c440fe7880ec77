//! The private keys, and the threads that sign TLS handshakes with them for a front. A key never leaves this process.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::passphrase::Passphrases;
use time::OffsetDateTime;
use tlsgi_cert::{LocalCa, PrivateKey};
use tlsgi_front::control::signing::{ANSWER_HEAD, ISSUE, MAX_ANSWER, MAX_MESSAGE, REQUEST_HEAD};

/// Sets of keys kept beside the present one: a handshake may have begun with a certificate replaced meanwhile.
const KEPT_SETS: usize = 4;

const SIGNED: u8 = 0;
const REFUSED: u8 = 1;

/// A private key under the number that the front knows it by. It is signed with as long as somebody holds it.
#[derive(Debug)]
pub(super) struct NumberedKey {
    pub(super) number: u32,
    key: PrivateKey,
    /// The local CA, where that made its certificate.
    authority: Option<LocalCa>,
}

/// The keys by their numbers, which are never used again.
#[derive(Debug, Default)]
pub(super) struct KeyRing {
    /// What opens keys that are encrypted.
    pub(super) passphrases: Passphrases,
    keys: RwLock<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    by_number: BTreeMap<u32, Weak<NumberedKey>>,
    last: u32,
    presented: VecDeque<Vec<Arc<NumberedKey>>>,
}

impl KeyRing {
    /// Gives a key its number.
    pub(super) fn add(&self, key: PrivateKey) -> Arc<NumberedKey> {
        self.hold(key, None)
    }

    /// As [`Self::add`], for a key that further certificates may be issued for.
    pub(super) fn add_local(&self, key: PrivateKey, authority: LocalCa) -> Arc<NumberedKey> {
        self.hold(key, Some(authority))
    }

    fn hold(&self, key: PrivateKey, authority: Option<LocalCa>) -> Arc<NumberedKey> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.last += 1;
        let key = Arc::new(NumberedKey { number: keys.last, key, authority });
        keys.by_number.retain(|_, key| key.strong_count() > 0);
        keys.by_number.insert(key.number, Arc::downgrade(&key));
        key
    }

    /// These keys are presented from now on; those of long ago are let go.
    pub(super) fn present(&self, set: Vec<Arc<NumberedKey>>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.presented.push_front(set);
        keys.presented.truncate(KEPT_SETS);
    }

    fn find(&self, number: u32) -> Option<Arc<NumberedKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).by_number.get(&number)?.upgrade()
    }

    fn sign(&self, key: u32, scheme: u16, message: &[u8]) -> Result<Vec<u8>, String> {
        let held = self.find(key).ok_or_else(|| format!("no key has the number {key}"))?;
        if scheme == ISSUE {
            return issue(&held, message).ok_or_else(|| "no certificate is issued for this".to_owned());
        }
        held.key.sign_handshake(scheme, message).map_err(|error| error.to_string())
    }
}

/// A certificate for a name below `localhost` and this key. The front has no use for one with another key, and public names are refused.
fn issue(held: &NumberedKey, name: &[u8]) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?;
    let leaf = held.authority.as_ref()?.issue_below_localhost(name, &held.key, OffsetDateTime::now_utc());
    leaf.ok().map(|leaf| leaf.to_vec()).filter(|leaf| leaf.len() <= MAX_ANSWER)
}

/// Starts the thread that serves one front thread; it ends when the front closes its end.
///
/// # Errors
/// No thread can be started.
pub(super) fn serve(socket: UnixStream, keys: Arc<KeyRing>) -> io::Result<()> {
    let answer_all = move || match answer_all(socket, &keys) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {}
        Err(error) => tracing::warn!("signing for a front ended: {error}"),
    };
    std::thread::Builder::new().name("signing".to_owned()).stack_size(256 << 10).spawn(answer_all).map(drop)
}

/// Answers in the order of the requests; what came together is answered together.
fn answer_all(mut socket: UnixStream, keys: &KeyRing) -> io::Result<()> {
    let mut pending = Vec::new();
    let mut chunk = [0; 16 << 10];
    loop {
        let received = match socket.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        pending.extend_from_slice(chunk.get(..received).unwrap_or_default());
        let mut answers = Vec::new();
        let mut done = 0;
        while let Some(request) = request(pending.get(done..).unwrap_or_default())? {
            done += request.size;
            let result = keys.sign(request.key, request.scheme, request.message);
            append_answer(&mut answers, request.sequence, result);
        }
        pending.drain(..done);
        socket.write_all(&answers)?;
    }
}

struct Request<'a> {
    size: usize,
    sequence: u32,
    key: u32,
    scheme: u16,
    message: &'a [u8],
}

/// The first request in `bytes`, if it is whole.
fn request(bytes: &[u8]) -> io::Result<Option<Request<'_>>> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    if !(REQUEST_HEAD..=REQUEST_HEAD + MAX_MESSAGE).contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a signing request of {length} bytes")));
    }
    let Some(request) = rest.get(..length) else { return Ok(None) };
    let Some((&[a, b, c, d, e, f, g, h, i, j], message)) = request.split_first_chunk::<REQUEST_HEAD>() else {
        return Ok(None);
    };
    Ok(Some(Request {
        size: 4 + length,
        sequence: u32::from_le_bytes([a, b, c, d]),
        key: u32::from_le_bytes([e, f, g, h]),
        scheme: u16::from_le_bytes([i, j]),
        message,
    }))
}

fn append_answer(answers: &mut Vec<u8>, sequence: u32, result: Result<Vec<u8>, String>) {
    let (status, content) = match result {
        Ok(signature) => (SIGNED, signature),
        Err(text) => (REFUSED, text.into_bytes()),
    };
    let length = u32::try_from(ANSWER_HEAD + content.len()).unwrap_or(u32::MAX);
    answers.extend_from_slice(&length.to_le_bytes());
    answers.extend_from_slice(&sequence.to_le_bytes());
    answers.push(status);
    answers.extend_from_slice(&content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlsgi_cert::Name;

    const ECDSA_P256_SHA256: u16 = 0x0403;

    /// What a server signs in a TLS 1.3 handshake.
    fn handshake() -> Vec<u8> {
        [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[7; 32]].concat()
    }

    fn asked(sequence: u32, key: u32, scheme: u16, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(REQUEST_HEAD + message.len()).expect("short");
        let head = [length.to_le_bytes(), sequence.to_le_bytes(), key.to_le_bytes()].concat();
        [&head[..], &scheme.to_le_bytes(), message].concat()
    }

    /// Sequence, status and content of the next answer.
    fn answered(mut socket: &UnixStream) -> (u32, u8, Vec<u8>) {
        let mut length = [0; 4];
        socket.read_exact(&mut length).expect("length");
        let mut answer = vec![0; u32::from_le_bytes(length) as usize];
        socket.read_exact(&mut answer).expect("answer");
        let content = answer.split_off(ANSWER_HEAD);
        (u32::from_le_bytes([answer[0], answer[1], answer[2], answer[3]]), answer[4], content)
    }

    fn serving() -> (UnixStream, Arc<KeyRing>, u32) {
        let directory = tempfile::tempdir().expect("directory");
        let now = OffsetDateTime::now_utc();
        let authority = LocalCa::open_or_create(directory.path(), now).expect("root");
        let loaded = authority.issue(&[Name::parse("localhost").expect("name")], now).expect("leaf");
        let keys = Arc::new(KeyRing::default());
        let key = keys.add_local(loaded.key, authority);
        let number = key.number;
        keys.present(vec![key]);
        let (ours, theirs) = tlsgi_sys::channel::pair().expect("pair");
        serve(theirs, Arc::clone(&keys)).expect("thread");
        (ours, keys, number)
    }

    #[test]
    fn several_requests_in_one_write_are_answered_in_order() {
        let (socket, _, key) = serving();
        let requests: Vec<u8> =
            (1..=3).flat_map(|sequence| asked(sequence, key, ECDSA_P256_SHA256, &handshake())).collect();
        // The last byte later: an incomplete request waits for its rest.
        let (rest, first) = requests.split_last().expect("requests");
        (&socket).write_all(first).expect("written");
        assert_eq!(answered(&socket).0, 1);
        assert_eq!(answered(&socket).0, 2);
        (&socket).write_all(&[*rest]).expect("written");
        let (sequence, status, signature) = answered(&socket);
        assert_eq!((sequence, status), (3, SIGNED));
        assert!(signature.len() > 60, "{}", signature.len());
    }

    #[test]
    fn nothing_but_a_handshake_is_signed_and_only_with_a_known_key() {
        let (socket, _, key) = serving();
        for (sequence, key, scheme, message) in [
            (1, key, ECDSA_P256_SHA256, b"a certificate to be signed".to_vec()),
            (2, key + 1, ECDSA_P256_SHA256, handshake()),
            (3, key, 0x0804, handshake()),
        ] {
            (&socket).write_all(&asked(sequence, key, scheme, &message)).expect("written");
            let (answer, status, _) = answered(&socket);
            assert_eq!((answer, status), (sequence, REFUSED));
        }
    }

    #[test]
    fn certificates_are_issued_for_names_below_localhost_and_for_no_other() {
        let (socket, keys, key) = serving();
        let ask = |key: u32, name: &str| {
            (&socket).write_all(&asked(7, key, ISSUE, name.as_bytes())).expect("written");
            answered(&socket)
        };
        let (_, status, leaf) = ask(key, "app.localhost");
        assert_eq!(status, SIGNED);
        assert!(leaf.windows(13).any(|part| part == b"app.localhost"));
        for name in
            ["localhost", "example.org", "*.localhost", "app.test", "localhost.example.org", "", "\u{0}.localhost"]
        {
            assert_eq!(ask(key, name).1, REFUSED, "{name}");
        }
        let other = keys.add(PrivateKey::generate(tlsgi_cert::KeyKind::P256).expect("a key"));
        assert_eq!(ask(other.number, "app.localhost").1, REFUSED, "a key of a file");
    }

    #[test]
    fn request_over_the_limit_ends_the_connection() {
        let (socket, _, key) = serving();
        (&socket).write_all(&asked(1, key, ECDSA_P256_SHA256, &[0; MAX_MESSAGE + 1])).expect("written");
        assert_eq!((&socket).read(&mut [0]).unwrap_or(0), 0);
    }

    #[test]
    fn replaced_keys_stay_for_a_while_and_go() {
        let (socket, keys, first) = serving();
        for number in 0..u32::try_from(KEPT_SETS).expect("small") {
            (&socket).write_all(&asked(number, first, ECDSA_P256_SHA256, &handshake())).expect("written");
            assert_eq!(answered(&socket).1, SIGNED, "after {number} replacements");
            keys.present(Vec::new());
        }
        (&socket).write_all(&asked(9, first, ECDSA_P256_SHA256, &handshake())).expect("written");
        assert_eq!(answered(&socket).1, REFUSED);
    }
}
