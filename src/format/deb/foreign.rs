//! Debian packages, read strictly after deb(5): `debian-binary`, `control.tar`, `data.tar`, in this order, and nothing
//! that dpkg would refuse at installation.

mod ar;
mod control;
mod judge;

use std::io::{BufRead as _, BufReader, Read};

use self::{ar::Ar, control::Control};
use crate::{
    format::{
        PackageFormat,
        foreign::{
            Bounds, Foreign, ForeignError, Item, Seen,
            codec::{Packing, cause, drain_zeros},
            contents::{Contents, Rules},
            error::{malformed, shown},
            is_name, is_version,
        },
        reader::{Piece, Reader, Streamed},
    },
    stage::{Limits, StageError},
};

/// What a Debian package begins with.
const MAGIC: &[u8] = b"!<arch>\n";
/// The most members of its archive: dpkg-deb writes three.
const MOST_MEMBERS: usize = 1000;
/// The most that `control.tar` may unpack to: 128 MiB. A list of sums has 100 bytes a file.
const LARGEST_CONTROL: u64 = 128 << 20;

/// How Debian packages are read.
pub(super) const READER: &dyn Reader = &Streamed { format: PackageFormat::Deb, magic: MAGIC, examine };

/// Reads a package. What is wrong with its files is noted, and what it says of itself is read all the same.
fn examine(reader: &mut dyn Read, limits: &Limits, bounds: Bounds, seen: &mut Seen) -> Result<(), ForeignError> {
    let mut archive = Ar::start(reader)?;
    is_version_two(&mut archive)?;
    let (mut control, mut data): (Option<Control>, Option<Option<Contents>>) = (None, None);
    while let Some(member) = archive.next()? {
        if seen.description.pieces.len() >= MOST_MEMBERS {
            return Err(malformed("its archive has more than 1,000 members"));
        }
        seen.description.pieces.push(Piece { name: member.name.clone(), size: Some(member.size) });
        // deb(5) keeps such names for what older programs may pass over: signatures, mostly.
        if member.name.starts_with('_') {
            let name = shown(member.name.as_bytes());
            seen.description.unchecked.push(format!("`{name}`, which dpkg passes over: a signature, if it is one"));
            continue;
        }
        let inner = |stem: &str| member.name.strip_prefix(stem).map(str::to_owned);
        match (inner("control.tar"), inner("data.tar")) {
            (Some(extension), _) if control.is_none() => {
                let most = LARGEST_CONTROL;
                let read =
                    unpacked(&mut archive, &member.name, &extension, (bounds, most), |tar| Control::read(tar, limits))?;
                judge::described(&read, seen);
                if let (Some(programs), Ok(arch)) = (&mut seen.programs, read.required("Architecture")) {
                    programs.are_for(arch);
                }
                control = Some(read);
            }
            (_, Some(extension)) if control.is_some() && data.is_none() => {
                let bounds = control.as_ref().and_then(Control::installed).map_or(bounds, |size| bounds.about(size));
                let read = unpacked(&mut archive, &member.name, &extension, (bounds, u64::MAX), |tar| {
                    Contents::read(tar, limits, Rules { pax: false, numbers: false }, seen)
                });
                data = Some(seen.take(read));
            }
            _ => {
                let name = shown(member.name.as_bytes());
                return Err(malformed(format!("`{name}` is not the member that deb(5) wants there")));
            }
        }
    }
    let missing = |what: &str| malformed(format!("it has no `{what}`"));
    let control = control.ok_or_else(|| missing("control.tar"))?;
    let data = data.ok_or_else(|| missing("data.tar"))?;
    let package = seen.take(describe(&control));
    judge::fields(&control, seen);
    let Some(mut data) = data else { return Ok(()) };
    let keys = std::mem::take(&mut data.keys);
    control.marks(&mut data, seen);
    if seen.lists_files {
        seen.description.files = data.parts("/");
        control.say_of(&mut seen.description.files);
    }
    let files: Vec<Item> = data.items.finish(seen);
    seen.foreign = package.map(|package| Foreign { files, keys, ..package });
    Ok(())
}

/// The first member says which format follows.
fn is_version_two<R: Read>(archive: &mut Ar<R>) -> Result<(), ForeignError> {
    let first = archive.next()?.filter(|member| member.name == "debian-binary" && member.size <= 64);
    if first.is_none() {
        return Err(malformed("its first member is not `debian-binary`"));
    }
    let mut text = String::new();
    archive.content().read_to_string(&mut text)?;
    let minor = text.strip_prefix("2.").and_then(|rest| rest.split_once('\n')).map(|(minor, _)| minor);
    match minor {
        Some(minor) if !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
        _ => Err(ForeignError::Unsupported(format!("the format version `{}`, not 2.0", shown(text.as_bytes())))),
    }
}

/// Reads an inner archive to its very end, so that the checksums of its compression are held against it.
fn unpacked<R: Read, T>(
    archive: &mut Ar<R>,
    name: &str,
    extension: &str,
    (bounds, most): (Bounds, u64),
    read: impl FnOnce(&mut dyn Read) -> Result<T, ForeignError>,
) -> Result<T, ForeignError> {
    let packing = Packing::of_extension(extension).ok_or_else(|| {
        ForeignError::Unsupported(format!(
            "a `{}`: only .gz, .bz2, .xz, .zst and .lzma are read",
            shown(name.as_bytes())
        ))
    })?;
    let mut packed = BufReader::new(archive.content());
    let made = {
        let mut plain = bounds.bounded(packing.unpack(&mut packed)?, most);
        let made = read(&mut plain).map_err(|error| in_member(cause(error, &mut plain), name))?;
        drain_zeros(&mut plain)?;
        made
    };
    if !packed.fill_buf()?.is_empty() {
        return Err(malformed(format!("`{name}` is more than one compressed stream, which dpkg does not read")));
    }
    Ok(made)
}

fn in_member(error: ForeignError, name: &str) -> ForeignError {
    match error {
        ForeignError::Tar { source: StageError::Read(error), .. } => error.into(),
        ForeignError::Tar { source, .. } => ForeignError::Tar { member: name.to_owned(), source },
        error => error,
    }
}

/// What it says of itself, for whoever ships it.
fn describe(control: &Control) -> Result<Foreign, ForeignError> {
    let name = control.required("Package")?;
    let whole = control.required("Version")?;
    let arch = control.required("Architecture")?;
    let bad = |field: &str, value: &str| malformed(format!("`{}` cannot be its {field}", shown(value.as_bytes())));
    let (epoch, rest) = whole.split_once(':').unwrap_or(("", whole));
    let (version, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if !is_name(name) {
        return Err(bad("name", name));
    }
    let numbered = epoch.len() <= 9 && epoch.bytes().all(|b| b.is_ascii_digit()) && !whole.starts_with(':');
    if !numbered || !is_version(version, b"-:") || (rest.contains('-') && !is_version(revision, b"")) {
        return Err(bad("version", whole));
    }
    if !is_version(arch, b"-") {
        return Err(bad("architecture", arch));
    }
    let (summary, description) = control.description();
    Ok(Foreign {
        format: PackageFormat::Deb,
        name: name.to_owned(),
        epoch: epoch.to_owned(),
        version: version.to_owned(),
        revision: revision.to_owned(),
        arch: arch.to_owned(),
        summary,
        description,
        depends: ["Pre-Depends", "Depends"].into_iter().flat_map(|field| control.list(field)).collect(),
        files: Vec::new(),
        keys: Vec::new(),
        capabilities: Vec::new(),
        remarks: control.remarks.clone(),
    })
}
