//! Certificate revocation lists (RFC 5280, 5).

use x509_cert::{
    crl::CertificateList,
    der::{Decode as _, Encode as _, oid::AssociatedOid as _},
    ext::pkix::AuthorityKeyIdentifier,
};

use super::{Certificate, SignError, certificate::seconds, der, pem};

/// No list is larger: 8 MiB.
const LARGEST: usize = 8 << 20;

/// A list that could be read; whether its issuer signed it is asked for each use.
#[derive(Debug, Clone)]
pub struct Crl {
    der: Vec<u8>,
    issuer: Vec<u8>,
    parsed: CertificateList,
}

impl Crl {
    /// Reads one in PEM or DER.
    ///
    /// # Errors
    /// [`SignError::Crl`].
    pub fn read(bytes: &[u8]) -> Result<Self, SignError> {
        if bytes.len() > LARGEST {
            return Err(SignError::Crl("it is larger than 8 MiB".to_owned()));
        }
        let der = if bytes.starts_with(b"\x30") {
            bytes.to_vec()
        } else {
            let blocks = pem::blocks(bytes)?;
            let found = blocks.into_iter().find(|block| block.label == "X509 CRL");
            found.ok_or_else(|| SignError::Crl("there is none in the file".to_owned()))?.bytes
        };
        let refused = |error: x509_cert::der::Error| SignError::Crl(error.to_string());
        let parsed = CertificateList::from_der(&der).map_err(refused)?;
        Ok(Self { issuer: parsed.tbs_cert_list.issuer.to_der().map_err(refused)?, der, parsed })
    }

    /// Its bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key identifier of its issuer: its name in a repository.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<Vec<u8>> {
        let extensions = self.parsed.tbs_cert_list.crl_extensions.as_ref()?;
        let found = extensions.iter().find(|extension| extension.extn_id == AuthorityKeyIdentifier::OID)?;
        let id = AuthorityKeyIdentifier::from_der(found.extn_value.as_bytes()).ok()?.key_identifier?;
        Some(id.as_bytes().to_vec())
    }

    /// When it was made, seconds since 1970 UTC.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        seconds(self.parsed.tbs_cert_list.this_update)
    }

    /// When the next one should be there, seconds since 1970 UTC.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.parsed.tbs_cert_list.next_update.map(seconds)
    }

    /// Whether it is the list that speaks of this certificate.
    pub(super) fn is_of(&self, certificate: &Certificate) -> bool {
        match (self.authority_key_id(), certificate.authority_key_id()) {
            (Some(own), Some(other)) => own == other,
            _ => self.issuer == certificate.issuer_der(),
        }
    }

    /// Whether `issuer` signed it.
    pub(super) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let tbs = der::split(&self.der).and_then(|(content, _)| der::first(content));
        let Some((tbs, signed)) = tbs.zip(self.parsed.signature.as_bytes()) else { return false };
        issuer.subject_der() == self.issuer
            && issuer.verify_with(self.parsed.signature_algorithm.oid, tbs, signed).is_ok()
    }

    pub(super) fn revokes(&self, certificate: &Certificate) -> bool {
        let revoked = self.parsed.tbs_cert_list.revoked_certificates.iter().flatten();
        revoked.into_iter().any(|entry| entry.serial_number.as_bytes() == certificate.serial())
    }
}
