//! Folders of the checkout that the requirements name (`./libs/own`): each is built by itself, and known by its content.

use super::{
    super::StepError,
    bench::{Bench, Load},
    compile::{PLACE, Source, obtain},
    environment::Environment,
    ready::{Ready, StandsFor},
};
use crate::source::wheelhouse::Wheel;

/// The wheels of all folders of the checkout that the requirements name.
pub async fn wheels(bench: &Bench<'_>, environment: &Environment<'_>) -> Result<Vec<Ready>, StepError> {
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
        found.push(Ready { stands_for: StandsFor::Folder(folder.written.clone()), wheel, path });
    }
    Ok(found)
}
