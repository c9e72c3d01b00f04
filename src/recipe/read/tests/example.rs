//! The recipe of `examples/canopsis` on Debian 12.

use std::path::Path;

use super::{EXAMPLE, platform, project, release, resolve, shown, write};
use crate::{
    names::{PlatformId, Sha256},
    platform::Catalogue,
    recipe::{ContentKind, ImageSource, RecipeError, RecipeFile, UnitExpectation},
};

#[test]
fn the_example_resolves() {
    let folder = project();
    let recipe = resolve(folder.path(), EXAMPLE, "debian-12");
    assert_eq!(recipe.project.official.as_ref().map(PlatformId::as_str), Some("debian-12"));
    let python = recipe.python.unwrap();
    assert_eq!(python.no_binary, ["psutil", "pyyaml", "lxml", "pymongo"]);
    assert_eq!(python.build_packages, ["libxml2-dev", "libxslt1-dev", "libyaml-dev"]);
    let images: Vec<_> = recipe.images.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(images, ["core", "prov", "cat", "cat-prov"]);
    assert_eq!(recipe.images[0].from, ImageSource::Base);
    assert_eq!(recipe.images[0].users[0].home, "/opt/canopsis");
    assert_eq!(recipe.images[0].contents[2].info.mode, Some(0o750));
    assert_eq!(recipe.images[0].packages, ["ca-certificates", "libxml2", "libxslt1.1", "libyaml-0-2"]);
    let packages: Vec<_> = recipe.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(packages, ["canopsis-core", "canopsis-cat"]);
    assert_eq!(recipe.packages[1].depends, ["canopsis-core (= 2.5.11-1~deb12)"]);
    assert_eq!(recipe.test.units.len(), 3);
    assert_eq!(recipe.test.units[1].expectation, UnitExpectation::Alive { seconds: 3 });
}

#[test]
fn contents_get_their_places() {
    let folder = project();
    let contents = resolve(folder.path(), EXAMPLE, "debian-12").packages.swap_remove(0).contents;
    assert_eq!((contents[0].src.as_str(), contents[0].dst.as_str()), ("/opt/canopsis", "/opt/canopsis"));
    assert_eq!(contents[1].kind, ContentKind::Config { noreplace: true, missingok: false });
    assert_eq!(contents[4].dst, "/lib/systemd/system/canopsis-webserver.service");
    let ContentKind::Service(template) = &contents[5].kind else {
        panic!("{:?}", contents[5]);
    };
    assert!(!template.enable && template.start);
}

#[test]
fn a_project_folder_is_loaded() {
    let folder = project();
    write(folder.path(), "factory.toml", EXAMPLE);
    let file = RecipeFile::load(folder.path()).unwrap();
    assert_eq!(file.project().name.as_str(), "canopsis");
    assert_eq!(*file.digest(), Sha256::of(EXAMPLE));
}

#[test]
fn the_folder_of_the_example_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/canopsis");
    let file = RecipeFile::load(&folder).unwrap_or_else(|error| panic!("{}", shown(error)));
    for id in &file.project().platforms {
        let platform = platform(&Catalogue::load(Some(&folder)).unwrap(), id.as_str());
        assert!(!file.resolve(&platform, &release()).unwrap().images.is_empty());
    }
}

#[test]
fn a_folder_without_a_recipe_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = RecipeFile::load(folder.path()).unwrap_err();
    assert!(
        matches!(&error, RecipeError::Missing { folder: named, .. } if *named == folder.path().display().to_string())
    );
}

#[test]
fn an_endless_recipe_is_refused() {
    let folder = project();
    write(folder.path(), "factory.toml", &"# x\n".repeat(300_000));
    assert!(matches!(RecipeFile::load(folder.path()), Err(RecipeError::TooLarge { .. })));
}

#[test]
fn the_example_of_the_repository_resolves_with_its_own_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/canopsis");
    let file = RecipeFile::load(&folder).unwrap();
    let catalogue = Catalogue::load(None).unwrap();
    for id in &file.project().platforms {
        let recipe = file.resolve(catalogue.get(id).unwrap(), &release()).unwrap();
        assert_eq!((recipe.images.len(), recipe.packages.len()), (4, 2), "{id}");
    }
}
