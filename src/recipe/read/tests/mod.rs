//! Tests of the recipe reader: the example, the errors as people see them, and that no text makes it panic.

pub(crate) mod errors;
mod example;
mod garbage;
mod overrides;

use std::path::Path;

use super::{RecipeError, RecipeFile};
use crate::{
    diag::{Failure, render},
    names::{PlatformId, Tag, UpstreamVersion},
    platform::{Catalogue, Platform},
    recipe::{Recipe, Release},
};

/// A recipe with everything in it, as the example had it once: the tests break it one word at a time.
const EXAMPLE: &str = include_str!("canopsis.toml");

/// The files that the example names, as empty as they may be.
const FILES: [&str; 10] = [
    "requirements.txt",
    "pyproject.toml",
    "cat/requirements.txt",
    "cat/pyproject.toml",
    "etc/canopsis.conf",
    "db/load.d/one.json",
    "units/canopsis-webserver.service",
    "units/canopsis-engine@.service",
    "units/canopsis-engine-cat@.service",
    "LICENSE",
];

/// A project with the example's files.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES {
        let text = if file.ends_with("pyproject.toml") { "[project]\nname = \"x\"\nversion = \"1\"\n" } else { "" };
        write(folder.path(), file, text);
    }
    folder
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

/// The platform brought along, and others made from its file.
fn catalogue() -> Catalogue {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../../../platforms/debian-12.toml");
    let ubuntu = text
        .replace("debian-12", "ubuntu-24.04")
        .replace("\"bookworm\", \"debian-bookworm\"", "\"noble\"")
        .replace("~deb12", "~ubuntu24.04");
    let rocky = text
        .replace("debian-12", "rocky-9")
        .replace("\"debian\"", "\"rhel\"")
        .replace("\"bookworm\", \"debian-bookworm\"", "\"el9\"")
        .replace("~deb12", ".el9");
    write(folder.path(), "platforms/ubuntu-24.04.toml", &ubuntu);
    write(folder.path(), "platforms/rocky-9.toml", &rocky);
    Catalogue::load(Some(folder.path())).unwrap()
}

fn platform(catalogue: &Catalogue, id: &str) -> Platform {
    catalogue.get(&PlatformId::new(id).unwrap()).unwrap().clone()
}

fn release() -> Release {
    let tag = Tag::new("2.5.11").unwrap();
    Release { version: UpstreamVersion::from_tag(&tag).unwrap(), tag, release: crate::names::Release::default() }
}

fn parse(folder: &Path, text: &str) -> Result<RecipeFile, RecipeError> {
    RecipeFile::parse("factory.toml", text, folder, &catalogue())
}

fn resolve(folder: &Path, text: &str, id: &str) -> Recipe {
    let catalogue = catalogue();
    let file = RecipeFile::parse("factory.toml", text, folder, &catalogue);
    let file = file.unwrap_or_else(|error| panic!("{}", shown(error)));
    file.resolve(&platform(&catalogue, id), &release()).unwrap_or_else(|error| panic!("{}", shown(error)))
}

fn shown(error: RecipeError) -> String {
    render(&Failure::from(error), 80, false)
}
