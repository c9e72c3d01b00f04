//! What a step gave, kept in the store under its key: another checkout of the project, or the next build of this branch, does not
//! make it again.
//!
//! An image is only told of: it is used while the daemon has it. A package is kept whole.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use fs_err as fs;

use super::{
    Records, Session, Shipped, StepContext, StepError, owner,
    records::{RECORD_VERSION, blocking},
    run::Product,
};
use crate::{
    engine::EngineError,
    names::Sha256,
    plan::{RecordedFile, Step, label},
    source::store::{Fetched, Key, Kind, Label, StoreError},
    util::{
        files::{TEMPORARY, read_bounded},
        folder::{Folder, Links},
        shop::Shop,
    },
};

/// The largest product, in bytes of JSON: a line for each image and file.
const LARGEST: u64 = Kind::Product.largest();

/// What an entry of the store is called; its key says all there is to say.
const NAME: &str = "content";

/// A product as the store has it.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// How long it took to make, in milliseconds.
    took_ms: u64,
    product: Product,
}

/// Keeps what a step gave in so many milliseconds. A store that cannot be written costs time later, nothing else.
pub async fn put(step: &Step, key: &Sha256, product: &Product, took_ms: u64, session: &Session) {
    if !step.work.is_stored() {
        return;
    }
    let (entry, kept) = (entry(step, key), Kept { version: RECORD_VERSION, took_ms, product: product.clone() });
    // Who stops a run does not wait for what may be made again.
    let done = session.until_stopped(async { Ok(write_entry(&entry, &kept, session).await) }).await;
    if let Ok(Err(error)) = done {
        session.services.events.warn(format!("{error}; {} may be made again later", step.id));
    }
}

/// Keeps the files of a product, then what tells of them.
async fn write_entry(entry: &Key, kept: &Kept, session: &Session) -> Result<(), StoreError> {
    for file in &kept.product.files {
        let label = Label { name: NAME.to_owned(), sha256: file.sha256.clone(), size: file.size };
        session.services.store.put(&made(file), &label, &session.paths.project.join(&file.path)).await?;
    }
    let text = serde_json::to_vec(&kept).map_err(std::io::Error::from)?;
    let label = Label { name: NAME.to_owned(), sha256: Sha256::of(&text), size: text.len() as u64 };
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, &text)?;
    session.services.store.put(entry, &label, file.path()).await
}

/// What the store knows of a step with this key, put in its place: images that the daemon still has get their names, packages are
/// written; with how long it took to make. `None` where anything of it is missing, or everything is to be made anew.
///
/// # Errors
/// When the daemon does not answer, or the disk is full.
pub async fn restore(key: &Sha256, at: StepContext<'_>) -> Result<Option<(Product, u64)>, StepError> {
    let StepContext { step, session, .. } = at;
    if session.options.no_cache || !step.work.is_stored() {
        return Ok(None);
    }
    let places = Places::for_step(step, session);
    let aside = Shop::new(places.aside(places.listing.parent().unwrap_or(&places.project))?);
    let known = read(&entry(step, key), &aside, &places, session).await?;
    let Some(Kept { product, took_ms, .. }) = known else { return Ok(None) };
    if !are_there(step, &product, session).await? {
        return Ok(None);
    }
    if !places.accept(step, &product.files, session).await? || !places.write(&product.files, session).await? {
        return Ok(None);
    }
    let restored = step.work.runner().restore(product, at).await?;
    Ok(restored.map(|product| (product, took_ms)))
}

/// The output of what the store has of a step, as far as that can be told without taking it out. What is asked for anew is not
/// looked for.
pub async fn stored(step: &Step, content: &Sha256, session: &Session) -> Option<String> {
    if session.options.no_cache || !step.work.is_stored() {
        return None;
    }
    // Beside a plan nothing is written into the project.
    let aside = Shop::new(tempfile::tempdir().ok()?);
    let kept = read(&entry(step, content), &aside, &Places::for_step(step, session), session).await.ok()??;
    for file in &kept.product.files {
        // A store that cannot be asked is told when something is fetched of it.
        if !session.services.store.holds(&made(file)).await.unwrap_or(false) {
            return None;
        }
    }
    Some(kept.product.output)
}

/// The key of a file that a step made.
fn made(file: &RecordedFile) -> Key {
    Key { kind: Kind::Made, digest: file.sha256.clone() }
}

fn entry(step: &Step, key: &Sha256) -> Key {
    Key { kind: Kind::Product, digest: Sha256::of(format!("{} {key}", step.id)) }
}

/// Where the files of a step may lie. What a store says of paths is never taken for it.
struct Places {
    project: PathBuf,
    packages: PathBuf,
    listing: PathBuf,
}

impl Places {
    fn for_step(step: &Step, session: &Session) -> Self {
        Self {
            project: session.paths.project.clone(),
            packages: session.paths.packages.join(step.platform.as_str()),
            listing: Records::for_project(&session.paths.project).listing(&step.id),
        }
    }

    /// The path of a file; `None` of one that belongs elsewhere.
    fn path(&self, file: &RecordedFile) -> Option<PathBuf> {
        let path = self.project.join(&file.path);
        let is_plain = path.components().all(|part| !matches!(part, std::path::Component::ParentDir));
        let is_ours = path == self.listing || path.parent() == Some(&self.packages);
        (is_plain && is_ours && path.file_name().is_some()).then_some(path)
    }

    /// A folder for what comes out of the store, beside where it will lie. Gone when dropped, or with the next run.
    fn aside(&self, folder: &Path) -> std::io::Result<tempfile::TempDir> {
        let below = folder.strip_prefix(&self.project).unwrap_or(folder);
        let folder = Folder::open(&self.project, Links::Refused)?.make(below)?;
        tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(folder.path())
    }

