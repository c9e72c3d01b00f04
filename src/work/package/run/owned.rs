//! Files of a package that a package of the distribution owns in the image, as dpkg lists them there. Where there is no such list, the
//! package manager says it when the package is installed: `factory test`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _},
};

use super::{Inside, Job, take::blocking_reader};
use crate::{
    check::{Finding, files::overwrite, place::names_of},
    engine::Output as _,
    execute::{StepError, StepOutput, records::blocking},
    format::PackageFormat,
    names::Apart,
    recipe::Package,
    stage::{Kind, Tree},
};

/// Where dpkg keeps its lists, one a package (dpkg(1)).
const LISTS: &str = "/var/lib/dpkg/info";
/// So much of them is read, in bytes: 512 MiB.
const LARGEST: u64 = 512 << 20;

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
    let Some(stream) = job.session.services.engine.download(container, LISTS).await? else {
        output.line("the image has no lists of dpkg: whether its packages own files of this one is not looked at");
        return Ok((job, tree, Vec::new()));
    };
    let reader = blocking_reader(stream);
    blocking(move || {
        let files = tree.iter().filter(|(_, entry)| entry.kind != Kind::Dir);
        let wanted: BTreeSet<String> = files.flat_map(|(path, _)| names_of(&format!("/{path}"))).collect();
        let owners = owners(reader.take(LARGEST), &wanted)?;
        let found = overwrite::owned(&tree, &owners, |owner| is_apart(&job.work.package, owner));
        Ok((job, tree, found))
    })
    .await
}

/// Who owns which of these paths.
fn owners(archive: impl std::io::Read, wanted: &BTreeSet<String>) -> std::io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let entry = entry?;
        let name = entry.path()?.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let Some(package) = name.as_deref().and_then(|name| name.strip_suffix(".list")) else { continue };
        // Of packages for several machines, the machine stands behind a colon.
        let package = package.split(':').next().unwrap_or(package).to_owned();
        let mut lines = BufReader::new(entry);
        let mut line = Vec::new();
        while lines.by_ref().take(8192).read_until(b'\n', &mut line)? > 0 {
            if let Ok(path) = std::str::from_utf8(line.trim_ascii_end())
                && wanted.contains(path)
            {
                found.entry(path.to_owned()).or_insert_with(|| package.clone());
            }
            line.clear();
        }
    }
    Ok(found)
}

/// Whether a package is not installed beside another one, or takes its files.
fn is_apart(package: &Package, owner: &str) -> bool {
    let relations = [&package.replaces, &package.conflicts].into_iter().flatten();
    package.name.as_str() == owner || relations.flat_map(|text| Apart::all(text)).any(|apart| apart.name == owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_the_owners_of_files() {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in [
            ("info/perl-base.list", "/.\n/usr\n/usr/bin\n/usr/bin/perl\n"),
            ("info/libc6:amd64.list", "/usr/lib/x\n"),
            ("info/perl-base.md5sums", "00 usr/bin/sums\n"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        let wanted: BTreeSet<String> =
            ["/usr/bin/perl", "/usr/lib/x", "/usr/bin/sums", "usr/bin/sums"].map(str::to_owned).into();
        let found = owners(archive.into_inner().unwrap().as_slice(), &wanted).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(path, owner)| (path.as_str(), owner.as_str())).collect();
        assert_eq!(found, [("/usr/bin/perl", "perl-base"), ("/usr/lib/x", "libc6")]);
    }
}
