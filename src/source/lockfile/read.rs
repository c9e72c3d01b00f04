//! Reads a lock strictly: it comes out of a repository, and somebody may have merged it by hand.

use std::collections::BTreeMap;

use super::{LockedBase, LockedHouse, LockedWheel, Lockfile, LockfileError, VERSION};
use crate::{
    names::{Commit, ImageName, PlatformId, Sha256, SourceName, WheelFile},
    source::wheelhouse::WheelName,
    util::toml::{
        self, At, Issue, Issues, Span, Table as _, TableAt, image_reference, line, list, number, one, one_line, parsed,
        quoted, required, sub_table, table, word,
    },
};

/// Most entries of a list: far beyond any project.
const MOST: usize = 10_000;

table! {
    "the lock" struct RawLock {
        version: u32 = number(VERSION..=VERSION),
        base: Vec<At<RawBase>> = one("[[base]]", sub_table),
        source: Vec<At<RawSource>> = one("[[source]]", sub_table),
        wheelhouse: Vec<At<RawHouse>> = one("[[wheelhouse]]", sub_table),
        index: Vec<At<RawIndex>> = one("[[index]]", sub_table),
    }
}

table! {
    "[[base]]" struct RawBase {
        platform: PlatformId = parsed,
        image: String = image_reference,
        digest: String = word("digest", "`sha256:` and 64 hexadecimal digits", is_digest),
        id: String = word("id", "`sha256:` and 64 hexadecimal digits", is_digest),
    }
}

table! {
    "[[source]]" struct RawSource {
        name: SourceName = parsed,
        commit: Commit = parsed,
    }
}

table! {
    "[[wheelhouse]]" struct RawHouse {
        platform: PlatformId = parsed,
        image: ImageName = parsed,
        requirements: String = line,
        wheels: Vec<At<RawWheel>> = list(sub_table),
    }
}

table! {
    "[[index]]" struct RawIndex {
        platform: PlatformId = parsed,
        image: ImageName = parsed,
        sha256: Sha256 = parsed,
    }
}

table! {
    "a wheel" struct RawWheel {
        name: String = one_line,
        version: String = one_line,
        file: WheelFile = parsed,
        sha256: Sha256 = parsed,
        sdist: Sha256 = parsed,
    }
}

/// Reads the text of a lock.
pub(super) fn read(name: &str, text: &str) -> Result<Lockfile, LockfileError> {
    toml::read(name, text, |root, issues| {
        if let Some(version) = newer(root) {
            return Err(LockfileError::Newer { version });
        }
        let raw = RawLock::read(root, issues);
        required(&raw.version, ("version", "1"), ("the lock", &raw.span), issues);
        let mut lock = Lockfile::default();
        for base in few(raw.base.items(), issues) {
            let Some((platform, locked)) = self::base(&base.value, issues) else { continue };
            put(&mut lock.bases, platform, locked, &base.span, issues);
        }
        for source in few(raw.source.items(), issues) {
            let at = ("[[source]]", &source.span);
            let name = required(&source.value.name, ("name", "\"bricks\""), at, issues);
            let commit = required(&source.value.commit, ("commit", "\"<40 hexadecimal digits>\""), at, issues);
            if let (Some(name), Some(commit)) = (name, commit) {
                put(&mut lock.sources, name.value.clone(), commit.value.clone(), &source.span, issues);
            }
        }
        for house in few(raw.wheelhouse.items(), issues) {
            let Some((key, locked)) = self::house(&house.value, issues) else { continue };
            put(&mut lock.houses, key, locked, &house.span, issues);
        }
        for index in few(raw.index.items(), issues) {
            let Some((key, locked)) = self::index(&index.value, issues) else { continue };
            put(&mut lock.indexes, key, locked, &index.span, issues);
        }
        Ok(lock)
    })?
}

