//! [`Pool`]: certificates by what their issuers are looked for, so that a chain costs the same beside two certificates and
//! beside thousands.

use std::collections::HashMap;

use super::Certificate;

/// So many certificates may share an identifier or a name and be tried, one after the other: an authority renews its own
/// now and then.
pub(super) const MOST_NAMESAKES: usize = 8;

/// Certificates, found by their key identifier and by their subject.
#[derive(Debug, Default)]
pub(super) struct Pool<'c> {
    by_id: HashMap<&'c [u8], Vec<&'c Certificate>>,
    by_subject: HashMap<&'c [u8], Vec<&'c Certificate>>,
}

impl<'c> Pool<'c> {
    /// Of these, whose order is kept among equal ones.
    pub(super) fn new(certificates: impl IntoIterator<Item = &'c Certificate>) -> Self {
        let mut pool = Self::default();
        for certificate in certificates {
            if let Some(id) = certificate.subject_id() {
                pool.by_id.entry(id).or_default().push(certificate);
            }
            pool.by_subject.entry(certificate.subject_der()).or_default().push(certificate);
        }
        pool
    }

    /// Those with this key identifier.
    pub(super) fn with_id(&self, id: Option<&[u8]>) -> &[&'c Certificate] {
        id.and_then(|id| self.by_id.get(id)).map_or(&[], Vec::as_slice)
    }

    /// Those with this subject, in DER.
    pub(super) fn with_subject(&self, subject: &[u8]) -> &[&'c Certificate] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }
}
