//! Folders of the checkout that the requirements name (`./libs/own`): each is built by itself, known by its content, and
//! stands in the requirements as the wheel that it became.

use std::path::PathBuf;

use super::{
    super::StepError,
    bench::{Bench, Load},
    compile::{PLACE, Source, obtain},
    environment::Environment,
    pip::ROOT,
};
use crate::source::{requirements::with_folder, wheelhouse::Wheel};

/// The wheel of a folder.
#[derive(Debug, Clone)]
pub struct Own {
    /// What stands in the requirements.
    written: String,
    /// The wheel.
    pub wheel: Wheel,
    /// Where it is.
    pub path: PathBuf,
}

impl Own {
    /// Its path in the container that resolves, below [`ROOT`].
    pub fn place(&self) -> String {
        format!("own/{}", self.wheel.file.as_str())
    }
}

/// The wheels of all folders of the checkout that the requirements name.
pub async fn wheels(bench: &Bench<'_>, environment: &Environment<'_>) -> Result<Vec<Own>, StepError> {
    let mut found = Vec::new();
    for folder in &bench.work.folders {
        let place = format!("{PLACE}/own");
        let source = Source {
            name: None,
            called: folder.written.clone(),
            sha256: folder.digest.clone(),
            options: Vec::new(),
            load: Load { checkout: Some((place.clone(), folder.files.clone())), ..Load::default() },
            place,
        };
        let (wheel, path) = obtain(bench, environment, source).await?;
        let wheel = Wheel { folder: Some(folder.path.display().to_string()), ..wheel };
        found.push(Own { written: folder.written.clone(), wheel, path });
    }
    Ok(found)
}

/// A requirements text in which the wheels stand instead of their folders.
pub fn replace(text: &str, own: &[Own]) -> String {
    own.iter().fold(text.to_owned(), |text, own| with_folder(&text, &own.written, &format!("{ROOT}/{}", own.place())))
}