/// The form of a lock that is none of ours yet: what else it says is not ours to judge.
fn newer(root: &TableAt<'_>) -> Option<u32> {
    let version = root.field("version", &["version"], number(0..=u32::MAX), &mut Issues::default());
    version.value().copied().filter(|version| *version > VERSION)
}

fn base(raw: &RawBase, issues: &mut Issues) -> Option<(PlatformId, LockedBase)> {
    let at = ("[[base]]", &raw.span);
    let platform = required(&raw.platform, ("platform", "\"debian-12\""), at, issues);
    let image = required(&raw.image, ("image", "\"debian:bookworm-slim\""), at, issues);
    let (digest, id) = (raw.digest.value().cloned(), raw.id.value().cloned());
    let locked = LockedBase { image: image?.value.clone(), digest, id };
    Some((platform?.value.clone(), locked))
}

fn house(raw: &RawHouse, issues: &mut Issues) -> Option<((PlatformId, ImageName), LockedHouse)> {
    let at = ("[[wheelhouse]]", &raw.span);
    let platform = required(&raw.platform, ("platform", "\"debian-12\""), at, issues);
    let image = required(&raw.image, ("image", "\"core\""), at, issues);
    let requirements = required(&raw.requirements, ("requirements", "\"requirements.txt\""), at, issues);
    required(&raw.wheels, ("wheels", "[]"), at, issues);
    let mut found = BTreeMap::new();
    for wheel in few(raw.wheels.items(), issues) {
        let Some(locked) = self::wheel(&wheel.value, issues) else { continue };
        put(&mut found, locked.file.distribution(), locked, &wheel.span, issues);
    }
    let wheels = found.into_values().collect();
    let locked = LockedHouse { requirements: requirements?.value.clone(), wheels };
    Some(((platform?.value.clone(), image?.value.clone()), locked))
}

fn index(raw: &RawIndex, issues: &mut Issues) -> Option<((PlatformId, ImageName), Sha256)> {
    let at = ("[[index]]", &raw.span);
    let platform = required(&raw.platform, ("platform", "\"debian-12\""), at, issues);
    let image = required(&raw.image, ("image", "\"core\""), at, issues);
    let sha256 = required(&raw.sha256, ("sha256", "\"<64 hexadecimal digits>\""), at, issues);
    Some(((platform?.value.clone(), image?.value.clone()), sha256?.value.clone()))
}

fn wheel(raw: &RawWheel, issues: &mut Issues) -> Option<LockedWheel> {
    let at = ("a wheel", &raw.span);
    let name = required(&raw.name, ("name", "\"six\""), at, issues);
    let version = required(&raw.version, ("version", "\"1.16.0\""), at, issues);
    let file = required(&raw.file, ("file", "\"six-1.16.0-py2.py3-none-any.whl\""), at, issues);
    let sha256 = required(&raw.sha256, ("sha256", "\"<64 hexadecimal digits>\""), at, issues);
    let file = WheelName::new(file?.value.as_str())?;
    for (said, is) in [(name?, file.distribution()), (version?, file.version().to_owned())] {
        if said.value != is {
            let message = format!("{} does not go with the file, which is of {}", quoted(&said.value), quoted(&is));
            issues.add(Issue::new(&said.span, message).label("not the file's"));
        }
    }
    Some(LockedWheel { file, sha256: sha256?.value.clone(), sdist: raw.sdist.value().cloned() })
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V, span: &Span, issues: &mut Issues) {
    if map.insert(key, value).is_some() {
        issues.add(Issue::new(span, "the same twice").label("given before"));
    }
}

/// The items of a list, unless there are too many.
fn few<'i, T>(items: &'i [At<T>], issues: &mut Issues) -> &'i [At<T>] {
    match items.get(MOST) {
        None => items,
        Some(first) => {
            issues.add(Issue::new(&first.span, format!("more than {MOST} of one kind")).label("one too many"));
            &[]
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| Sha256::new(digits).is_ok())
}
