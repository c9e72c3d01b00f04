//! `WAPT/manifest.sha256`: every file of a package with its SHA-256.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use super::{error::WaptError, json};

/// No manifest is larger: 64 MiB.
pub const LARGEST: u64 = 64 << 20;
/// Nor has one more pairs: twice as many as an archive has entries. In memory, short ones take twenty times their text.
const MOST: usize = 400_000;

/// The files that are not in it: it cannot know itself or its signature, nor what older agents leave.
pub const UNLISTED: [&str; 4] =
    ["WAPT/signature.sha256", "WAPT/manifest.sha256", "WAPT/manifest.sha1", "WAPT/signature"];

/// Names with their digests, lower-case hex; an empty digest stands for a folder with nothing in it.
pub type Manifest = BTreeMap<String, String>;

/// The bytes of a manifest, sorted by name.
#[must_use]
pub fn write(manifest: &Manifest) -> Vec<u8> {
    let pair = |(name, digest): (&String, &String)| format!("[{},{}]", json::string(name), json::string(digest));
    format!("[{}]", manifest.iter().map(pair).collect::<Vec<_>>().join(",")).into_bytes()
}

/// Reads a manifest: a list of pairs, in any order and with any blanks. A name that is there twice is refused: each
/// reader would choose for itself which of the digests to take.
///
/// # Errors
/// [`WaptError::Manifest`].
pub fn read(bytes: &[u8]) -> Result<Manifest, WaptError> {
    let refuse = |why: String| WaptError::Manifest(why);
    if bytes.len() as u64 > LARGEST {
        return Err(refuse("it is larger than 64 MiB".to_owned()));
    }
    let Pairs(pairs) = serde_json::from_slice(bytes)
        .map_err(|error| refuse(format!("it is not a list of pairs of a name and a digest: {error}")))?;
    let mut manifest = Manifest::new();
    for (name, digest) in pairs {
        let shown: String = name.escape_debug().take(100).collect();
        if manifest.insert(name, digest).is_some() {
            return Err(refuse(format!("`{shown}` is there twice")));
        }
    }
    Ok(manifest)
}

/// So many pairs as are believed, before more of them are kept.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded)
    }
}

struct Bounded;

impl<'de> Visitor<'de> for Bounded {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = list.next_element()? {
            if pairs.len() == MOST {
                return Err(A::Error::custom("it has more than 400,000 pairs"));
            }
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_pairs_than_files_are_not_read() {
        let pairs = |count: usize| {
            let all: Vec<String> = (0..count).map(|number| format!("[\"{number:x}\",\"\"]")).collect();
            format!("[{}]", all.join(","))
        };
        assert_eq!(read(pairs(1000).as_bytes()).unwrap().len(), 1000);
        let refused = read(pairs(MOST + 1).as_bytes()).unwrap_err().to_string();
        assert!(refused.contains("more than 400,000 pairs"), "{refused}");
    }

    #[test]
    fn it_goes_there_and_back() {
        let manifest: Manifest = [("é/\u{1f600}".to_owned(), "00".repeat(32)), ("a".to_owned(), String::new())].into();
        let bytes = write(&manifest);
        assert!(bytes.starts_with(b"[[\"a\",\"\"],[\"\\u00e9/\\ud83d\\ude00\","));
        assert_eq!(read(&bytes).unwrap(), manifest);
        for bad in ["{}", "[[\"a\"]]", "[[\"a\",\"\"],[\"a\",\"x\"]]", "[[1,2]]", "", "[[\"a\",\"b\",\"c\"]]"] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(b" [ [ \"\xc3\xa9\" , \"b\" ] ] ").is_ok());
    }
}
