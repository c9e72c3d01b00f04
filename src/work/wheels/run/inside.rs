//! What a built wheel says of itself. Its name came out of a container that ran foreign code, and so did its bytes: what installs it
//! goes by its metadata.

use std::path::Path;

use crate::{
    execute::StepError,
    format::zip::{Archive, Limits, ZipError},
    source::{
        requirements::same_version,
        wheelhouse::{WheelName, WheelhouseError, normalise},
    },
};

/// The largest METADATA, in bytes: it holds the whole readme.
const LARGEST: u64 = 16 << 20;

/// Refuses a wheel that is none, or one of another distribution or version than its name says.
pub fn judge(name: &WheelName, path: &Path) -> Result<(), StepError> {
    let foreign = |reason| WheelhouseError::Foreign { name: name.as_str().to_owned(), reason };
    match check(name, path) {
        Ok(()) => Ok(()),
        Err(Fault::Reason(reason)) => Err(foreign(reason).into()),
        Err(Fault::Zip(error)) => Err(StepError::Contents {
            message: format!("the wheel builder gave `{}`, which is no wheel: {error}", name.as_str()),
            help: "its source distribution does not build a wheel that can be installed: take another version of it"
                .to_owned(),
        }),
    }
}

enum Fault {
    Reason(&'static str),
    Zip(ZipError),
}

impl From<ZipError> for Fault {
    fn from(error: ZipError) -> Self {
        Self::Zip(error)
    }
}

fn check(name: &WheelName, path: &Path) -> Result<(), Fault> {
    let file = fs_err::File::open(path).map_err(ZipError::from)?;
    let length = file.metadata().map_err(ZipError::from)?.len();
    let limits = Limits { windows: false, ..Limits::default() };
    let mut archive = Archive::open(file, length, &limits)?;
    let folders = archive.entries().iter().filter_map(|entry| entry.name.split_once('/')).map(|(folder, _)| folder);
    let mut infos: Vec<String> = folders.filter(|folder| folder.ends_with(".dist-info")).map(str::to_owned).collect();
    infos.sort();
    infos.dedup();
    let [info] = infos.as_slice() else {
        return Err(Fault::Reason("which has not exactly one `.dist-info` folder (PEP 427)"));
    };
    let stem = info.trim_end_matches(".dist-info");
    // A folder's name may have dashes that a file's has not.
    let splits = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
    let fits =
        |(of, version): &(&str, &str)| normalise(of) == name.distribution() && same_version(version, name.version());
    let (of, version) = splits.clone().find(fits).or_else(|| splits.clone().next()).unwrap_or((stem, ""));
    let metadata =
        archive.small(&format!("{info}/METADATA"), LARGEST)?.ok_or(Fault::Reason("which has no METADATA"))?;
    let metadata = String::from_utf8_lossy(&metadata);
    let fields = metadata.lines().take_while(|line| !line.trim().is_empty());
    let field = |wanted: &str| -> Vec<&str> {
        let all = fields.clone().filter_map(|line| line.split_once(':'));
        all.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
    };
    let ([own], [own_version]) = (&field("Name")[..], &field("Version")[..]) else {
        return Err(Fault::Reason("whose METADATA does not say one name and one version"));
    };
    if [of, own].iter().any(|said| normalise(said) != name.distribution()) {
        return Err(Fault::Reason("whose METADATA is that of another distribution"));
    }
    if [version, own_version].iter().any(|said| !same_version(said, name.version())) {
        return Err(Fault::Reason("whose METADATA is that of another version"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::zip::Writer;

    fn judged(files: &[(&str, &str)]) -> Result<(), String> {
        let mut zip = Writer::new(std::io::Cursor::new(Vec::new()), 315_532_800);
        for (name, text) in files {
            zip.file(name, &mut text.as_bytes()).unwrap();
        }
        judged_bytes(&zip.finish().unwrap().into_inner())
    }

    fn judged_bytes(bytes: &[u8]) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let name = WheelName::new("zope_x-1.0-py3-none-any.whl").unwrap();
        judge(&name, file.path()).map_err(|error| error.to_string())
    }

    const INFO: &str = "zope.x-1.0.dist-info/METADATA";
    const GOOD: &str = "Metadata-Version: 2.1\nName: zope.x\nVersion: 1.0.0\n\nVersion: 7\n";

    #[test]
    fn a_wheel_is_what_its_name_says() {
        assert_eq!(
            judged(&[("zope/x.py", ""), ("ZOPE/x.py", ""), (INFO, GOOD), ("v/y-2.dist-info/METADATA", "")]),
            Ok(())
        );
        for (files, says) in [
            (vec![("x.py", "")], "not exactly one"),
            (vec![(INFO, GOOD), ("six-1.dist-info/METADATA", GOOD)], "not exactly one"),
            (vec![("zope.x-1.0.dist-info/RECORD", "")], "no METADATA"),
            (vec![(INFO, "Name: zope.x\n")], "one name and one version"),
            (vec![(INFO, "Name: zope.x\nVersion: 1.0\nVersion: 2\n")], "one name and one version"),
            (vec![(INFO, "Name: six\nVersion: 1.0\n")], "another distribution"),
            (vec![(INFO, "Name: zope.x\nVersion: 1.1\n")], "another version"),
            (vec![("six-1.0.dist-info/METADATA", GOOD)], "another distribution"),
            (vec![("zope.x-2.dist-info/METADATA", GOOD)], "another version"),
        ] {
            let said = judged(&files).unwrap_err();
            assert!(said.contains(says), "{says}: {said}");
        }
    }

    #[test]
    fn what_readers_could_see_differently_is_refused() {
        let mut zip = Writer::new(std::io::Cursor::new(Vec::new()), 315_532_800);
        zip.file(INFO, &mut GOOD.as_bytes()).unwrap();
        let good = zip.finish().unwrap().into_inner();
        assert_eq!(judged_bytes(&good), Ok(()));
        // A second archive behind the first, one before it, and an end that breaks off.
        for bad in
            [[&good[..], &good].concat(), [b"PK", &good[..]].concat(), good[..good.len() - 1].to_vec(), b"x".to_vec()]
        {
            assert!(judged_bytes(&bad).is_err());
        }
    }
}
