//! What may be believed of a store, and the only ways to believe it.
//!
//! What lies in a store is an [`Offer`]: somebody has written it. It becomes [`Believed`] because its key is the digest of its bytes,
//! because a listed key signed it, or because it lies in a folder that only owners whom the caller believes could have written.
//! Nothing else makes one, and only what is believed can be received ([`Incoming`]) and handed out ([`Whole`]): a store that is no
//! folder cannot give what a step made, or a wheel that was built, without a signature.

use std::{
    io::{self, Write as _},
    path::Path,
};

use fs_err as fs;
use sha2::Digest as _;

use super::{
    Key, Label, PublicKey, is_plain,
    shape::{CONTENT, ENTRY, parts},
    signature::Signature,
};
use crate::{
    names::Sha256,
    source::owner::{Doubt, TrustedOwners},
    util::shop::Shop,
};

/// An entry as somebody wrote it: nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it says of its file.
    pub label: Label,
    /// Whose it says to be.
    pub signature: Option<Signature>,
}

/// What an offer is worth wherever it lies.
#[derive(Debug)]
pub enum Judged {
    /// It is believed: its key is the digest of its bytes, or a listed key signed it.
    Believed(Believed),
    /// It is the key's, and nothing but its place could make it believed.
    Unsigned(Offer),
    /// It is no entry of that key.
    Foreign,
}

/// Why an entry is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its key is the digest of its bytes.
    Digest,
    /// A listed key signed it.
    Signature(Signature),
    /// It lies where only those could write whom the caller believes.
    Place,
}

/// An entry that is believed, whose bytes were not looked at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    key: Key,
    label: Label,
    reason: Reason,
}

impl Offer {
    /// What it is worth as the entry of a key, for somebody who lists these keys.
    #[must_use]
    pub fn judge(self, key: &Key, keys: &[PublicKey]) -> Judged {
        let is_own = is_plain(&self.label.name) && self.label.size <= key.kind.largest();
        if !is_own || (key.kind.is_by_content() && self.label.sha256 != key.digest) {
            return Judged::Foreign;
        }
        let reason = match self.signature {
            _ if key.kind.is_by_content() => Reason::Digest,
            Some(signature) if signature.is_of(keys, key, &self.label) => Reason::Signature(signature),
            signature => return Judged::Unsigned(Self { signature, ..self }),
        };
        Judged::Believed(Believed { key: key.clone(), label: self.label, reason })
    }

    /// The same where it lies in the store in the folder `root`: believed where [`doubt`] finds nothing.
    pub(super) fn believe_in(
        self,
        root: &Path,
        key: &Key,
        trusted: &TrustedOwners,
    ) -> io::Result<Result<Believed, Doubt>> {
        Ok(match doubt(root, key, trusted)? {
            None => Ok(Believed { key: key.clone(), label: self.label, reason: Reason::Place }),
            Some(doubt) => Err(doubt),
        })
    }
}

/// Why others may have written the entry of a key of the store in the folder `root`; `None` where they cannot have.
fn doubt(root: &Path, key: &Key, trusted: &TrustedOwners) -> io::Result<Option<Doubt>> {
    if let Some(doubt) = trusted.doubt(root)? {
        return Ok(Some(doubt));
    }
    let place = parts(key);
    if let Some(doubt) = trusted.doubt_below(root, &place)? {
        return Ok(Some(doubt));
    }
    let entry = root.join(place.iter().collect::<std::path::PathBuf>());
    for part in [ENTRY, CONTENT] {
        if let Some(doubt) = trusted.doubt_below(&entry, &[part])? {
            return Ok(Some(doubt));
        }
    }
    Ok(None)
}

impl Believed {
    /// How many bytes its file has.
    pub(super) fn size(&self) -> u64 {
        self.label.size
    }

    /// Begins to receive its file into a folder, under the name of its label, which must be free there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn receive(self, into: &Shop) -> io::Result<Incoming> {
        let to = into.path().join(&self.label.name);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&to)?;
        let path = tempfile::TempPath::try_from_path(to)?;
        Ok(Incoming { believed: self, file, path, shop: into.clone(), hash: sha2::Sha256::new(), size: 0 })
    }
}

/// The file of a believed entry, as far as it has come. It is gone when it is dropped before it is whole.
#[derive(Debug)]
pub struct Incoming {
    believed: Believed,
    file: fs::File,
    path: tempfile::TempPath,
    /// The folder stays as long as something comes into it.
    shop: Shop,
    hash: sha2::Sha256,
    size: u64,
}

