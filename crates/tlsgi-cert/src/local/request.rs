//! Certificate requests that the local CA signs: names and purposes as asked for, never the right to issue.

use std::path::Path;

use rcgen::{
    CertificateSigningRequestParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, SanType,
};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};
use time::OffsetDateTime;

use super::order::{Entry, after_months};
use super::{LocalCa, Signer, serial};
use crate::error::Error;
use crate::facts::printable;
use crate::name::Name;
use crate::{pem, source};

/// A certificate for somebody else's key.
#[derive(Debug)]
pub struct Signed {
    /// The leaf, DER.
    pub certificate: CertificateDer<'static>,
    /// What it is for, hosts first, then mail addresses, addresses, URIs.
    pub names: Vec<String>,
    /// End of its validity.
    pub not_after: OffsetDateTime,
}

impl Signed {
    /// The certificate as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.certificate).to_string()
    }
}

impl LocalCa {
    /// Signs the request in a file as mkcert does: its subject, its names or else its common name, its usages or else those of a
    /// server, for 27 months. The asker gets no right to issue.
    ///
    /// # Errors
    /// The file holds no request that can be signed, or a name that the root may not vouch for.
    pub fn sign_request(&self, path: &Path, now: OffsetDateTime) -> Result<Signed, Error> {
        let refused = |what: String| {
            let hint =
                "a request is what `openssl req -new` writes; it may ask for names, key usage and extended key usage";
            Error::Unsupported { path: path.to_owned(), what, hint: hint.to_owned() }
        };
        let input = source::read(path)?;
        let sections = pem::sections(&input.bytes).map_err(|fault| refused(fault.reason))?;
        let is_request = |section: &&pem::Section| section.label.ends_with("CERTIFICATE REQUEST");
        let section = sections.iter().find(is_request).ok_or_else(|| refused("no certificate request".to_owned()))?;
        let der = CertificateSigningRequestDer::from(section.der.to_vec());
        let mut request = CertificateSigningRequestParams::from_der(&der)
            .map_err(|error| refused(format!("a request that cannot be signed ({error})")))?;
        let params = &mut request.params;
        if params.subject_alt_names.is_empty() {
            let common = match params.distinguished_name.get(&DnType::CommonName) {
                Some(DnValue::Utf8String(text)) => Some(text.clone()),
                Some(DnValue::PrintableString(text)) => Some(text.to_string()),
                _ => None,
            };
            let common = common.ok_or_else(|| refused("a request for no name".to_owned()))?;
            params
                .subject_alt_names
                .push(Entry::parse(&printable(&common))?.alternative().map_err(|error| refused(error.to_string()))?);
        }
        let names = self.permitted_names(&params.subject_alt_names)?;
        if params.key_usages.is_empty() {
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        }
        params.key_usages.retain(|usage| !matches!(usage, KeyUsagePurpose::KeyCertSign | KeyUsagePurpose::CrlSign));
        if params.extended_key_usages.is_empty() {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }
        params.is_ca = IsCa::NoCa;
        params.name_constraints = None;
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial()?);
        params.not_before = now;
        params.not_after = after_months(now, 27).min(self.root.not_after);
        let not_after = params.not_after;
        let failed = |source: rcgen::Error| Error::Make { what: "certificate", source: Box::new(source) };
        let issuer = Issuer::from_ca_cert_der(&self.root.certificate, Signer(&self.root.key)).map_err(failed)?;
        let certificate = request.signed_by(&issuer).map_err(failed)?.der().clone();
        Ok(Signed { certificate, names, not_after })
    }

    /// The names as text, sorted by kind; an error where one is beyond the root's bounds.
    fn permitted_names(&self, names: &[SanType]) -> Result<Vec<String>, Error> {
        let mut sorted: Vec<(u8, String)> = Vec::new();
        let mut outside = Vec::new();
        for name in names {
            let (rank, text, host) = match name {
                SanType::DnsName(text) => (0, text.to_string(), Some(Name::Dns(text.to_string().to_ascii_lowercase()))),
                SanType::Rfc822Name(text) => (1, text.to_string(), None),
                SanType::IpAddress(address) => (2, address.to_string(), Some(Name::Address(*address))),
                SanType::URI(text) => (3, text.to_string(), None),
                _ => continue,
            };
            if host.is_some_and(|host| !self.permits(&host)) {
                outside.push(text.clone());
            }
            sorted.push((rank, printable(&text)));
        }
        if !outside.is_empty() {
            return Err(Error::OutsideConstraints { names: outside, permitted: self.permitted() });
        }
        sorted.sort_by_key(|(rank, _)| *rank);
        Ok(sorted.into_iter().map(|(_, text)| text).collect())
    }
}
