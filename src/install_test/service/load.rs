//! Finds a unit's file in the container, with its drop-ins (systemd.unit(5), "Unit File Load Path").

use std::collections::BTreeMap;

use super::super::{Finding, InstallTestError, container::TestContainer, target::UNIT_FOLDERS, transfer::Fetched};
use crate::{
    engine::Output as _,
    execute::StepOutput,
    unit::{Service, UnitError, UnitFile, UnitName},
};

/// A unit as it was found.
#[derive(Debug)]
pub struct Loaded {
    file: UnitFile,
    path: String,
}

impl Loaded {
    /// What it asks for under this name.
    ///
    /// # Errors
    /// As [`Service::from_file`].
    pub fn service(&self, unit: &UnitName) -> Result<Service, UnitError> {
        Service::from_file(&self.file, unit, &self.path)
    }
}

/// Reads the unit's file, or its template's, and what adds to it.
///
/// # Errors
/// The finding that there is none, or that it is none.
pub async fn load(
    container: &TestContainer<'_>,
    unit: &UnitName,
    output: &StepOutput,
) -> Result<Loaded, InstallTestError> {
    let names: Vec<UnitName> = [Some(unit.clone()), unit.template()].into_iter().flatten().collect();
    let Some((path, fetched)) = first_of(container, &names).await? else {
        let message = format!("no package has the unit {unit} that the recipe wants to test");
        return Err(Finding::new(message).help(shipped(container)).into());
    };
    output.line(&format!("unit {path}"));
    let mut file = parse(&fetched)?;
    for path in drop_ins(container, &names).await? {
        if let Some(fetched) = container.fetch(&path).await? {
            output.line(&format!("with {path}"));
            file.extend(parse(&fetched)?);
        }
    }
    Ok(Loaded { file, path })
}

/// What the packages have instead of a unit that is not there.
pub fn shipped(container: &TestContainer<'_>) -> String {
    let names: Vec<String> = container.target.unit_files().keys().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        return "the packages have no units; name one in `contents` with `type = \"service\"`".to_owned();
    }
    format!("units of the packages: {}", names.join(", "))
}

async fn first_of(
    container: &TestContainer<'_>,
    names: &[UnitName],
) -> Result<Option<(String, Fetched)>, InstallTestError> {
    for name in names {
        for folder in UNIT_FOLDERS {
            let path = format!("{folder}/{name}");
            if let Some(fetched) = container.fetch(&path).await? {
                return Ok(Some((path, fetched)));
            }
        }
    }
    Ok(None)
}

fn parse(fetched: &Fetched) -> Result<UnitFile, InstallTestError> {
    let refuse = |reason: String| InstallTestError::from(Finding::new(reason));
    let text =
        std::str::from_utf8(&fetched.bytes).map_err(|_| refuse(format!("{} is not UTF-8 text", fetched.path)))?;
    UnitFile::parse(text, &fetched.path).map_err(|error| refuse(error.to_string()))
}

/// The drop-ins of a unit in the order in which they are read: by their names, and of one name that of the first folder.
async fn drop_ins(container: &TestContainer<'_>, names: &[UnitName]) -> Result<Vec<String>, InstallTestError> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let paths = container.paths().await?;
    for folder in UNIT_FOLDERS {
        for name in names {
            let below = format!("{folder}/{name}.d/");
            for path in paths.range(below.clone()..).take_while(|path| path.starts_with(&below)) {
                let file = &path[below.len()..];
                if file.rsplit('.').next() == Some("conf") && !file.contains('/') {
                    found.entry(file.to_owned()).or_insert_with(|| path.clone());
                }
            }
        }
    }
    Ok(found.into_values().collect())
}
