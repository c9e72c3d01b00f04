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
            Ok(says) if says.percent > 100 => {
                bad.push(format!("{path} is left out: {} % of all machines", says.percent));
            }
            Ok(says) => good.push(Release { path: path.clone(), file: file.clone(), says }),
            Err(error) => bad.push(format!("{path} is left out: {error}")),
        }
    }
    (good, bad)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "values are written where they are passed")]
    fn read(custom: Value) -> (Vec<Release>, Vec<String>) {
        let target = json!({"custom": custom, "length": 0, "hashes": {"sha256": "0".repeat(64)}});
        let targets = json!({"targets": {"app/x": target}, "expires": "2030-01-01T00:00:00Z", "version": 1});
        releases(&serde_json::from_value(targets).unwrap(), "app", "linux-x86_64")
    }

    fn with(key: &str, value: Value) -> Value {
        let mut all = json!({"product": "app", "platform": "linux-x86_64", "version": "2.8.1", "channels": ["stable"]});
        all[key] = value;
        all
    }

    #[test]
    fn a_release_is_of_a_program_for_a_platform() {
        assert_eq!(read(with("percent", json!(20))).0[0].says.percent, 20);
        assert_eq!(read(with("channels", json!([]))).0[0].says.percent, 100);
        for other in [
            json!({}),
            with("product", json!("other")),
            with("platform", json!("windows-x86_64")),
            json!({"channel": "x"}),
        ] {
            assert_eq!(read(other), (vec![], vec![]), "another file is none of ours");
        }
    }

    #[test]
    fn what_cannot_be_is_left_out_and_said() {
        for (key, value) in [
            ("percent", json!(101)),
            ("percent", json!(-1)),
            ("percent", json!("20")),
            ("version", json!("2.8")),
            ("version", json!("../../2.8.1")),
            ("channels", json!("stable")),
            ("window", json!("night")),
            ("withdrawn", json!("no")),
            ("urgent", json!(true)),
        ] {
            let (good, bad) = read(with(key, value.clone()));
            assert!(
                good.is_empty() && bad.len() == 1 && bad[0].starts_with("app/x is left out: "),
                "{key} {value}: {bad:?}"
            );
        }
    }
}