impl Incoming {
    /// Takes the next bytes; `false` when these are more than there should be: no more are wanted.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.believed.label.size {
            return Ok(false);
        }
        self.hash.update(bytes);
        self.file.write_all(bytes)?;
        self.shop.hear();
        Ok(true)
    }

    /// What came; `None` where that is not what the label says: it is gone then.
    ///
    /// # Errors
    /// When the file cannot keep its name.
    pub fn finish(self) -> io::Result<Option<Whole>> {
        let Believed { key, label, reason } = self.believed;
        if (Sha256::from_digest(self.hash.finalize().into()), self.size) != (label.sha256.clone(), label.size) {
            return Ok(None);
        }
        self.path.keep().map_err(|failed| failed.error)?;
        Ok(Some(Whole { key, label, reason }))
    }
}

/// A file that came out of a store: it is believed, and found to be what its label says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    key: Key,
    label: Label,
    reason: Reason,
}

impl Whole {
    /// What it is.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.label
    }

    pub(super) fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether it is the file of this key, and believed wherever it was, for somebody who lists these keys.
    pub(super) fn proves_itself(&self, key: &Key, keys: &[PublicKey]) -> bool {
        let is_proven = match &self.reason {
            Reason::Digest => true,
            Reason::Signature(signature) => signature.is_of(keys, key, &self.label),
            Reason::Place => false,
        };
        self.key == *key && is_proven
    }

    /// The same without why it is believed.
    #[must_use]
    pub fn into_label(self) -> Label {
        self.label
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::store::{Kind, Signer};

    fn label() -> Label {
        Label { name: "content".to_owned(), sha256: Sha256::of("image"), size: 5 }
    }

    fn key(kind: Kind, of: &str) -> Key {
        Key { kind, digest: Sha256::of(of) }
    }

    #[test]
    fn an_offer_is_believed_by_its_digest_or_its_signature() {
        let signer = Signer::new(&Signer::make().unwrap()).unwrap();
        let keys = [signer.public()];
        let offer = |signature| Offer { label: label(), signature };
        for kind in [Kind::File, Kind::Made] {
            assert!(matches!(offer(None).judge(&key(kind, "image"), &[]), Judged::Believed(_)));
            assert!(matches!(offer(None).judge(&key(kind, "other"), &[]), Judged::Foreign));
        }
        for kind in [Kind::Built, Kind::Product] {
            let key = key(kind, "a step");
            let signature = Some(signer.sign(&key, &label()));
            assert!(matches!(offer(signature.clone()).judge(&key, &keys), Judged::Believed(_)));
            assert!(matches!(offer(signature).judge(&key, &[]), Judged::Unsigned(_)));
            assert!(matches!(offer(None).judge(&key, &keys), Judged::Unsigned(_)));
        }
        let foreign = Label { name: "../x".to_owned(), ..label() };
        assert!(matches!(
            Offer { label: foreign, signature: None }.judge(&key(Kind::File, "image"), &[]),
            Judged::Foreign
        ));
        for kind in Kind::ALL {
            let offer = Offer { label: Label { size: kind.largest() + 1, ..label() }, signature: None };
            assert!(matches!(offer.judge(&key(kind, "image"), &[]), Judged::Foreign));
        }
    }

    #[test]
    fn only_what_the_label_says_becomes_whole() {
        let cases: [(&[&str], bool); 5] = [
            (&["image"], true),
            (&["im", "", "age"], true),
            (&["imag"], false),
            (&["image", "s"], false),
            (&["imagi"], false),
        ];
        for (pieces, is_whole) in cases {
            let shop = Shop::new(tempfile::tempdir().unwrap());
            let offer = Offer { label: label(), signature: None };
            let Judged::Believed(believed) = offer.judge(&key(Kind::File, "image"), &[]) else {
                panic!("not believed")
            };
            let mut incoming = believed.receive(&shop).unwrap();
            let wanted: Vec<bool> = pieces.iter().map(|piece| incoming.write(piece.as_bytes()).unwrap()).collect();
            assert_eq!(wanted.last(), Some(&(pieces.concat().len() <= 5)));
            assert_eq!(incoming.finish().unwrap().is_some(), is_whole, "{pieces:?}");
            assert_eq!(shop.path().join("content").exists(), is_whole, "{pieces:?}");
        }
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let shop = Shop::new(tempfile::tempdir().unwrap());
        let offer = Offer { label: label(), signature: None };
        let Judged::Believed(believed) = offer.judge(&key(Kind::File, "image"), &[]) else { panic!("not believed") };
        let mut incoming = believed.receive(&shop).unwrap();
        assert!(incoming.write(b"im").unwrap() && shop.path().join("content").exists());
        drop(incoming);
        assert!(!shop.path().join("content").exists());
    }
}
