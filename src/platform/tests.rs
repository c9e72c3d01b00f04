//! The catalogue: what is brought along, what a project adds, and the mistakes of platform files.

use std::path::Path;

use super::{Catalogue, Family};
use crate::format::facts::PackageFormat;
use crate::{
    diag::{Failure, render},
    names::PlatformId,
};

const DEBIAN: &str = include_str!("../../platforms/debian-12.toml");

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir(folder.path().join("platforms")).unwrap();
    for (file, text) in files {
        fs_err::write(folder.path().join("platforms").join(file), text).unwrap();
    }
    folder
}

/// The errors of a project's platforms, without the path of the temporary folder.
fn errors(files: &[(&str, &str)]) -> String {
    let folder = project(files);
    let error = Catalogue::load(Some(folder.path())).unwrap_err();
    let path = format!("{}/", folder.path().display());
    render(&Failure::from(error), 80, false).replace(&path, "")
}

#[test]
fn debian_is_brought_along() {
    let catalogue = Catalogue::load(None).unwrap();
    let debian = catalogue.get(&PlatformId::new("debian-12").unwrap()).unwrap();
    assert_eq!((debian.family, debian.package.format), (Family::Debian, PackageFormat::Deb));
    assert_eq!(debian.package.arch["x86_64"].as_str(), "amd64");
    assert_eq!(debian.base.bootstrap.as_ref().unwrap().suite, "bookworm");
    assert_eq!(catalogue.find("bookworm").unwrap(), debian);
    assert_eq!(catalogue.find(" Debian-12 ").unwrap(), debian);
}

#[test]
fn unknown_platforms_have_a_nearest() {
    let unknown = Catalogue::load(None).unwrap().find("debain-12").unwrap_err();
    assert_eq!(unknown.to_string(), "unknown platform `debain-12`");
    assert_eq!(unknown.nearest.as_deref(), Some("debian-12"));
    assert!(unknown.help().starts_with("did you mean `debian-12`? known: `alma-10`, "));
    assert_eq!(Catalogue::load(None).unwrap().find("").unwrap_err().nearest, None);
}

#[test]
fn a_file_of_the_project_wins() {
    let own = DEBIAN.replace("debian:bookworm-slim", "registry.example.org/debian:12");
    let folder = project(&[("debian-12.toml", &own), ("README.md", "")]);
    let catalogue = Catalogue::load(Some(folder.path())).unwrap();
    assert_eq!(catalogue.find("debian-12").unwrap().base.image, "registry.example.org/debian:12");
    assert_ne!(
        catalogue.find("debian-12").unwrap().digest,
        Catalogue::load(None).unwrap().find("debian-12").unwrap().digest
    );
}

#[test]
fn a_project_without_platforms_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Catalogue::load(Some(folder.path())).unwrap().iter().count(), super::embedded::EMBEDDED.len());
    assert!(Catalogue::load(Some(Path::new("/does/not/exist"))).is_ok());
}

#[test]
fn values_are_checked() {
    let bad = DEBIAN
        .replace("eol = \"2028-06-30\"", "eol = \"2028-06-31\"")
        .replace("interpreter = \"/usr/bin/python3\"", "interpreter = \"python3\"")
        .replace("tool = \"mmdebstrap\"", "tool = \"debootstrap\"")
        .replace("\"build-essential\"", "\"build essential\"")
        .replace("codec = \"xz\"", "codec = \"zx\"")
        .replace("suffix = \"~deb12\"", "sufix = \"~deb12\"");
    insta::assert_snapshot!(errors(&[("debian-12.toml", &bad)]));
}

#[test]
fn every_file_is_reported_at_once() {
    let other = DEBIAN.replace("id = \"debian-12\"", "id = \"debian-13\"").replace("\"bookworm\", ", "\"rhel\", ");
    insta::assert_snapshot!(errors(&[("debian-12.toml", "id = 12\n"), ("debian-14.toml", &other)]));
}

#[test]
fn aliases_name_one_platform() {
    let other = DEBIAN.replace("id = \"debian-12\"", "id = \"debian-99\"").replace(", \"debian-bookworm\"", "");
    insta::assert_snapshot!(errors(&[("debian-99.toml", &other)]));
}

#[test]
fn a_folder_called_like_a_file_is_refused() {
    let folder = project(&[]);
    fs_err::create_dir(folder.path().join("platforms/x.toml")).unwrap();
    let error = Catalogue::load(Some(folder.path())).unwrap_err();
    assert!(error.to_string().contains("is a folder, not a file"), "{error}");
}

#[test]
fn nothing_of_a_platform_runs_on_this_machine_or_trusts_more() {
    let more = |lines: &str| {
        let text = DEBIAN.replace("include = [\"ca-certificates\"]\n", "").replace("debian-12", "debian-99");
        text.replace("variant = \"minbase\"", &format!("variant = \"minbase\"\n{lines}"))
    };
    let shown = [
        "options = [\"APT::Update::Pre-Invoke {\\\"id > /tmp/x; false\\\";};\"]",
        "options = [\"Acquire::AllowInsecureRepositories \\\"true\\\"\"]",
        "options = [\"/etc/passwd\"]",
        "options = [\"Acquire::Retries \\\"many\\\"\"]",
        "mirror = \"[trusted=yes] http://x.example.org/debian\"",
        "mirror = \"copy:///srv/x\"",
        "mirror = \"http://x.example.org/a\\ndeb [trusted=yes] http://y.example.org/ x main\"",
        "include = [\"./x.deb\"]",
        "include = [\"-oDebug=1\"]",
        "components = [\"main --hook-dir=x\"]",
        "keyring = { package = \"x\", suite = \"y\", file = \"/root/.ssh/id_rsa\" }",
        "keyring = { package = \"x\", suite = \"y\", file = \"/usr/share/keyrings/../../../etc/shadow\" }",
        "keyring = { package = \"x\", suite = \"y\", file = \"/usr/share/keyrings\" }",
        "keyring = { file = \"keys/a.gpg\" }",
        "keyring = { file = \"../a.gpg\", sha256 = \"0\" }",
        "keyring = { package = \"x\", suite = \"y\", file = \"/usr/share/keyrings/a.gpg\", sha256 = \"HASH\" }",
        "keyring = { package = \"x\", suite = \"y\", file = \"keys/a.gpg\", sha256 = \"HASH\" }",
    ]
    .map(|lines| errors(&[("debian-99.toml", &more(&lines.replace("HASH", &"a".repeat(64))))]));
    insta::assert_snapshot!(shown.join("\n"));
    let variant = DEBIAN.replace("\"minbase\"", "\"custom\"");
    assert!(errors(&[("debian-12.toml", &variant)]).contains("expected one of `minbase`"));
}
