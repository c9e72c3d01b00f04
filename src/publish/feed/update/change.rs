//! What a feed has, and what is said of it: pure.

use std::collections::BTreeMap;

use factory_tuf::{Says, TargetFile, TargetPath, Window};
use semver::Version;

use super::UpdateError;

/// All files of a feed.
pub type Targets = BTreeMap<TargetPath, TargetFile>;

/// Adds a file; whether it is new. One that is there stays what it is, and what is said of it does, too: whoever runs a publication again must
/// not take back that a release was withdrawn.
///
/// # Errors
/// [`UpdateError::Changed`], [`UpdateError::Says`].
pub fn add(
    targets: &mut Targets,
    path: &TargetPath,
    mut file: TargetFile,
    says: Option<&Says>,
) -> Result<bool, UpdateError> {
    let is_same = |other: &TargetFile| other.length == file.length && other.hashes == file.hashes;
    if let Some(says) = says {
        file.custom = says.custom();
        let other = targets.iter().find(|(_, file)| said(file).is_some_and(|other| other.is_same_release(says)));
        if let Some((there, other)) = other {
            let named = format!("{} {} for {}", says.product, says.version, says.platform);
            return match (there == path && is_same(other), other.custom == file.custom) {
                (false, _) => Err(UpdateError::Changed(named)),
                (true, false) => Err(UpdateError::Says(named)),
                (true, true) => Ok(false),
            };
        }
    }
    match targets.get(path) {
        Some(there) if !is_same(there) => Err(UpdateError::Changed(path.to_string())),
        Some(there) if there.custom != file.custom => Err(UpdateError::Says(path.to_string())),
        Some(_) => Ok(false),
        None => {
            targets.insert(path.clone(), file);
            Ok(true)
        }
    }
}

/// Which releases are meant.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Of this version.
    pub version: Version,
    /// Of this program; of any where nothing is said.
    pub product: Option<String>,
    /// For these machines; for any where nothing is said.
    pub platform: Option<String>,
}

/// What is said of them from now on; the rest stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Who gets it.
    pub channels: Option<Vec<String>>,
    /// To how many of a hundred machines it is rolled out.
    pub percent: Option<u8>,
    /// The least version that can become this one at once.
    pub minimum: Option<Version>,
    /// When it may be installed.
    pub window: Option<Window>,
    /// Whether it is taken back. Nothing makes a release one again.
    pub withdrawn: bool,
}

impl Choice {
    fn fits(&self, says: &Says) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        says.version == self.version && is(&self.product, &says.product) && is(&self.platform, &says.platform)
    }
}

impl Change {
    fn of(&self, says: &mut Says) {
        if let Some(channels) = &self.channels {
            says.channels.clone_from(channels);
        }
        says.percent = self.percent.unwrap_or(says.percent);
        says.minimum = self.minimum.clone().or_else(|| says.minimum.take());
        says.window = self.window.or(says.window);
        says.withdrawn |= self.withdrawn;
    }
}

/// Says something else of releases; gives those that were meant.
///
/// # Errors
/// [`UpdateError::NoRelease`], [`UpdateError::Withdrawn`].
pub fn change(targets: &mut Targets, choice: &Choice, change: &Change) -> Result<Vec<(TargetPath, Says)>, UpdateError> {
    let mut changed = Vec::new();
    for (path, file) in targets.iter_mut() {
        if let Some(mut says) = said(file).filter(|says| choice.fits(says)) {
            if says.withdrawn {
                return Err(UpdateError::Withdrawn(format!("{} {} for {}", says.product, says.version, says.platform)));
            }
            change.of(&mut says);
            file.custom = says.custom();
            changed.push((path.clone(), says));
        }
    }
    if changed.is_empty() { Err(UpdateError::NoRelease(choice.version.to_string())) } else { Ok(changed) }
}

/// What a file says of itself, where it is a release that machines can read.
pub fn said(file: &TargetFile) -> Option<Says> {
    Says::of(file)?.ok()
}
