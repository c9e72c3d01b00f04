//! Overrides: which one wins, and what becomes of the rest.

use super::{EXAMPLE, catalogue, parse, platform, project, release, resolve, shown, write};
use crate::{names::PlatformId, recipe::ContentKind};

const BASE: &str = r#"
[project]
name = "x"
maintainer = "A B <a@b.org>"
license = "MIT"
platforms = ["debian-12", "noble", "rocky-9"]
[[image]]
name = "core"
repository = "x"
packages = ["everywhere"]
env = { A = "1", B = "2" }
[image.overrides.deb]
packages = ["format"]
env = { A = "3" }
[image.overrides.debian]
packages = ["family"]
[image.overrides.bookworm]
packages = ["platform"]
"#;

fn packages(id: &str) -> Vec<String> {
    resolve(project().path(), BASE, id).images.swap_remove(0).packages
}

#[test]
fn the_most_specific_wins() {
    assert_eq!(packages("debian-12"), ["platform"]);
    assert_eq!(packages("ubuntu-24.04"), ["family"]);
    assert_eq!(packages("rocky-9"), ["format"]);
}

#[test]
fn order_in_the_text_does_not_matter() {
    let (base, layers) = BASE.split_once("[image.overrides.deb]\n").unwrap();
    let (format, rest) = layers.split_once("[image.overrides.debian]").unwrap();
    let turned = format!("{base}[image.overrides.debian]{rest}[image.overrides.deb]\n{format}");
    assert_eq!(resolve(project().path(), &turned, "debian-12").images[0].packages, ["platform"]);
}

#[test]
fn a_key_replaces_the_whole_value() {
    let env = resolve(project().path(), BASE, "debian-12").images.swap_remove(0).env;
    assert_eq!(env.into_iter().collect::<Vec<_>>(), [("A".to_owned(), "3".to_owned())]);
}

#[test]
fn aliases_become_ids() {
    let file = parse(project().path(), BASE).unwrap_or_else(|error| panic!("{}", shown(error)));
    let ids: Vec<_> = file.project().platforms.iter().map(PlatformId::as_str).collect();
    assert_eq!(ids, ["debian-12", "ubuntu-24.04", "rocky-9"]);
}

#[test]
fn scripts_licence_and_version_of_the_platform() {
    let folder = project();
    write(folder.path(), "scripts/post.sh", "#!/bin/sh\necho done\n");
    let text = EXAMPLE.replace(
        "without = [\"canopsis-core\"]",
        "without = [\"canopsis-core\"]\nlicense_file = \"LICENSE\"\nscripts = { postinstall = \"scripts/post.sh\" }",
    );
    let package = resolve(folder.path(), &text, "debian-12").packages.swap_remove(1);
    assert_eq!(package.scripts.postinstall, "echo done\n");
    assert_eq!(package.copyright.license_file.as_deref(), Some("LICENSE".as_ref()));
    assert_eq!(package.without[0].as_str(), "canopsis-core");
}

#[test]
fn places_of_units_and_documents() {
    let text = EXAMPLE.replace(
        "{ src = \"units/canopsis-webserver.service\", type = \"service\" },",
        "{ src = \"LICENSE\", type = \"license\" }, { src = \"requirements.txt\", type = \"doc\" },
         { src = \"etc/canopsis.conf\", dst = \"/etc/canopsis/\", type = \"config\" },
         { src = \"../lib/x\", dst = \"/usr/lib/x\", type = \"symlink\" },
         { src = \"/opt/canopsis/**/*.pyc\", type = \"exclude\" },",
    );
    let folder = project();
    let contents = resolve(folder.path(), &text, "debian-12").packages.swap_remove(0).contents;
    let places: Vec<_> = contents[4..9].iter().map(|entry| (entry.src.as_str(), entry.dst.as_str())).collect();
    assert_eq!(
        places,
        [
            ("LICENSE", "/usr/share/doc/canopsis-core/LICENSE"),
            ("requirements.txt", "/usr/share/doc/canopsis-core/requirements.txt"),
            ("etc/canopsis.conf", "/etc/canopsis/canopsis.conf"),
            ("../lib/x", "/usr/lib/x"),
            ("/opt/canopsis/**/*.pyc", "/opt/canopsis/**/*.pyc"),
        ]
    );
    assert_eq!(contents[6].kind, ContentKind::Config { noreplace: false, missingok: false });
}

#[test]
fn a_platform_beside_the_recipes_own_may_not_fit() {
    let folder = project();
    let text = EXAMPLE
        .replace("requirements = \"requirements.txt\"\n", "")
        .replace("[python.overrides.debian]", "[python.overrides.debian]\nrequirements = \"requirements.txt\"");
    let file = parse(folder.path(), &text).unwrap_or_else(|error| panic!("{}", shown(error)));
    let error = file.resolve(&platform(&catalogue(), "rocky-9"), &release()).unwrap_err();
    assert_eq!(error.issues()[0].issue.message, "missing key `requirements` in [python]");
}

#[test]
fn packages_are_collected_from_where_the_format_has_them() {
    let text = BASE.to_owned()
        + "[[package]]\nname = \"tools\"\nfrom = \"core\"\ncollect = [\"/packages//*.deb\"]\n\
           [package.overrides.rocky-9]\ncollect = [\"/root/rpmbuild/RPMS/**/*.rpm\", \"/a.rpm\"]\n";
    let collect = |id: &str| resolve(project().path(), &text, id).packages.swap_remove(0).collect;
    assert_eq!(collect("debian-12"), ["/packages/*.deb"]);
    assert_eq!(collect("rocky-9"), ["/root/rpmbuild/RPMS/**/*.rpm", "/a.rpm"]);
}
