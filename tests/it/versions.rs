//! What becomes of a tag and of an epoch in packages.

use std::fs;

use rpm::Package;

use crate::{deb, project::Project};

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12", "rocky-9"]

[base]
bootstrap = "never"

[[image]]
name = "core"
repository = "shop/core"

[[package]]
name = "shop"
epoch = 2
from = "core"
summary = "sells things"
contents = [{ dst = "/opt/shop", type = "dir" }]
provides = ["shop-api (= {{version}})"]

[[package]]
name = "shop-web"
from = "core"
summary = "shows things"
contents = [{ dst = "/opt/web", type = "dir" }]
depends = ["shop (= {{version}})", "shop-api (>= {{version}})"]
provides = ["web (= {{version}})"]
"#;

#[test]
fn an_epoch_is_in_the_package_and_in_what_others_say_of_it() {
    let project = Project::new();
    project.write("factory.toml", RECIPE);
    project.done(&["build", "packages", "--tag", "2.5.0rc1"]);
    let control = |name: &str| {
        let file = project.path(&format!("packages/debian-12/{name}_2.5.0~rc1-1~deb12_all.deb"));
        deb::control(&fs::read(file).unwrap(), "control")
    };
    let shop = control("shop");
    assert!(shop.contains("\nVersion: 2:2.5.0~rc1-1~deb12\n"), "{shop}");
    assert!(shop.contains("\nProvides: shop-api (= 2:2.5.0~rc1-1~deb12)\n"), "{shop}");
    let web = control("shop-web");
    assert!(web.contains("\nVersion: 2.5.0~rc1-1~deb12\n"), "{web}");
    let depends = "\nDepends: shop (= 2:2.5.0~rc1-1~deb12), shop-api (>= 2:2.5.0~rc1-1~deb12)\n";
    assert!(web.contains(depends), "{web}");
    assert!(web.contains("\nProvides: web (= 2.5.0~rc1-1~deb12)\n"), "{web}");

    let header = |name: &str| {
        let file = project.path(&format!("packages/rocky-9/{name}-2.5.0~rc1-1.el9.noarch.rpm"));
        Package::open(file).unwrap().metadata
    };
    assert_eq!(header("shop").get_epoch().unwrap(), 2);
    assert!(header("shop-web").get_epoch().is_err());
    let requires = header("shop-web").get_requires().unwrap();
    let shop = requires.iter().find(|it| it.name == "shop").unwrap();
    assert_eq!(shop.version, "2:2.5.0~rc1-1.el9");
}

#[test]
fn an_epoch_is_a_number() {
    let project = Project::new();
    project.write("factory.toml", &RECIPE.replace("epoch = 2", "epoch = \"2\""));
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
}

#[test]
fn a_tag_that_may_mean_two_versions() {
    let project = Project::new();
    let mut said = String::new();
    for tag in ["2.5.0-1", "2.5.0-hotfix.2", "2.5.0~rc1", "1!2.5.0", "develop", "release-2.5.0"] {
        let run = project.run(&["build", "--tag", tag]);
        run.assert_code(2);
        said.push_str(&run.stderr);
    }
    shows!(project, said);
}

#[test]
fn how_a_doubtful_tag_was_read_is_said() {
    let project = Project::new();
    let run = project.done(&["plan", "--tag", "2.5.0-rc.1-preview.2"]);
    assert!(run.stderr.contains("by the letter of SemVer"), "{run}");
    assert!(!project.done(&["plan", "--tag", "2.5.0-rc.1"]).stderr.contains("SemVer"));
}
