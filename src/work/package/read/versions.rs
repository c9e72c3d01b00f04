//! What `{{version}}` stands for in a relation: the full version of the package that is named, with its epoch.

use std::collections::BTreeMap;

use super::RawPackage;
use crate::names::VERSION;

/// The epochs of the recipe's packages, and of what they provide at their own version.
#[derive(Debug)]
pub(crate) struct Versions<'r> {
    epochs: BTreeMap<&'r str, u32>,
    version: &'r str,
}

impl<'r> Versions<'r> {
    /// Of these packages, all at one version without an epoch.
    pub(crate) fn new(packages: &'r [RawPackage], version: &'r str) -> Self {
        let mut epochs = BTreeMap::new();
        for package in packages {
            let provided = package.provides.items().iter().map(|relation| relation.value.as_str());
            for text in provided.filter(|text| text.contains(VERSION)) {
                epochs.insert(name(text.split(VERSION).next().unwrap_or_default()), package.epoch.or_default());
            }
        }
        // A package of the name is meant before one that provides it.
        let named =
            packages.iter().filter_map(|package| Some((package.name.value()?.as_str(), package.epoch.or_default())));
        epochs.extend(named);
        Self { epochs, version }
    }

    /// A relation of a package of this epoch, in its format's words, with versions filled in.
    pub(crate) fn fill(&self, text: &str, own: u32) -> String {
        let mut filled = String::new();
        let mut parts = text.split(VERSION);
        filled.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let epoch = self.epochs.get(name(&filled)).copied().unwrap_or(own);
            // Who writes an epoch means it.
            if epoch != 0 && !filled.ends_with(':') {
                filled.push_str(&format!("{epoch}:"));
            }
            filled.push_str(self.version);
            filled.push_str(part);
        }
        filled
    }
}

/// The name that the version after this text belongs to: `core (= `, `core:any (>= `, `(core = `, `a | core (= `.
fn name(before: &str) -> &str {
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
    let before = before.trim_end_matches(['<', '>', '=', ' ', '(']);
    let word = before.rsplit([' ', '|']).next().unwrap_or_default().trim_start_matches('(');
    word.split_once(':').map_or(word, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_the_epoch_of_who_is_named() {
        let versions = Versions { epochs: BTreeMap::from([("core", 1), ("shop", 0)]), version: "2.5.0-1" };
        for (text, own, wanted) in [
            ("core (= {{version}})", 0, "core (= 1:2.5.0-1)"),
            ("core:any (= {{version}})", 0, "core:any (= 1:2.5.0-1)"),
            ("core(>={{version}})", 0, "core(>=1:2.5.0-1)"),
            ("shop (= {{version}})", 3, "shop (= 2.5.0-1)"),
            ("other (= {{version}})", 3, "other (= 3:2.5.0-1)"),
            ("other (= {{version}})", 0, "other (= 2.5.0-1)"),
            ("core (= 7:{{version}})", 0, "core (= 7:2.5.0-1)"),
            ("shop (= {{version}}) | core (>= {{version}})", 0, "shop (= 2.5.0-1) | core (>= 1:2.5.0-1)"),
            ("core = {{version}}", 0, "core = 1:2.5.0-1"),
            ("(core = {{version}} or shop = {{version}})", 0, "(core = 1:2.5.0-1 or shop = 2.5.0-1)"),
            ("core (>= 2.5)", 0, "core (>= 2.5)"),
        ] {
            assert_eq!(versions.fill(text, own), wanted);
        }
    }
}
