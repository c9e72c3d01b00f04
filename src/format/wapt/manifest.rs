//! `WAPT/manifest.sha256`: every file of a package with its SHA-256.

use std::collections::BTreeMap;

use super::{error::WaptError, json};

/// No manifest is larger: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

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

/// Reads a manifest: a list of pairs, in any order and with any blanks. A name that stands there twice is refused: which
/// of the digests counts would be left to the reader.
///
/// # Errors
/// [`WaptError::Manifest`].
pub fn read(bytes: &[u8]) -> Result<Manifest, WaptError> {
    let refuse = |why: String| WaptError::Manifest(why);
    if bytes.len() as u64 > LARGEST {
        return Err(refuse("it is larger than 64 MiB".to_owned()));
    }
    let pairs: Vec<(String, String)> = serde_json::from_slice(bytes)
        .map_err(|error| refuse(format!("it is not a list of pairs of a name and a digest: {error}")))?;
    let mut manifest = Manifest::new();
    for (name, digest) in pairs {
        let shown: String = name.escape_debug().take(100).collect();
        if manifest.insert(name, digest).is_some() {
            return Err(refuse(format!("`{shown}` stands there twice")));
        }
    }
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

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
