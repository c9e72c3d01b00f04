//! `test-install`: the packages go into a clean container with what they need, and nothing else.

use std::collections::BTreeSet;

use super::{
    Built, InstallTestError,
    container::{PLACE, PLACE_NAME, TestContainer, argv},
    transfer::TarBuilder,
};
use crate::{engine::Output as _, execute::StepOutput};

/// What the container held before.
#[derive(Debug, Default)]
pub struct Before {
    /// All paths.
    pub paths: BTreeSet<String>,
}

/// Looks at the clean container, then installs the packages.
///
/// # Errors
/// The finding, when they cannot be installed.
pub async fn install(
    container: &TestContainer<'_>,
    before: &mut Before,
    output: &StepOutput,
) -> Result<String, InstallTestError> {
    let target = container.target;
    before.paths = container.paths().await?;
    let mut names = Vec::new();
    for package in &target.packages {
        let name = file_name(package);
        output.line(&format!("{name} sha256:{}", package.sha256));
        names.push(format!("{PLACE}/{name}"));
    }
    let packages = target.packages.clone();
    let fill = move |tar: &mut TarBuilder| {
        let mut all = packages.iter();
        all.try_for_each(|package| {
            tar.file(&format!("{PLACE_NAME}/{}", file_name(package)), &package.file, &package.sha256)
        })
    };
    container.put(fill).await?;
    let manager = target.manager;
    let refreshed = "the archive's lists should be fetched";
    container.succeed(argv(manager.refresh, [] as [&str; 0]), refreshed, output).await?;
    container.succeed(argv(manager.install, names), "the packages should install", output).await?;
    Ok(match target.packages.len() {
        1 => "1 package".to_owned(),
        count => format!("{count} packages"),
    })
}

fn file_name(package: &Built) -> String {
    package.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
