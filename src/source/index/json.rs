//! A page of an index as JSON (PEP 691).

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;

use super::Offered;
use crate::names::Sha256;

#[derive(Deserialize)]
struct Listed {
    meta: Meta,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: String,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    yanked: Yanked,
}

/// Whether it was taken back, or why.
#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Is(bool),
    Because(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Is(false)
    }
}

/// Its files; what is wrong with it, in words.
pub(super) fn read(bytes: &[u8], at: &Url) -> Result<Vec<Offered>, String> {
    let listed: Listed = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if listed.meta.version.split('.').next() != Some("1") {
        let version: String = listed.meta.version.escape_debug().take(20).collect();
        return Err(format!("it is of version {version} of the interface, and 1 is known"));
    }
    Ok(listed.files.into_iter().filter_map(|file| offered(file, at)).collect())
}

fn offered(file: File, at: &Url) -> Option<Offered> {
    Some(Offered {
        name: file.filename,
        address: at.join(&file.url).ok()?.into(),
        sha256: file.hashes.get("sha256").and_then(|digest| Sha256::new(digest).ok()),
        yanked: match file.yanked {
            Yanked::Is(false) => None,
            Yanked::Is(true) => Some(String::new()),
            Yanked::Because(why) => Some(why),
        },
    })
}
