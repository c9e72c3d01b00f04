//! Keys of the store: what a file is made of, and nothing else. Not in any of them: where the project lies, times, names of
//! projects and platforms, addresses, certificates, proxies.

use super::{Key, Kind};
use crate::names::Sha256;

/// Raised when this program comes to build wheels differently, so that older ones do not count.
const FORM: &str = "built 1";

/// The key of a file as an index gave it.
#[must_use]
pub fn key_of_file(sha256: &Sha256) -> Key {
    Key { kind: Kind::File, digest: sha256.clone() }
}

/// Everything that a built wheel depends on.
///
/// Not in it is what a build back end fetches for itself while it builds (PEP 518): it is named without a version there,
/// and it is not known before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BuildFingerprint {
    /// Of the source distribution, or of the list of a folder's files.
    pub source: Sha256,
    /// The interpreter's version and ABI tag: `3.11 cp311`.
    pub python: String,
    /// The C library: `glibc-2.36`.
    pub libc: String,
    /// The machine in the kernel's words: `x86_64`.
    pub machine: String,
    /// Of the names and versions of compilers, headers and the like that the builder image has.
    pub installed: Sha256,
    /// The pinned wheels of pip and setuptools, by name and digest, where the platform has a seed; empty otherwise: then
    /// they are among the installed ones.
    pub seed: String,
    /// What the environment says to compilers, as `NAME=value`.
    pub settings: Vec<String>,
    /// What the requirements say to its build: `--global-option=…`.
    pub options: Vec<String>,
    /// Of what a project itself gives to the build: its base image, its builder, where it has build back ends from. `None` where all of
    /// that is everybody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<Sha256>,
}

impl BuildFingerprint {
    /// The key of what is made so.
    #[must_use]
    pub fn key(&self) -> Key {
        // JSON, so that nothing can be confused with its neighbour.
        Key { kind: Kind::Built, digest: Sha256::of(serde_json::json!([FORM, self]).to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A fingerprint of these words, and every fingerprint that differs from it in one of them.
    fn family(words: &[String; 9], other: &str) -> (BuildFingerprint, Vec<BuildFingerprint>) {
        let fingerprint = |words: &[String; 9]| BuildFingerprint {
            source: Sha256::of(&words[0]),
            python: words[1].clone(),
            libc: words[2].clone(),
            machine: words[3].clone(),
            installed: Sha256::of(&words[4]),
            seed: words[5].clone(),
            settings: vec![words[6].clone()],
            options: vec![words[7].clone()],
            given: Some(Sha256::of(&words[8])),
        };
        let changed = (0..words.len()).map(|at| {
            let mut words = words.clone();
            words[at].push_str(other);
            fingerprint(&words)
        });
        (fingerprint(words), changed.collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn every_ingredient_changes_the_key(words in any::<[String; 9]>(), other in ".+") {
            let (fingerprint, changed) = family(&words, &other);
            let mut keys: BTreeSet<Key> = changed.iter().map(BuildFingerprint::key).collect();
            keys.insert(fingerprint.key());
            prop_assert_eq!(keys.len(), words.len() + 1, "two of them have one key");
            prop_assert_eq!(fingerprint.clone().key(), fingerprint.key());
        }

        #[test]
        fn words_that_run_into_each_other_are_told_apart(a in "[a-c\" ,]{1,4}", b in "[a-c\" ,]{1,4}") {
            let words = ["x"; 9].map(str::to_owned);
            let (mut one, _) = family(&words, "y");
            let mut two = one.clone();
            one.settings = vec![a.clone(), b.clone()];
            two.settings = vec![format!("{a}{b}")];
            prop_assert_ne!(one.key(), two.key());
            (two.settings, two.options) = (one.options.clone(), one.settings.clone());
            prop_assert_ne!(one.key(), two.key());
        }
    }

    #[test]
    fn wheels_of_before_there_were_projects_in_keys_are_found() {
        let (fingerprint, _) = family(&["x"; 9].map(str::to_owned), "y");
        let ordinary = BuildFingerprint { given: None, ..fingerprint.clone() };
        assert!(!serde_json::json!(ordinary).to_string().contains("given"));
        assert_ne!(ordinary.key(), fingerprint.key());
    }

    #[test]
    fn a_file_is_known_by_its_bytes() {
        let key = key_of_file(&Sha256::of("six"));
        assert_eq!(key.to_string(), format!("files/{}", Sha256::of("six")));
        assert_ne!(key, Key { kind: Kind::Built, digest: Sha256::of("six") });
    }
}
