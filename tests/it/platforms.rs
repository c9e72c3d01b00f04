//! Every platform that is brought along: its page in the docs, and the Dockerfiles that are rendered for it.

use std::{cmp::Ordering, fmt::Write as _, path::Path};

use factory::{
    engine::EngineInfo,
    pipeline::{Options, Project},
    plan::Want,
    platform::{Catalogue, Platform},
    work::Work,
};

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = [PLATFORMS]

[python]
prefix = "/opt/shop"
requirements = "requirements.txt"

[[user]]
name = "shop"
home = "/opt/shop"

[[image]]
name = "core"
repository = "shop/core"
python = ["app"]
packages = ["sudo"]
users = ["shop"]
user = "shop"
contents = [{ src = "etc", dst = "/opt/shop/etc", file_info = { group = "shop" } }]
env = { SHOP = "open" }
expose = [80]
entrypoint = ["/opt/shop/bin/shop"]

[[image]]
name = "web"
from = "core"
repository = "shop/web"
requirements = "web.txt"
"#;

/// Words and numbers in turn, so that 9 comes before 10.
fn natural(a: &Platform, b: &Platform) -> Ordering {
    let parts = |platform: &Platform| -> Vec<(u32, String)> {
        let split = platform.id.as_str().split(['-', '.']);
        split.map(|part| part.parse().map_or((0, part.to_owned()), |number| (number, String::new()))).collect()
    };
    a.family.cmp(&b.family).then_with(|| parts(a).cmp(&parts(b)))
}

/// Every distro.
fn all() -> Vec<Platform> {
    let known = Catalogue::load(None).unwrap();
    let mut all: Vec<Platform> = known.iter().filter(|platform| platform.windows.is_none()).cloned().collect();
    all.sort_by(natural);
    all
}

/// `docs/platforms.md`, made from the files. `UPDATE_DOCS=1 cargo test` writes it.
#[test]
fn the_page_of_platforms_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/platforms.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = written.split_once("| id |").unwrap();
    let tail = rest.split_once("\n\n").map(|(_, tail)| tail).unwrap();
    let mut page =
        format!("{head}| id | base image | Python | package | end of support |\n| --- | --- | --- | --- | --- |\n");
    for platform in all() {
        let Platform { id, base, python, package, eol, .. } = &platform;
        let seeded = if python.seed.is_some() { " (seeded)" } else { "" };
        let suffix = if package.suffix.is_empty() { String::new() } else { format!(" `{}`", package.suffix) };
        let codec = serde_json::to_value(package.codec).unwrap();
        let end = if eol == "9999-12-31" { "none" } else { eol };
        writeln!(
            page,
            "| `{id}` | `{}` | {}{seeded} | {}{suffix} {} | {end} |",
            base.image,
            python.version,
            package.format.as_str(),
            codec.as_str().unwrap()
        )
        .unwrap();
    }
    write!(page, "\n{tail}").unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(written == page, "docs/platforms.md is not what the files say: UPDATE_DOCS=1 cargo test page_of_platforms");
}

/// The Dockerfiles of a small recipe, as each platform gets them.
/// Whoever wants to know whether an end of support is still right finds the page beside it, and whose word was taken when.
#[test]
fn every_end_of_support_names_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms");
    let files = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    assert!(files.len() > 20);
    for path in files {
        let text = fs_err::read_to_string(&path).unwrap();
        let mut lines = text.lines().skip_while(|line| !line.starts_with("eol = \""));
        assert!(lines.next().is_some(), "{}: no end of support", path.display());
        let source = lines.next().and_then(|line| line.strip_prefix("# source: https://"));
        let date = source.and_then(|source| source.split_once(" (")?.1.strip_suffix(')')?.rsplit(' ').next());
        let date = date.and_then(|date| date.parse::<jiff::civil::Date>().ok());
        assert!(date.is_some(), "{}: `# source: https://… (whose word of 2026-08-22)` below `eol`", path.display());
    }
}

#[test]
fn dockerfiles_of_every_platform() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let platforms = all();
    let ids: Vec<String> = platforms.iter().map(|platform| format!("{:?}", platform.id.as_str())).collect();
    write("factory.toml", &RECIPE.replace("PLATFORMS", &ids.join(", ")));
    write("requirements.txt", "six==1.16.0\n");
    write("web.txt", "bottle==0.12.25\n");
    write("app/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\n");
    write("etc/shop.conf", "port = 80\n");
    let options = Options {
        any_release: false,
        project: folder.path().to_owned(),
        tag: Some("2.5.11".to_owned()),
        source_date_epoch: Some("1700000000".to_owned()),
        ca: true,
        ..Options::default()
    };
    let project = Project::open(&options).unwrap();
    let engine = EngineInfo {
        address: String::new(),
        version: "20.10.24".to_owned(),
        api: "1.41".to_owned(),
        arch: "x86_64".to_owned(),
        buildkit: true,
        root: String::new(),
        cpus: 2,
        insecure: factory::engine::Insecure::default(),
        podman: false,
        containerd: false,
    };
    let plan = project.plan(&engine, Want::All).unwrap();
    for platform in &platforms {
        let mut shown = String::new();
        for step in plan.steps.iter().filter(|step| step.platform == platform.id) {
            let dockerfile = match &step.work {
                Work::Base(work) => work.quirks.as_ref().map(|quirks| quirks.dockerfile.as_str()),
                Work::Builder(work) => Some(work.dockerfile.as_str()),
                Work::Image(work) => Some(work.dockerfile.as_str()),
                _ => None,
            };
            if let Some(dockerfile) = dockerfile {
                writeln!(shown, "==> {}\n{dockerfile}", step.id.as_str()).unwrap();
            }
        }
        let shown = without_digests(&shown);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_suffix(platform.id.as_str());
        settings.bind(|| insta::assert_snapshot!(shown));
    }
}

/// Digests of base images' names, which change with every word of a platform file.
fn without_digests(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        match line
            .strip_prefix("FROM factory.local/base:")
            .and_then(|rest| rest.split_once(" AS ").or(Some((rest, ""))))
        {
            Some((name, stage)) if !name.ends_with("as-it-came") => {
                let id = name.rsplit_once('-').map_or(name, |(id, _)| id);
                let stage = if stage.is_empty() { String::new() } else { format!(" AS {stage}") };
                writeln!(out, "FROM factory.local/base:{id}-[DIGEST]{stage}").unwrap();
            }
            _ => writeln!(out, "{line}").unwrap(),
        }
    }
    out
}
