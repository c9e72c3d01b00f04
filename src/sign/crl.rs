//! Certificate revocation lists (RFC 5280, 5).

use std::{collections::HashSet, fmt, sync::Arc};

use x509_cert::{
    crl::CertificateList,
    der::{Decode as _, Encode as _, asn1::ObjectIdentifier, oid::AssociatedOid as _},
    ext::{Extension, pkix::AuthorityKeyIdentifier},
};

use super::{Certificate, SignError, certificate::seconds, der, pem};

/// No list is larger: 8 MiB.
const LARGEST: usize = 8 << 20;

/// A list that could be read; whether its issuer signed it is asked for each use.
#[derive(Clone)]
pub struct Crl {
    der: Vec<u8>,
    issuer: Vec<u8>,
    authority_id: Option<Vec<u8>>,
    this_update: i64,
    next_update: Option<i64>,
    algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    /// The serial numbers on it.
    revoked: Arc<HashSet<Vec<u8>>>,
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({} revoked)", self.revoked.len())
    }
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
        let parsed: CertificateList = CertificateList::from_der(&der).map_err(refused)?;
        let list = parsed.tbs_cert_list;
        let revoked = list.revoked_certificates.into_iter().flatten();
        let identifier = |extension: &Extension| {
            let id = AuthorityKeyIdentifier::from_der(extension.extn_value.as_bytes()).ok()?.key_identifier?;
            Some(id.as_bytes().to_vec())
        };
        let mut extensions = list.crl_extensions.iter().flatten();
        Ok(Self {
            issuer: list.issuer.to_der().map_err(refused)?,
            authority_id: extensions.find(|one| one.extn_id == AuthorityKeyIdentifier::OID).and_then(identifier),
            this_update: seconds(list.this_update),
            next_update: list.next_update.map(seconds),
            algorithm: parsed.signature_algorithm.oid,
            signature: parsed.signature.as_bytes().unwrap_or_default().to_vec(),
            revoked: Arc::new(revoked.map(|entry| entry.serial_number.as_bytes().to_vec()).collect()),
            der,
        })
    }

    /// Its bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key identifier of its issuer: its name in a repository.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<Vec<u8>> {
        self.authority_id.clone()
    }

    /// When it was made, seconds since 1970 UTC.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// When the next one should be there, seconds since 1970 UTC.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    pub(super) fn authority_id(&self) -> Option<&[u8]> {
        self.authority_id.as_deref()
    }

    pub(super) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// Whether it is the list that speaks of this certificate.
    pub(super) fn is_of(&self, certificate: &Certificate) -> bool {
        match (self.authority_id(), certificate.authority_id()) {
            (Some(own), Some(other)) => own == other,
            _ => self.issuer == certificate.issuer_der(),
        }
    }

    /// Whether `issuer` signed it.
    pub(super) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let Some(tbs) = der::split(&self.der).and_then(|(content, _)| der::first(content)) else { return false };
        issuer.subject_der() == self.issuer && issuer.verify_with(self.algorithm, tbs, &self.signature).is_ok()
    }

    pub(super) fn revokes(&self, certificate: &Certificate) -> bool {
        self.revoked.contains(certificate.serial())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Bits, ChainError, Made, Signer as _, Subject, Trust, make_certificate};

    const NOW: i64 = 1_800_000_000;
    const SHA256_RSA: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];

    fn time(seconds: i64) -> Vec<u8> {
        let text = crate::util::clock::rfc3339(seconds);
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect();
        der::tlv(0x17, &digits.as_bytes()[2..])
    }

    /// A list of `root`, with its two times, that revokes a serial number.
    fn list(root: &Certificate, signer: &crate::sign::RsaKey, serial: &[u8], times: [i64; 2]) -> Vec<u8> {
        let revoked = der::sequence(&[&der::integer(serial), &time(NOW - 5)]);
        let id = der::sequence(&[&der::tlv(0x80, &root.subject_key_id().unwrap())]);
        let extension = der::sequence(&[&[6, 3, 0x55, 0x1d, 35], &der::tlv(4, &id)]);
        let tbs = der::sequence(&[
            &der::integer(&[1]),
            &SHA256_RSA,
            root.subject_der(),
            &time(times[0]),
            &time(times[1]),
            &der::sequence(&[&revoked]),
            &der::tlv(0xa0, &der::sequence(&[&extension])),
        ]);
        let signature = signer.sign(&tbs).unwrap();
        der::sequence(&[&tbs, &SHA256_RSA, &der::tlv(3, &[&[0], &signature[..]].concat())])
    }

    #[test]
    fn of_several_lists_of_one_authority_the_newest_counts() {
        let key = || Made::new(Bits::B2048).unwrap().key().unwrap();
        let (root_key, leaf_key) = (key(), key());
        let subject = |name: &str, ca| Subject {
            name: name.to_owned(),
            organization: String::new(),
            country: String::new(),
            ca,
            code_signing: true,
            not_before: NOW - 10,
            not_after: NOW + 10_000,
        };
        let root = make_certificate(&subject("root", true), &root_key, None).unwrap();
        let leaf = make_certificate(&subject("leaf", false), &leaf_key, Some((&root, &root_key))).unwrap();
        let read = |signer, serial: &[u8], times| Crl::read(&list(&root, signer, serial, times)).unwrap();
        let old = read(&root_key, &[99], [NOW - 1000, NOW - 500]);
        let new = read(&root_key, &[99], [NOW - 1, NOW + 500]);
        let revoking = |times| read(&root_key, leaf.serial(), times);
        let follow = |crls: &[&Crl]| {
            let crls = crls.iter().map(|crl| (*crl).clone()).collect();
            let trust = Trust { anchors: vec![root.clone()], crls };
            trust.follow(std::slice::from_ref(&leaf), NOW).map(drop)
        };
        assert!(follow(&[&old]).is_err(), "too old");
        for lists in [[&old, &new], [&new, &old]] {
            assert_eq!(follow(&lists), Ok(()));
        }
        // What a newer list does not revoke any more is not revoked, and the other way round.
        assert_eq!(follow(&[&revoking([NOW - 900, NOW + 900]), &new]), Ok(()));
        let revoked = Err(ChainError::Revoked("leaf".to_owned()));
        assert_eq!(follow(&[&revoking([NOW, NOW + 900]), &new]), revoked);
        assert_eq!(follow(&[&new, &revoking([NOW - 1, NOW + 900])]), revoked, "equally new");
        // A newer one that somebody else signed hides nothing.
        let forged = read(&leaf_key, &[99], [NOW, NOW + 900]);
        assert!(matches!(
            follow(&[&revoking([NOW - 1, NOW + 900]), &forged]),
            Err(ChainError::Crl { .. } | ChainError::Revoked(_))
        ));
    }

    #[test]
    fn revoked_certificates_are_not_trusted() {
        let key = || Made::new(Bits::B2048).unwrap().key().unwrap();
        let (root_key, leaf_key) = (key(), key());
        let subject = |name: &str, ca| Subject {
            name: name.to_owned(),
            organization: String::new(),
            country: String::new(),
            ca,
            code_signing: true,
            not_before: NOW - 10,
            not_after: NOW + 10_000,
        };
        let root = make_certificate(&subject("root", true), &root_key, None).unwrap();
        let issue = |name| make_certificate(&subject(name, false), &leaf_key, Some((&root, &root_key))).unwrap();
        let (good, bad) = (issue("good"), issue("bad"));
        let list = |signer: &crate::sign::RsaKey| list(&root, signer, bad.serial(), [NOW - 1, NOW + 100]);
        let crl = Crl::read(&list(&root_key)).unwrap();
        assert_eq!(crl.authority_key_id(), root.subject_key_id());
        assert_eq!(Crl::read(pem::encode("X509 CRL", crl.der()).as_bytes()).unwrap().der(), crl.der());
        let trust = Trust { anchors: vec![root.clone()], crls: vec![crl] };
        assert!(trust.follow(std::slice::from_ref(&good), NOW).is_ok());
        assert_eq!(trust.follow(std::slice::from_ref(&bad), NOW), Err(ChainError::Revoked("bad".to_owned())));
        let late = trust.follow(std::slice::from_ref(&good), NOW + 200);
        assert!(matches!(late, Err(ChainError::Crl { reason: "it is too old", .. })), "{late:?}");
        // A pinned certificate is revoked all the same.
        let pinned = Trust { anchors: vec![bad.clone(), root.clone()], crls: trust.crls.clone() };
        assert_eq!(pinned.follow(std::slice::from_ref(&bad), NOW), Err(ChainError::Revoked("bad".to_owned())));
        let forged = Trust { anchors: vec![root.clone()], crls: vec![Crl::read(&list(&leaf_key)).unwrap()] };
        let refused = forged.follow(std::slice::from_ref(&bad), NOW);
        assert!(matches!(refused, Err(ChainError::Crl { .. })), "{refused:?}");
        assert!(Crl::read(b"0").is_err() && Crl::read(b"").is_err());
    }
}
