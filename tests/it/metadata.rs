//! What a package says of itself on every platform: the same recipe in the words of each.

use std::{fmt::Write as _, fs, path::Path};

use factory::{
    format::PackageFormat,
    platform::{Catalogue, Platform},
};
use rpm::Package;

use crate::{deb, project::Project};

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = [PLATFORMS]

[base]
bootstrap = "never"

[[user]]
name = "shop"
home = "/opt/shop"

[[image]]
name = "core"
repository = "shop/core"

[[package]]
name = "shop"
from = "core"
summary = "sells things"
contents = [
  { src = "/opt/shop" },
  { src = "/opt/shop/etc/**", type = "config|noreplace" },
  { src = "units/shop.service", type = "service" },
]
users = ["shop"]
depends = ["sudo (>= 1.8)"]
recommends = ["postfix"]
conflicts = ["old-shop (<< 2)"]
provides = ["shop-api (= {{version}})"]
[package.overrides.deb]
suggests = ["apache2 | nginx"]
[package.overrides.rpm]
depends = ["sudo >= 1.8"]
"#;

/// The fields of an rpm that differ from platform to platform, as text.
fn header(file: &Path) -> String {
    let package = Package::open(file).unwrap();
    let metadata = &package.metadata;
    let mut out = String::new();
    writeln!(out, "{} {}", metadata.get_nevra().unwrap(), metadata.get_license().unwrap()).unwrap();
    writeln!(out, "payload: {:?}", metadata.get_payload_compressor().unwrap()).unwrap();
    let mut relations = |word: &str, all: Vec<rpm::Dependency>| {
        for relation in all {
            writeln!(out, "{word}: {} {:?} {}", relation.name, relation.flags, relation.version).unwrap();
        }
    };
    relations("requires", metadata.get_requires().unwrap());
    relations("recommends", metadata.get_recommends().unwrap_or_default());
    relations("conflicts", metadata.get_conflicts().unwrap_or_default());
    relations("provides", metadata.get_provides().unwrap());
    for file in metadata.get_file_entries().unwrap() {
        writeln!(out, "{:?} {}", file.flags(), file.path().display()).unwrap();
    }
    out
}

#[test]
fn packages_of_every_platform() {
    let project = Project::new();
    let all: Vec<Platform> = Catalogue::load(None)
        .unwrap()
        .iter()
        .filter(|platform| platform.package.format != PackageFormat::Apk && platform.windows.is_none())
        .cloned()
        .collect();
    let ids: Vec<String> = all.iter().map(|platform| format!("{:?}", platform.id.as_str())).collect();
    project.write("factory.toml", &RECIPE.replace("PLATFORMS", &ids.join(", ")));
    project.done(&["build", "packages"]);
    for platform in &all {
        let folder = project.path(&format!("packages/{}", platform.id));
        let mut shown = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            match platform.package.format {
                PackageFormat::Deb if name.ends_with(".deb") => {
                    let bytes = fs::read(&file).unwrap();
                    writeln!(shown, "==> {name}\n{}", deb::control(&bytes, "control")).unwrap();
                    writeln!(shown, "{}", deb::listing(&bytes).join("\n")).unwrap();
                }
                PackageFormat::Rpm if name.ends_with(".rpm") => write!(shown, "==> {name}\n{}", header(&file)).unwrap(),
                _ => assert_eq!(name, "SHA256SUMS"),
            }
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_suffix(platform.id.as_str());
        settings.bind(|| insta::assert_snapshot!(shown));
    }
}

#[test]
fn what_an_old_rpm_does_not_know() {
    let project = Project::new();
    project.write("factory.toml", &RECIPE.replace("PLATFORMS", "\"centos-7\""));
    let run = project.done(&["build", "packages"]);
    assert!(run.stderr.contains("shop: recommends, suggests and enhances are left out"), "{run}");
    project.edit("factory.toml", "depends = [\"sudo >= 1.8\"]", "depends = [\"postfix | sendmail\"]");
    let run = project.run(&["build", "packages"]);
    run.assert_code(2);
    shows!(project, run.stderr);
}
