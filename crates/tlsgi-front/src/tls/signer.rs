//! A key that is somewhere else: handshake signatures are asked of the supervisor over this thread's own socket.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use crate::control::KeyAlgorithm;
use crate::control::signing::{ANSWER_HEAD, ISSUE, MAX_ANSWER, MAX_MESSAGE};

thread_local! {
    static SOCKET: RefCell<Option<(UnixStream, u32)>> = const { RefCell::new(None) };
}

/// Gives this thread its socket. Answers come within microseconds; the timeout is for a supervisor that hangs.
pub(crate) fn set_signing_socket(socket: UnixStream) -> std::io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(std::time::Duration::from_secs(5)))?;
    SOCKET.set(Some((socket, 0)));
    Ok(())
}

/// A private key of the supervisor's.
#[derive(Debug)]
pub(crate) struct RemoteKey {
    number: u32,
    algorithm: KeyAlgorithm,
}

impl RemoteKey {
    /// The supervisor's key with this number.
    pub(crate) const fn new(number: u32, algorithm: KeyAlgorithm) -> Self {
        Self { number, algorithm }
    }

    /// What it signs with, best first.
    pub(super) const fn schemes(&self) -> &'static [SignatureScheme] {
        match self.algorithm {
            KeyAlgorithm::Rsa => &[
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PSS_SHA384,
                SignatureScheme::RSA_PSS_SHA512,
                SignatureScheme::RSA_PKCS1_SHA256,
                SignatureScheme::RSA_PKCS1_SHA384,
                SignatureScheme::RSA_PKCS1_SHA512,
            ],
            KeyAlgorithm::EcdsaP256 => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            KeyAlgorithm::EcdsaP384 => &[SignatureScheme::ECDSA_NISTP384_SHA384],
            KeyAlgorithm::EcdsaP521 => &[SignatureScheme::ECDSA_NISTP521_SHA512],
            KeyAlgorithm::Ed25519 => &[SignatureScheme::ED25519],
        }
    }
}

impl SigningKey for RemoteKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.schemes().iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(RemoteSigner { number: self.number, scheme }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        None
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.algorithm {
            KeyAlgorithm::Rsa => SignatureAlgorithm::RSA,
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => SignatureAlgorithm::ECDSA,
            KeyAlgorithm::Ed25519 => SignatureAlgorithm::ED25519,
        }
    }
}

#[derive(Debug)]
struct RemoteSigner {
    number: u32,
    scheme: SignatureScheme,
}

impl Signer for RemoteSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        question(self.number, self.scheme.into(), message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// A certificate for this name below `localhost`, and the supervisor's key with this number.
pub(super) fn issue(key: u32, name: &str) -> Result<Vec<u8>, Error> {
    question(key, ISSUE, name.as_bytes())
}

fn question(key: u32, scheme: u16, message: &[u8]) -> Result<Vec<u8>, Error> {
    SOCKET.with_borrow_mut(|slot| {
        let (socket, sequence) = slot.as_mut().ok_or_else(|| failed("this thread has no signing socket"))?;
        *sequence = sequence.wrapping_add(1);
        ask(socket, *sequence, key, scheme, message)
    })
}

fn ask(socket: &mut UnixStream, sequence: u32, key: u32, scheme: u16, message: &[u8]) -> Result<Vec<u8>, Error> {
    if message.len() > MAX_MESSAGE {
        return Err(failed("the message to sign is too long"));
    }
    let length = crate::control::signing::REQUEST_HEAD + message.len();
    let mut request = Vec::with_capacity(length + 4);
    request.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    request.extend_from_slice(&sequence.to_le_bytes());
    request.extend_from_slice(&key.to_le_bytes());
    request.extend_from_slice(&scheme.to_le_bytes());
    request.extend_from_slice(message);
    socket.write_all(&request).map_err(|_| failed("the supervisor does not take the message to sign"))?;
    loop {
        let (answered, answer) = read_answer(socket)?;
        // An answer to an earlier question that timed out is left aside.
        if answered == sequence {
            return answer;
        }
    }
}

type Answer = Result<Vec<u8>, Error>;

fn read_answer(socket: &mut UnixStream) -> Result<(u32, Answer), Error> {
    let mut buffer = [0; ANSWER_HEAD + 4 + MAX_ANSWER];
    let mut filled = 0;
    loop {
        let length = match buffer.first_chunk::<4>() {
            Some(length) if filled >= 4 => u32::from_le_bytes(*length) as usize,
            _ => usize::MAX,
        };
        if length != usize::MAX && !(ANSWER_HEAD..=ANSWER_HEAD + MAX_ANSWER).contains(&length) {
            return Err(failed("the supervisor's answer is not valid"));
        }
        if filled == length.saturating_add(4) {
            let answer = buffer.get(4..filled).unwrap_or_default();
            let (sequence, rest) = answer.split_first_chunk::<4>().ok_or_else(|| failed("short answer"))?;
            let (status, signature) = rest.split_first().ok_or_else(|| failed("short answer"))?;
            let outcome = match status {
                0 => Ok(signature.to_vec()),
                _ => Err(Error::General(String::from_utf8_lossy(signature).into_owned())),
            };
            return Ok((u32::from_le_bytes(*sequence), outcome));
        }
        let end = if length == usize::MAX { buffer.len() } else { length + 4 };
        match socket.read(buffer.get_mut(filled..end).unwrap_or_default()) {
            Ok(0) => return Err(failed("the supervisor closed the signing socket")),
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(failed("the supervisor does not answer")),
        }
    }
}

fn failed(text: &str) -> Error {
    Error::General(text.to_owned())
}
