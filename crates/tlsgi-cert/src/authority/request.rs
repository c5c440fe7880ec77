//! Certificate requests (CSR) as openssl and others write them: what is asked for that a leaf may have is taken, the rest is kept
//! out and said.

use std::path::Path;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::error::X509Error;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::Purpose;
use super::identity::Identity;
use crate::der::{self, Shape};
use crate::error::Error;
use crate::facts::{distinguished, printable};
use crate::{limits, oid, pem};

/// A request whose signature shows that the asker has the key.
#[derive(Debug)]
pub struct Request {
    /// The names asked for.
    pub names: Vec<Identity>,
    /// The subject as text.
    pub subject: String,
    /// What it asks to be used for, if it says so and says one thing.
    pub purpose: Option<Purpose>,
    /// What was asked for and is kept out, each in a few words.
    pub left_out: Vec<String>,
    pub(super) subject_der: Vec<u8>,
    pub(super) public_key_info: Vec<u8>,
}

impl Request {
    /// Reads PEM or DER. `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Request`] when it is none, its signature is wrong, or its key is too weak.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let refused = |reason: String| Error::Request { path: path.to_owned(), reason };
        if bytes.len() > limits::FILE_BYTES {
            return Err(Error::TooLarge { path: path.to_owned(), limit: limits::FILE_BYTES });
        }
        let der = if bytes.first() == Some(&0x30) && der::shape(bytes) != Shape::Unknown {
            bytes.to_vec()
        } else {
            let sections = pem::sections(bytes).map_err(|fault| Error::Pem {
                path: path.to_owned(),
                line: fault.line,
                reason: fault.reason,
            })?;
            let is_request = |section: &pem::Section| section.label.ends_with("CERTIFICATE REQUEST");
            let found = sections.iter().map(|section| format!("`{}`", section.label)).collect::<Vec<_>>();
            let request = sections.into_iter().find(is_request);
            let found = if found.is_empty() { "nothing that is PEM".to_owned() } else { found.join(", ") };
            request.ok_or_else(|| refused(format!("it holds {found}")))?.der.to_vec()
        };
        let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| refused("it is damaged".into()))?;
        if !rest.is_empty() {
            return Err(refused("something follows the request".into()));
        }
        check_key(&request.certification_request_info.subject_pki).map_err(refused)?;
        match request.verify_signature() {
            Ok(()) => {}
            Err(X509Error::SignatureUnsupportedAlgorithm) => {
                let kind = oid::name(request.signature_algorithm.algorithm.as_bytes());
                return Err(refused(format!("it is signed with {kind}, which cannot be checked")));
            }
            Err(_) => return Err(refused("its signature is wrong: whoever sent it does not have its key".into())),
        }
        Ok(Self::of(&request))
    }

    fn of(request: &X509CertificationRequest<'_>) -> Self {
        let inside = &request.certification_request_info;
        let mut read = Self {
            names: Vec::new(),
            subject: distinguished(&inside.subject),
            purpose: None,
            left_out: Vec::new(),
            subject_der: inside.subject.as_raw().to_vec(),
            public_key_info: inside.subject_pki.raw.to_vec(),
        };
        for attribute in inside.iter_attributes() {
            match attribute.parsed_attribute() {
                ParsedCriAttribute::ExtensionRequest(request) => {
                    for extension in &request.extensions {
                        read.add(extension.parsed_extension(), &extension.oid.to_string());
                    }
                }
                ParsedCriAttribute::ChallengePassword(_) => read.left_out.push("the challenge password".to_owned()),
                _ => read.left_out.push(format!("the attribute {}", printable(&attribute.oid.to_string()))),
            }
        }
        if read.names.is_empty() {
            let common = inside.subject.iter_common_name().find_map(|name| name.as_str().ok());
            read.names.extend(common.and_then(|common| Identity::parse(&printable(common)).ok()));
        }
        let mails = inside.subject.iter_email().filter_map(|mail| mail.as_str().ok());
        let mails: Vec<_> = mails.filter_map(|mail| Identity::parse(mail).ok()).collect();
        read.names.extend(mails.into_iter().filter(|mail| matches!(mail, Identity::Email(_))));
        let mut seen = Vec::new();
        read.names.retain(|name| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        read
    }

    fn add(&mut self, extension: &ParsedExtension<'_>, kind: &str) {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match Identity::of(name) {
                        Ok(identity) => self.names.push(identity),
                        Err(what) => self.left_out.push(format!("the name {what}")),
                    }
                }
            }
            ParsedExtension::BasicConstraints(constraints) if constraints.ca => {
                self.left_out.push("to be an authority itself (CA:TRUE)".to_owned());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.purpose = match (usage.server_auth || usage.any, usage.client_auth || usage.any) {
                    (true, false) => Some(Purpose::Server),
                    (false, true) => Some(Purpose::Client),
                    _ => None,
                };
                if usage.code_signing || usage.time_stamping || usage.ocsp_signing || !usage.other.is_empty() {
                    self.left_out.push("uses other than TLS".to_owned());
                }
            }
            // What a leaf gets in any case, in the form that is right for it.
            ParsedExtension::BasicConstraints(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::SubjectKeyIdentifier(_)
            | ParsedExtension::AuthorityKeyIdentifier(_) => {}
            _ => self.left_out.push(format!("the extension {}", printable(kind))),
        }
    }

    /// Whether its key is RSA.
    pub(super) fn is_rsa(&self) -> bool {
        SubjectPublicKeyInfo::from_der(&self.public_key_info)
            .is_ok_and(|(_, info)| info.algorithm.algorithm.as_bytes() == oid::RSA)
    }
}

/// Keys that clients and servers accept.
pub(super) fn check_key(info: &SubjectPublicKeyInfo<'_>) -> Result<(), String> {
    use x509_parser::public_key::PublicKey;
    match (info.algorithm.algorithm.as_bytes(), info.parsed()) {
        (oid::RSA, Ok(PublicKey::RSA(key))) => match der::bits(key.modulus) {
            bits @ 0..2048 => Err(format!("its RSA key has {bits} bits: fewer than 2048 are refused")),
            bits @ 8193.. => Err(format!("its RSA key has {bits} bits: more than 8192 are refused")),
            _ => Ok(()),
        },
        (oid::EC, _) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            match curve.as_ref().map(|curve| curve.as_bytes()) {
                Some(oid::P256 | oid::P384 | oid::P521) => Ok(()),
                Some(other) => Err(format!("its key is on {}, which TLS clients do not accept", oid::name(other))),
                None => Err("its key is on a curve without a name".to_owned()),
            }
        }
        (oid::ED25519, _) => Ok(()),
        (oid::RSA, _) => Err("its RSA key is damaged".to_owned()),
        (other, _) => Err(format!("its key is of kind {}, which TLS does not use", oid::name(other))),
    }
}
