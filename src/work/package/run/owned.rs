//! Files of a package that a package of the distribution owns in the image, as dpkg lists them there. Where there is no such list, the
//! package manager says it when the package is installed: `factory test`.

use std::collections::BTreeSet;

use super::{Inside, Job, depends::owners};
use crate::{
    check::{Finding, files::overwrite, place::names_of},
    engine::Output as _,
    execute::{StepError, StepOutput, records::blocking},
    format::PackageFormat,
    names::Apart,
    recipe::Package,
    stage::{Kind, Tree},
};

/// The files of the tree that somebody else owns.
pub async fn owned(
    job: Job,
    tree: Tree,
    inside: Option<Inside<'_>>,
    output: &StepOutput,
) -> Result<(Job, Tree, Vec<Finding>), StepError> {
    let Some(Inside { container, .. }) = inside.filter(|_| job.work.packaging.format == PackageFormat::Deb) else {
        return Ok((job, tree, Vec::new()));
    };
    let files = tree.iter().filter(|(_, entry)| entry.kind != Kind::Dir);
    let wanted: BTreeSet<String> = files.flat_map(|(path, _)| names_of(&format!("/{path}"))).collect();
    let Some(owners) = owners(&job, container, wanted).await? else {
        output.line("the image has no lists of dpkg: whether its packages own files of this one is not looked at");
        return Ok((job, tree, Vec::new()));
    };
    blocking(move || {
        let found = overwrite::owned(&tree, &owners, |owner| is_apart(&job.work.package, owner));
        Ok((job, tree, found))
    })
    .await
}

/// Whether a package is not installed beside another one, or takes its files.
fn is_apart(package: &Package, owner: &str) -> bool {
    let relations = [&package.replaces, &package.conflicts].into_iter().flatten();
    package.name.as_str() == owner || relations.flat_map(|text| Apart::all(text)).any(|apart| apart.name == owner)
}
