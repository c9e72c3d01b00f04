//! An artifact on its way back.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{Place, TITLE};
use crate::{
    event::{Event, Events},
    publish::PushError,
    source::oci::{Client, Counter, Descriptor},
    util::files::{digest, persist, temporary_in},
    work::Expected,
};

/// Most files of one artifact, the largest one and all together, in bytes: bounds against a hostile registry.
const MOST: usize = 5_000;
const LARGEST: u64 = 16 << 30;

/// Fetches the files of an artifact into a folder; gives their names, and which of them were there already, and the same. `expected`
/// says which names may be there.
///
/// Every file appears under its name whole, with the digest that the manifest gives it.
///
/// # Errors
/// [`PushError`]; a file that is there and different is left as it is, unless `replace`.
pub async fn fetch(
    place: &Place,
    folder: &Path,
    replace: bool,
    expected: &Expected,
    client: &Client,
    events: &Events,
) -> Result<Vec<(String, bool)>, PushError> {
    let found = client.manifest(&place.repository, &place.tag).await?;
    let found = found.ok_or_else(|| PushError::Missing { name: place.name.clone() })?;
    let foreign = |reason: String| PushError::Foreign { name: place.name.clone(), reason };
    if found.manifest.artifact_type != place.kind.media() {
        return Err(foreign(format!("its type is `{}`", found.manifest.artifact_type.escape_debug())));
    }
    let files = named(&found.manifest.layers, expected).map_err(foreign)?;
    let total = files.iter().map(|(_, layer)| layer.size).sum();
    fs_err::create_dir_all(folder)?;
    let (mut before, mut done) = (0, Vec::new());
    for (name, layer) in files {
        let path = folder.join(name);
        let same = digest(&path).is_ok_and(|(sha256, _)| format!("sha256:{sha256}") == layer.digest);
        if !same {
            if path.symlink_metadata().is_ok() && !replace {
                return Err(PushError::Different { path: path.display().to_string() });
            }
            let mut file = temporary_in(folder)?;
            let (step, events, what) = (place.step.clone(), events.clone(), name.to_owned());
            let counter: Counter = Arc::new(move |got| {
                let (step, what, done) = (step.clone(), what.clone(), before + got);
                events.emit(Event::StepProgress { step, what, done, total: Some(total), bytes: true });
            });
            client.get(&place.repository, layer, file.as_file_mut(), &counter).await?;
            persist(file, &path)?;
        }
        before += layer.size;
        done.push((name.to_owned(), same));
    }
    Ok(done)
}

/// The layers with the names of their files, each checked.
fn named<'m>(layers: &'m [Descriptor], expected: &Expected) -> Result<Vec<(&'m str, &'m Descriptor)>, String> {
    let mut seen = BTreeSet::new();
    if layers.is_empty() || layers.len() > MOST {
        return Err(format!("it has {} files", layers.len()));
    }
    if layers.iter().try_fold(0_u64, |sum, layer| sum.checked_add(layer.size)).is_none_or(|sum| sum > LARGEST) {
        return Err("its files have more than 16 GiB".to_owned());
    }
    let mut files = Vec::new();
    for layer in layers {
        let name = layer.annotations.get(TITLE).map_or("", String::as_str);
        let hex = layer.digest.strip_prefix("sha256:").is_some_and(|hex| crate::names::Sha256::new(hex).is_ok());
        let shown: String = name.escape_debug().take(200).collect();
        let Some(file) = expected.file(name).filter(|_| hex) else {
            return Err(format!("`{shown}` is no name of a file that the recipe makes here"));
        };
        if !seen.insert(file) {
            return Err(format!("`{shown}` is another file of it, spelt differently or not"));
        }
        files.push((name, layer));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str) -> Descriptor {
        Descriptor {
            media_type: "x".into(),
            digest: format!("sha256:{}", crate::names::Sha256::of(name)),
            size: 3,
            annotations: [(TITLE.to_owned(), name.to_owned())].into(),
        }
    }

    #[test]
    fn names_that_would_go_elsewhere_are_refused() {
        let any = Expected { extension: Some("deb"), names: ["SHA256SUMS".to_owned()].into(), ..Expected::default() };
        let debs = Expected { names: BTreeSet::new(), ..any.clone() };
        for bad in ["", "..", ".hidden.deb", "-oDebug.deb", "../x", "a/b", "/etc/passwd", "a\\b", "a\nb", "a\u{202e}b"]
        {
            assert!(named(&[layer(bad)], &any).is_err(), "{bad:?}");
        }
        let two = [layer("a_1.0-1~deb12_all.deb"), layer("SHA256SUMS")];
        assert_eq!(named(&two, &any).unwrap().len(), 2);
        assert!(named(&[two[0].clone(), two[0].clone()], &any).is_err());
        assert!(named(&two, &debs).is_err());
        let mut huge = layer("a.deb");
        huge.size = u64::MAX;
        assert!(named(&[huge.clone(), huge], &any).is_err());
        let odd = Descriptor { digest: "sha256:../../x".into(), ..layer("a.deb") };
        assert!(named(&[odd], &any).is_err());
    }
}
