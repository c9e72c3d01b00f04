//! `test-install`: the packages go into a clean container with what they need, and nothing else.

use std::collections::BTreeSet;

use super::{
    Built, TrialError,
    bench::{Bench, PLACE, PLACE_NAME, argv},
    transfer::Parcel,
};
use crate::{engine::Output as _, execute::Lines};

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
pub async fn install(bench: &Bench<'_>, before: &mut Before, lines: &Lines) -> Result<String, TrialError> {
    let subject = bench.subject;
    before.paths = bench.paths().await?;
    let mut names = Vec::new();
    for package in &subject.packages {
        let name = file_name(package);
        lines.line(&format!("{name} sha256:{}", package.sha256));
        names.push(format!("{PLACE}/{name}"));
    }
    let packages = subject.packages.clone();
    let fill = move |parcel: &mut Parcel| {
        let mut all = packages.iter();
        all.try_for_each(|package| {
            parcel.file(&format!("{PLACE_NAME}/{}", file_name(package)), &package.file, &package.sha256)
        })
    };
    bench.put(fill).await?;
    let manager = subject.manager;
    let refreshed = "the archive's lists should be fetched";
    bench.succeed(argv(manager.refresh, [] as [&str; 0]), refreshed, lines).await?;
    bench.succeed(argv(manager.install, names), "the packages should install", lines).await?;
    Ok(match subject.packages.len() {
        1 => "1 package".to_owned(),
        count => format!("{count} packages"),
    })
}

fn file_name(package: &Built) -> String {
    package.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
