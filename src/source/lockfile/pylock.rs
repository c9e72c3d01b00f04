//! A lock in the form of PEP 751 (`pylock.toml`): what is in the wheelhouses of a platform, for other tools to look at and to
//! install from. Its files are those of the wheel cache.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use super::write::quote;
use crate::{names::PlatformId, source::wheelhouse::Wheel};

/// The wheels of a platform.
#[derive(Debug, Default)]
pub struct Packages {
    found: BTreeMap<String, (String, Wheel, PathBuf)>,
}

/// Two sets of a platform that want different files of one distribution: one lock cannot say that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{first}` wants {one}, `{second}` wants {other}: one pylock.toml cannot hold both")]
pub struct Clash {
    first: String,
    one: String,
    second: String,
    other: String,
}

impl Packages {
    /// Adds the wheels of a set, whose files are in `folder`.
    ///
    /// # Errors
    /// [`Clash`].
    pub fn add(&mut self, set: &str, folder: &Path, wheels: &[Wheel]) -> Result<(), Clash> {
        for wheel in wheels {
            let name = wheel.file.distribution();
            match self.found.get(&name) {
                Some((first, one, _)) if one.sha256 != wheel.sha256 => {
                    return Err(Clash {
                        first: first.clone(),
                        one: one.file.as_str().to_owned(),
                        second: set.to_owned(),
                        other: wheel.file.as_str().to_owned(),
                    });
                }
                Some(_) => {}
                None => {
                    self.found.insert(name, (set.to_owned(), wheel.clone(), folder.join(wheel.file.as_str())));
                }
            }
        }
        Ok(())
    }
}

/// The name of a platform's file. PEP 751 wants no dot in the middle: `pylock.ubuntu-24_04.toml`.
#[must_use]
pub fn file_name(platform: &PlatformId) -> String {
    format!("pylock.{}.toml", platform.as_str().replace('.', "_"))
}

/// The text of a platform's file, to be written in `folder`. `python` is `3.11`, `machine` `x86_64`.
#[must_use]
pub fn render(packages: &Packages, python: &str, machine: &str, folder: &Path) -> String {
    let environment =
        format!("sys_platform == 'linux' and platform_machine == '{machine}' and python_version == '{python}'");
    let mut text = format!(
        "lock-version = \"1.0\"\nenvironments = [{}]\nrequires-python = {}\ncreated-by = \"factory\"\n",
        quote(&environment),
        quote(&format!("=={python}.*"))
    );
    for (name, (_, wheel, path)) in &packages.found {
        text.push_str(&format!(
            "\n[[packages]]\nname = {}\nversion = {}\n\n[[packages.wheels]]\nname = {}\npath = {}\nsize = {}\nhashes = {{ sha256 = {} }}\n",
            quote(name),
            quote(wheel.file.version()),
            quote(wheel.file.as_str()),
            quote(&relative(path, folder)),
            wheel.size,
            quote(wheel.sha256.as_str())
        ));
    }
    text
}

/// The path as it is seen from a folder; both are absolute.
fn relative(path: &Path, from: &Path) -> String {
    let (path, from): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (path.components().collect(), from.components().collect());
    let common = path.iter().zip(&from).take_while(|(a, b)| a == b).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = path[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
