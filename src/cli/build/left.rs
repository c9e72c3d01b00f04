//! Packages of this release that nothing makes any more: one that was renamed leaves its old file beside the new one, listed and taken
//! along by whoever takes the folder as it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::{
    event::StepId,
    names::PlatformId,
    plan::{Plan, Record},
    publish::sums,
    work::Gives,
};

/// Those among the files of a platform's folder, where this run knows everything that is made on the platform.
pub(super) fn over(
    files: &[PathBuf],
    version: &str,
    platform: &PlatformId,
    plan: &Plan,
    records: &BTreeMap<StepId, Record>,
) -> Vec<String> {
    let is_maker = |step: &&crate::plan::Step| matches!(step.work.gives(), Gives::Files) && step.platform == *platform;
    let Some(records) =
        plan.steps.iter().filter(is_maker).map(|step| records.get(&step.id)).collect::<Option<Vec<_>>>()
    else {
        return Vec::new();
    };
    let made: BTreeSet<&str> = records
        .iter()
        .flat_map(|record| &record.files)
        .filter_map(|file| Path::new(&file.path).file_name()?.to_str())
        .collect();
    let names = files.iter().filter_map(|path| path.file_name()?.to_str());
    let is_over = |name: &&str| *name != sums::NAME && is_of(name, version) && !made.contains(name);
    names.filter(is_over).map(str::to_owned).collect()
}

/// Whether a file's name has a version, between signs that end one.
fn is_of(name: &str, version: &str) -> bool {
    name.match_indices(version).any(|(at, _)| {
        let before = name[..at].chars().next_back();
        let after = name[at + version.len()..].chars().next();
        before.is_some_and(|sign| "_-".contains(sign)) && after.is_some_and(|sign| "_-".contains(sign))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_version() {
        for name in ["shop_2.5.1-1~deb12_all.deb", "shop-2.5.1-1.el9.x86_64.rpm", "shop-2.5.1-debian-12.tar.gz"] {
            assert!(is_of(name, "2.5.1"), "{name}");
        }
        for name in ["shop_2.5.10-1_all.deb", "shop_12.5.1-1_all.deb", "shop_2.5.1~rc1-1_all.deb", "2.5.1"] {
            assert!(!is_of(name, "2.5.1"), "{name}");
        }
    }
}
