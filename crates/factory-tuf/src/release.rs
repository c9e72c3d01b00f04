//! What a feed says of a release of a program: the `custom` part of a target. Whoever publishes writes it, and each machine reads it.

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    path::TargetPath,
    role::{TargetFile, Targets},
    window::Window,
};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    #[serde(default = "everybody", skip_serializing_if = "is_everybody")]
    pub percent: u8,
    /// The least version that can become this one at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Version>,
    /// When it may be installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

fn everybody() -> u8 {
    100
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_everybody(percent: &u8) -> bool {
    *percent == everybody()
}

impl Says {
    /// As the `custom` part of a target; what is as usual is left out.
    #[must_use]
    pub fn custom(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(entries)) => entries,
            // No type in here is anything else.
            _ => Map::new(),
        }
    }

    /// What a target says of itself; `None` where it is no release, but a file like any other.
    #[must_use]
    pub fn of(file: &TargetFile) -> Option<Result<Self, String>> {
        if !["product", "platform"].iter().all(|key| file.custom.contains_key(*key)) {
            return None;
        }
        Some(match serde_json::from_value::<Self>(file.custom.clone().into()) {
            Ok(says) if says.percent > 100 => Err(format!("{} % of all machines", says.percent)),
            Ok(says) => Ok(says),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Whether both are about the same release: product, platform, and version without its build metadata, which does not count (Semantic
    /// Versioning, 10).
    #[must_use]
    pub fn is_same_release(&self, other: &Self) -> bool {
        self.product == other.product
            && self.platform == other.platform
            && self.version.cmp_precedence(&other.version).is_eq()
    }
}

/// What a target says of itself that makes one file of another one: a zstd stream with the old file as its prefix, as `zstd --patch-from`
/// writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// SHA-256 of the old file, in lower-case hexadecimal.
    pub from: String,
    /// SHA-256 of the new one.
    pub to: String,
}

impl Delta {
    /// As the `custom` part of a target.
    #[must_use]
    pub fn custom(&self) -> Map<String, Value> {
        [("delta".to_owned(), serde_json::json!({"from": self.from, "to": self.to}))].into_iter().collect()
    }

    /// What a target says of itself; `None` where it is no delta, or none that can be read: then the whole file is loaded.
    #[must_use]
    pub fn of(file: &TargetFile) -> Option<Self> {
        serde_json::from_value(file.custom.get("delta")?.clone()).ok()
    }
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
        match Says::of(file) {
            None => {}
            Some(Ok(says)) => good.push(Release { path: path.clone(), file: file.clone(), says }),
            Some(Err(error)) => bad.push(format!("{path} is left out: {error}")),
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
    fn what_is_written_is_read_again() {
        let usual = json!({"product": "app", "platform": "linux-x86_64", "version": "2.8.1", "channels": ["stable"]});
        let more = json!({"percent": 20, "minimum": "2.8.0", "window": "22:00-06:00", "withdrawn": true});
        let mut all = usual.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for custom in [usual, all] {
            let says = read(custom.clone()).0.remove(0).says;
            assert_eq!(Value::Object(says.custom()), custom);
        }
    }

    #[test]
    fn a_delta_is_no_release() {
        let delta = Delta { from: "0".repeat(64), to: "1".repeat(64) };
        let mut file = TargetFile::of(b"");
        file.custom = delta.custom();
        assert_eq!((Delta::of(&file), Says::of(&file)), (Some(delta), None));
        for other in [json!({"from": "0"}), json!({"from": "0", "to": "1", "more": 1}), json!("x"), json!(null)] {
            file.custom.insert("delta".to_owned(), other);
            assert_eq!(Delta::of(&file), None);
        }
        assert_eq!(Delta::of(&TargetFile::of(b"")), None);
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
