//! Names of wheels and distributions, and what they say. Never opens a file.

pub use crate::names::normalise;

/// A wheel's file name: `{distribution}-{version}(-{build tag})?-{python}-{abi}-{platform}.whl` (PEP 427).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct WheelName(String);

impl WheelName {
    /// Checks a file name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        crate::names::WheelFile::new(text).ok().map(|name| Self(name.as_str().to_owned()))
    }

    /// The file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The distribution's name, normalised (PEP 503).
    #[must_use]
    pub fn distribution(&self) -> String {
        normalise(self.0.split('-').next().unwrap_or_default())
    }

    /// Whether an interpreter of this version (`3.11`) and ABI (`cp311`) takes it, as far as its tags say (PEP 425).
    #[must_use]
    pub fn fits(&self, version: &str, abi: &str) -> bool {
        let tags: Vec<&str> = self.0.trim_end_matches(".whl").rsplit('-').collect();
        let (Some(abis), Some(pythons)) = (tags.get(1), tags.get(2)) else { return false };
        let major = version.split('.').next().unwrap_or_default();
        let minor: u32 = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default();
        let stable = abis.split('.').any(|tag| tag == "abi3" || tag == "none");
        pythons.split('.').any(|tag| {
            let exact = tag == abi.trim_end_matches(['m', 'u']) || tag == format!("py{major}{minor}");
            let older = |prefix: &str| {
                tag.strip_prefix(prefix)
                    .and_then(|rest| rest.strip_prefix(major))
                    .is_some_and(|rest| rest.is_empty() || rest.parse::<u32>().is_ok_and(|tagged| tagged <= minor))
            };
            (exact && abis.split('.').any(|tag| tag == abi || tag == "none" || tag == "abi3"))
                || (stable && (older("py") || older("cp")))
        })
    }

    /// The distribution's version.
    #[must_use]
    pub fn version(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }
}

impl<'de> serde::Deserialize<'de> for WheelName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a wheel's file name")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fit_an_interpreter() {
        let fits = |tags: &str| WheelName::new(&format!("x-1-{tags}.whl")).unwrap().fits("3.11", "cp311");
        for good in [
            "py3-none-any",
            "py2.py3-none-any",
            "cp311-cp311-linux_x86_64",
            "cp37-abi3-manylinux2014_x86_64",
            "cp311-none-linux_x86_64",
            "py311-none-any",
        ] {
            assert!(fits(good), "{good}");
        }
        for bad in ["cp312-cp312-linux_x86_64", "py2-none-any", "cp312-abi3-linux_x86_64", "cp310-cp310-linux_x86_64"] {
            assert!(!fits(bad), "{bad}");
        }
    }
}
