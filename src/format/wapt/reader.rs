//! WAPT packages and indexes for [`Reader`]: what `show` and `verify` know of them.

use std::{collections::BTreeMap, path::Path};

use super::{
    control::Control,
    error::WaptError,
    index::Index,
    manifest::{self, UNLISTED},
    read::{self, Package},
    setup,
    verify::{self, Refusal},
};
use crate::{
    format::{
        PackageFormat,
        reader::{
            Believed, Description, Digest, Fault, Field, Input, Part, PartKind, Reader, Refused, Relation, Script,
            Verdict,
        },
        zip::ZipError,
    },
    util::files::read_bounded,
};

/// No index file is larger: 256 MiB.
pub const LARGEST_INDEX: u64 = 256 << 20;

/// The attributes that hold lists of relations.
const RELATIONS: [&str; 2] = ["depends", "conflicts"];
/// What is another one with every signature.
const MADE_ANEW: [&str; 1] = ["signature"];

/// See the module.
#[derive(Debug)]
pub(super) struct WaptReader;

impl Reader for WaptReader {
    fn describe(&self, mut input: Input) -> Result<Description, Refused> {
        let sha256 = input.sha256().map_err(|error| refused(&error.into()))?;
        let length = input.size;
        let mut package = read::open_file(input.into_file(), length).map_err(|error| refused(&error))?;
        let mut description = described(&mut package).map_err(|error| refused(&error))?;
        description.digests.push(Digest { of: "file", algorithm: "sha256", value: sha256 });
        Ok(description)
    }

    fn verify(&self, input: Input, believed: &Believed) -> Verdict {
        let length = input.size;
        let mut package = match read::open_file(input.into_file(), length) {
            Ok(package) => package,
            Err(error) => return Verdict { faults: vec![error.to_string().into()], ..Verdict::default() },
        };
        match verify::verify(&mut package, &believed.trust, believed.now) {
            Ok(verified) => Verdict {
                package: verified.control.title(),
                signer: verified.signer.subject(),
                warnings: verified.warnings,
                ..Verdict::default()
            },
            Err(refusals) => Verdict {
                package: package.control().map(|control| control.title()).unwrap_or_default(),
                faults: refusals.iter().map(|refusal| fault(refusal, "")).collect(),
                ..Verdict::default()
            },
        }
    }

    fn asks_trust(&self) -> bool {
        true
    }

    /// What an index says of packages is signed by those who signed them.
    fn verify_index(&self, path: &Path, believed: &Believed) -> Option<Verdict> {
        let index = match read_index(path) {
            Ok(index) => index,
            Err(error) => {
                let help = error.help().map(str::to_owned);
                let text = format!("the index cannot be read: {error}");
                return Some(Verdict { faults: vec![Fault { text, help }], ..Verdict::default() });
            }
        };
        let found = index.verify(&believed.trust, believed.now);
        let faults = found
            .iter()
            .flat_map(|(file, refusals)| refusals.iter().map(move |refusal| fault(refusal, &format!("{file}: "))));
        Some(Verdict {
            package: format!("{} packages", index.packages.len()),
            faults: faults.collect(),
            unchecked: vec!["the packages themselves: only what the index says of them".to_owned()],
            ..Verdict::default()
        })
    }
}

fn refused(error: &WaptError) -> Refused {
    Refused { text: error.to_string(), help: error.help().map(str::to_owned) }
}

fn fault(refusal: &Refusal, before: &str) -> Fault {
    Fault { text: format!("{before}{refusal}"), help: refusal.help().map(str::to_owned) }
}

/// Reads the index of a repository.
///
/// # Errors
/// Where it cannot be read, is larger than [`LARGEST_INDEX`], or is no index.
pub fn read_index(path: &Path) -> Result<Index, WaptError> {
    let bytes = read_bounded(path, LARGEST_INDEX)?.ok_or(ZipError::Large("the index"))?;
    Index::read(bytes)
}

fn described(package: &mut Package) -> Result<Description, WaptError> {
    let mut description = Description::new(PackageFormat::Wapt);
    let control = package.control()?;
    description.title = control.title();
    description.fields = control.iter().filter(|(_, value)| !value.is_empty()).map(field).collect();
    description.relations = relations(&control);
    description.scripts.extend(script(package)?);
    let digests = match package.manifest_bytes()? {
        Some(bytes) => manifest::read(&bytes)?,
        None => BTreeMap::new(),
    };
    description.files = package
        .entries()
        .iter()
        .filter(|entry| !entry.is_dir)
        .map(|entry| Part {
            path: entry.name.clone(),
            kind: PartKind::File,
            size: Some(entry.size),
            sha256: digests.get(&entry.name).cloned(),
            made_anew: UNLISTED.contains(&entry.name.as_str()),
            ..Part::default()
        })
        .collect();
    description.files.sort_by(|a, b| a.path.cmp(&b.path));
    description.unchecked.push("signatures and contents: `factory verify` checks them".to_owned());
    Ok(description)
}

/// What is not read by people is shortened for them.
fn field((name, value): (&str, &str)) -> Field {
    let brief = match name {
        "signature" => Some(value.chars().take(16).chain(['…']).collect()),
        "signed_attributes" => Some(format!("{} of them", value.split(',').count())),
        _ => None,
    };
    Field { name: name.to_owned(), value: value.to_owned(), brief, made_anew: MADE_ANEW.contains(&name) }
}

fn relations(control: &Control) -> Vec<Relation> {
    let each = |kind: &'static str| {
        let all = control.get(kind).split(',').map(str::trim).filter(|text| !text.is_empty());
        all.map(move |text| Relation { kind: kind.to_owned(), text: text.to_owned() }).collect::<Vec<_>>()
    };
    RELATIONS.into_iter().flat_map(each).collect()
}

/// What agents run.
fn script(package: &mut Package) -> Result<Option<Script>, WaptError> {
    let name = "setup.py";
    let text = package.small(name, setup::LARGEST as u64)?;
    let script = |bytes: Vec<u8>| Script {
        name: name.to_owned(),
        interpreter: Some("the agent's Python".to_owned()),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    };
    Ok(text.map(script))
}