    /// Holds a package against those of its platform before its file gets its name; `false` where the store does not have its list.
    async fn accept(&self, step: &Step, files: &[RecordedFile], session: &Session) -> Result<bool, StepError> {
        let Some(list) = files.iter().find(|file| self.path(file).as_ref() == Some(&self.listing)) else {
            return Ok(!step.work.lists_files());
        };
        let aside = Shop::new(self.aside(self.listing.parent().unwrap_or(&self.project))?);
        if !fetched(&made(list), &aside, session).await? {
            return Ok(false);
        }
        let (step, session) = (step.clone(), session.clone());
        blocking(move || step.work.accept(&step.id, Shipped::New(&aside.path().join(NAME)), &session)).await?;
        Ok(true)
    }

    /// Writes the files; `false` where the store has not all of them. One that is there already and whole stays as it is.
    async fn write(&self, files: &[RecordedFile], session: &Session) -> Result<bool, StepError> {
        for file in files {
            let Some(path) = self.path(file) else { return Ok(false) };
            if is_there(file, session).await? {
                continue;
            }
            let aside = Shop::new(self.aside(path.parent().unwrap_or(&self.project))?);
            if !fetched(&made(file), &aside, session).await? {
                return Ok(false);
            }
            fs::rename(aside.path().join(NAME), &path)?;
        }
        Ok(true)
    }
}

/// Whether a file is in its place, and what was recorded.
async fn is_there(file: &RecordedFile, session: &Session) -> Result<bool, StepError> {
    let (records, file, digests) =
        (Records::for_project(&session.paths.project), file.clone(), Arc::clone(&session.services.digests));
    blocking(move || {
        let found = records.open(&file).and_then(|open| digests.of_open(&open));
        Ok(found.is_ok_and(|(sha256, _)| sha256 == file.sha256))
    })
    .await
}

/// Whether the store had an entry, which is now in `into`. One that is damaged or cannot be read is told, and made again.
async fn fetched(key: &Key, into: &Shop, session: &Session) -> Result<bool, StepError> {
    match session.services.store.fetch(key, into).await {
        Ok(Fetched::Whole(whole)) if whole.label().name == NAME => return Ok(true),
        Ok(Fetched::Whole(whole)) => {
            let name = &whole.label().name;
            session.services.events.warn(format!("the store has {key} as `{name}`, not as `{NAME}`; it is made again"));
        }
        Ok(Fetched::Absent) => {}
        Ok(Fetched::Doubted(why)) => session.services.events.warn(why),
        Ok(Fetched::Damaged(why)) => {
            session.services.events.warn(format!("the store was damaged: {why}; it is made again"));
        }
        Err(StoreError::Io(error)) if error.kind() == std::io::ErrorKind::StorageFull => return Err(error.into()),
        Err(error) => session.services.events.warn(format!("{error}; going on without it")),
    }
    Ok(false)
}

/// The entry of a step, taken out into a folder.
async fn read(entry: &Key, aside: &Shop, places: &Places, session: &Session) -> Result<Option<Kept>, StepError> {
    if !fetched(entry, aside, session).await? {
        return Ok(None);
    }
    let text = read_bounded(&aside.path().join(NAME), LARGEST)?;
    let kept = text.and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
    let are_ours = |product: &Product| product.files.iter().all(|file| places.path(file).is_some());
    Ok(kept.filter(|kept| kept.version == RECORD_VERSION && are_ours(&kept.product)))
}

/// Whether the daemon has every image, and each is one of this step.
async fn are_there(step: &Step, product: &Product, session: &Session) -> Result<bool, EngineError> {
    for id in product.images.values() {
        let Some(image) = session.services.engine.image(id).await? else { return Ok(false) };
        // Whatever is built on it takes its output.
        let output = step.work.output_of(&image);
        if output != product.output || image.id.0 != *id {
            return Ok(false);
        }
        let is_ours = |name: &str, value: &str| image.labels.get(name).is_some_and(|found| found == value);
        if !is_ours(label::STEP, step.id.as_str()) || !is_ours(label::PROJECT, &session.ids.project) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives the images their names; what loses its last one by that goes, as after a build. Who built them, and may remove them, is
/// another checkout, or noted already.
pub async fn with_names(product: Product, session: &Session) -> Result<Option<Product>, StepError> {
    owner::names(&product.images.keys().cloned().collect::<Vec<_>>(), session).await?;
    let mut before = Vec::new();
    for (name, id) in &product.images {
        let there = session.services.engine.image(name).await?.map(|image| image.id);
        if there.as_ref().is_none_or(|there| there.0 != *id) {
            session.services.engine.tag(id, name).await?;
            before.extend(there);
        }
    }
    owner::superseded(before, session).await?;
    Ok(Some(product))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_does_not_say_where_files_lie() {
        let places = Places {
            project: "/home/me/shop".into(),
            packages: "/home/me/shop/packages/debian-12".into(),
            listing: "/home/me/shop/.factory/records/debian-12/package-shop.files".into(),
        };
        let path = |path: &str| places.path(&RecordedFile { path: path.into(), sha256: Sha256::of(""), size: 0 });
        for good in ["packages/debian-12/shop_1_all.deb", ".factory/records/debian-12/package-shop.files"] {
            assert_eq!(path(good), Some(places.project.join(good)));
        }
        for bad in [
            "packages/debian-12/../../src/main.rs",
            "packages/debian-12/..",
            "packages/debian-12/below/shop.deb",
            "packages/debian-11/shop.deb",
            ".factory/records/debian-12/package-other.files",
            "/etc/passwd",
            "",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }
}
