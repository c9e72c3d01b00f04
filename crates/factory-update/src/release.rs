//! What a feed says of a release: the `custom` part of a target.

use factory_tuf::{TargetFile, TargetPath, Targets};
use semver::Version;
use serde::Deserialize;

use crate::window::Window;

/// A release of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// The target.
    pub path: TargetPath,
    /// Its length and digest.
    pub file: TargetFile,
    /// What is said of it.
    pub says: Says,
}

/// What is said of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// The program's name, as machines know it.
    pub product: String,
    /// `linux-x86_64`, `windows-x86_64`.
    pub platform: String,
    /// Which version it is.
    pub version: Version,
    /// Who gets it: `stable`, `beta`.
    pub channels: Vec<String>,
    /// To how many of a hundred machines it is rolled out.
    #[serde(default = "everybody")]
    pub percent: u8,
    /// The least version that can become this one at once.
    #[serde(default)]
    pub minimum: Option<Version>,
    /// When it may be installed.
    #[serde(default)]
    pub window: Option<Window>,
    /// Whether it was taken back.
    #[serde(default)]
    pub withdrawn: bool,
}

fn everybody() -> u8 {
    100
}

/// The releases of a program for a platform, and what could not be read of others of it.
#[must_use]
pub fn releases(targets: &Targets, product: &str, platform: &str) -> (Vec<Release>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (path, file) in &targets.targets {
        let is = |key: &str, wanted: &str| file.custom.get(key).and_then(|value| value.as_str()) == Some(wanted);
        if !is("product", product) || !is("platform", platform) {
            continue;
        }
        match serde_json::from_value::<Says>(file.custom.clone().into()) {
            Ok(says) => good.push(Release { path: path.clone(), file: file.clone(), says }),
            Err(error) => bad.push(format!("{path} is left out: {error}")),
        }
    }
    (good, bad)
}
