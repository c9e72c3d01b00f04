//! The root that was kept beside the keys.

use std::path::{Path, PathBuf};

use crate::{
    cli::pem::small_file,
    diag::{Exit, Failure},
    publish::feed::update::ROOT,
};

/// The root that is named, or the one beside the keys.
///
/// # Errors
/// Exit code 2 where there is none, or it cannot be read.
pub fn read(named: Option<&Path>, keys: &[PathBuf]) -> Result<Vec<u8>, Failure> {
    if let Some(path) = named {
        return small_file(path);
    }
    let folders =
        keys.iter().map(|path| if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) });
    let found = folders.map(|folder| folder.join(ROOT)).find(|path| path.is_file());
    let path = found.ok_or_else(|| {
        let failure = Failure::new(
            Exit::Usage,
            format!("nothing says which root the feed is held against: there is no `{ROOT}` beside the keys"),
        );
        failure.help("name it with `--root FILE`: it is what updaters are installed with")
    })?;
    small_file(&path)
}

/// The keys that are named.
///
/// # Errors
/// Exit code 2 where there are none.
pub fn some(keys: &[PathBuf]) -> Result<&[PathBuf], Failure> {
    if keys.is_empty() {
        let failure = Failure::new(Exit::Usage, "nothing says which keys sign the feed");
        return Err(
            failure.help("name them: `--keys DIR` or `FACTORY_UPDATE_KEYS=DIR`; `factory keys update` makes them")
        );
    }
    Ok(keys)
}
