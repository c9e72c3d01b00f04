//! Plans of a real recipe: which inputs of which steps a file of the project is in.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use crate::{
    names::{Release as ReleaseNumber, Tag, UpstreamVersion},
    plan::{Plan, PlanContext, Templates, Times, Want, make},
    platform::Catalogue,
    recipe::{RecipeFile, Release},
    source::{listing::Listing, roots::Roots},
    util::digests::Digests,
    work::image::Contexts,
};

const RECIPE: &str = r#"
[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["debian-12", "centos-7"]

[python]
prefix = "/opt/shop"
requirements = "requirements.txt"

[[image]]
name = "core"
repository = "shop/core"
python = ["app"]
contents = [{ src = "etc", dst = "/opt/shop/etc" }]

[[image]]
name = "web"
from = "core"
repository = "shop/web"
requirements = "web.txt"

[[image]]
name = "tool"
repository = "shop/tool"
dockerfile = "tool.hbs"
contents = [{ src = "tool/*.sh", dst = "/opt/tool" }]

[[package]]
name = "shop"
from = "core"
summary = "sells things"
changelog = "changes.txt"
contents = [
  { src = "/opt/shop" },
  { src = "units/shop.service", type = "service" },
]
"#;

/// The files, and the steps of each platform whose own inputs they are.
const FILES: [(&str, &[&str]); 10] = [
    ("requirements.txt", &["wheels-core", "wheels-web"]),
    ("more.txt", &["wheels-core", "wheels-web"]),
    ("web.txt", &["wheels-web"]),
    ("app/a.py", &["core"]),
    ("app/sub/b.py", &["core"]),
    ("etc/shop.conf", &["core"]),
    ("tool/run.sh", &["tool"]),
    ("tool/notes.txt", &[]),
    ("units/shop.service", &["package-shop"]),
    ("README.md", &[]),
];

/// Writes the files in this order; each has its name in it, and the words of `edited` more.
fn write(folder: &Path, order: &[usize], edited: &[bool]) {
    for at in order {
        let (name, _) = FILES[*at];
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let first = if name == "requirements.txt" { "-r more.txt\n" } else { "# a file\n" };
        // Comments of requirements change nothing.
        let edit = if Path::new(name).extension().is_some_and(|end| end == "txt") { "idna==3\n" } else { "# edited\n" };
        let more = if edited[*at] { edit } else { "" };
        fs::write(path, format!("{first}# {name}\n{more}")).unwrap();
    }
    let changes =
        "shop (1) unstable; urgency=low\n\n  * All.\n\n -- A <a@example.org>  Fri, 20 Nov 2026 09:30:00 +0000\n";
    let project = "[project]\nname = \"shop\"\nversion = \"1\"\n";
    for (name, text) in [
        ("tool.hbs", "FROM {{from}}\n"),
        ("changes.txt", changes),
        ("app/pyproject.toml", project),
        ("factory.toml", RECIPE),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

fn plan(folder: &Path, digests: &Arc<Digests>) -> Plan {
    let file = RecipeFile::load(folder).unwrap();
    let tag = Tag::new("1.0").unwrap();
    let release = Release { version: UpstreamVersion::from_tag(&tag).unwrap(), tag, release: ReleaseNumber::default() };
    let roots = Roots::for_project(folder).knowing(digests);
    let context = PlanContext {
        listing: Listing::new(&roots, digests),
        templates: Templates::new(&roots, digests.token()),
        contexts: Contexts::default(),
        roots,
        release: release.clone(),
        times: Arc::new(Times::fixed(1_700_000_000)),
        revision: String::new(),
        machine: "x86_64".to_owned(),
        ca: false,
        index_url: None,
        extra_index_urls: None,
        bases: std::collections::BTreeMap::new(),
        signer: None,
        want: Want::All,
    };
    let catalogue = Catalogue::load(None).unwrap();
    let mut plan = Plan::default();
    for id in &file.project().platforms {
        let platform = catalogue.get(id).unwrap();
        make(&mut plan, &file.resolve(platform, &release).unwrap(), platform, &context).unwrap();
    }
    plan
}

/// The steps, without their platform, whose own inputs differ; the same on every platform.
fn differing(one: &Plan, other: &Plan) -> BTreeSet<String> {
    let steps = one.steps.iter().zip(&other.steps).inspect(|(a, b)| assert_eq!(a.id, b.id));
    let changed: Vec<_> = steps.filter(|(a, b)| a.inputs != b.inputs).map(|(step, _)| step.id.as_str()).collect();
    let names: BTreeSet<String> = changed.iter().map(|id| id.split_once('/').unwrap().1.to_owned()).collect();
    assert_eq!(changed.len(), names.len() * 2, "{changed:?}");
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_file_is_an_input_of_the_steps_that_take_it(
        order in Just((0..FILES.len()).collect::<Vec<_>>()).prop_shuffle(),
        edited in prop::collection::vec(any::<bool>(), FILES.len()),
        age in 0_u64..1_000_000_000,
    ) {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(first.path(), &(0..FILES.len()).collect::<Vec<_>>(), &[false; FILES.len()]);
        let before = plan(first.path(), &Arc::default());

        // Another place, another order, other times, another umask: nothing of it changes the key.
        write(second.path(), &order, &[false; FILES.len()]);
        for (name, _) in FILES {
            let file = fs::File::options().append(true).open(second.path().join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(age)).unwrap();
            file.set_permissions(fs::Permissions::from_mode(0o640)).unwrap();
        }
        prop_assert_eq!(differing(&before, &plan(second.path(), &Arc::default())), BTreeSet::new());

        // The same project with some files edited, read by somebody who knew it before.
        fs::create_dir(first.path().join(".factory")).unwrap();
        let know = || Arc::new(Digests::for_project(first.path()));
        let known = know();
        plan(first.path(), &known);
        known.save().unwrap();
        write(first.path(), &order, &edited);
        let expected: BTreeSet<String> = FILES.iter().zip(&edited).filter(|(_, edited)| **edited)
            .flat_map(|((_, steps), _)| steps.iter().map(|step| (*step).to_owned())).collect();
        prop_assert_eq!(differing(&before, &plan(first.path(), &know())), expected);
    }
}
