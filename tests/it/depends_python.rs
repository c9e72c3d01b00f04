//! Names of Python's distributions in rpm packages: beside what rpm's own generator says of the same files.

use std::{collections::BTreeSet, fs, process::Command};

use crate::project::Project;

const RECIPE: &str = r#"[project]
name = "shop"
maintainer = "Shop Team <shop@example.org>"
license = "Apache-2.0"
platforms = ["alma-9", "alma-8", "opensuse-tumbleweed"]

[base]
bootstrap = "never"

[[package]]
name = "shop"
summary = "sells things"
dir = "tree"
"#;

const AT: &str = "tree/usr/lib/python3.9/site-packages/shop_lamp-2.5.dist-info/METADATA";

/// What `show` says of a package's relations.
fn relations(project: &Project, file: &str) -> BTreeSet<String> {
    let shown = project.done(&["show", file, "--output", "json"]);
    let described: serde_json::Value = serde_json::from_str(shown.stdout.lines().last().unwrap()).unwrap();
    let all = described["relations"].as_array().unwrap().iter();
    let all = all.map(|one| format!("{} {}", one["kind"].as_str().unwrap(), one["text"].as_str().unwrap()));
    all.filter(|text| text.contains("dist(")).collect()
}

fn project(metadata: &str) -> Project {
    let project = Project::new();
    project.write("factory.toml", RECIPE);
    project.write(AT, metadata);
    project
}

#[test]
fn names_are_written_where_the_distribution_has_them() {
    let project = project(
        "Name: Shop_Lamp\nVersion: 2.5\nRequires-Dist: requests[socks] (>=2.0,<3)\nRequires-Dist: b ; extra == 'c'\n",
    );
    project.done(&["build", "packages"]);
    let of = |text: &str| {
        let texts = text.lines().map(|line| line.trim().to_owned());
        texts.filter(|line| !line.is_empty()).collect::<BTreeSet<String>>()
    };
    assert_eq!(
        relations(&project, "packages/alma-9/shop-2.5.11-1.el9.noarch.rpm"),
        of("Provides python3.9dist(shop-lamp) = 2.5
            Provides python3dist(shop-lamp) = 2.5
            Requires (python3.9dist(requests) < 3~~ with python3.9dist(requests) >= 2)
            Requires (python3.9dist(requests[socks]) < 3~~ with python3.9dist(requests[socks]) >= 2)")
    );
    assert_eq!(
        relations(&project, "packages/alma-8/shop-2.5.11-1.el8.noarch.rpm"),
        of("Provides python3.9dist(shop-lamp) = 2.5")
    );
    let (tumbleweed, of_tumbleweed) = ("packages/opensuse-tumbleweed", BTreeSet::new());
    let files =
        fs::read_dir(project.path(tumbleweed)).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let file = files.into_iter().find(|name| name.ends_with(".rpm")).unwrap();
    assert_eq!(relations(&project, &format!("{tumbleweed}/{file}")), of_tumbleweed);
    // Which file asks.
    let run =
        project.done(&["show", "packages/alma-9/shop-2.5.11-1.el9.noarch.rpm", "--why", "(python3.9dist(requests)"]);
    assert!(run.stdout.contains("shop_lamp-2.5.dist-info/METADATA"), "{run}");
}

#[test]
fn what_is_no_requirement_is_said_and_left_out() {
    let project = project("Name: x\nVersion: 1\nRequires-Dist: a >= bananas\nRequires-Dist: b\n");
    project.done(&["build", "packages", "--platform", "alma-9"]).says(&[
        "shop_lamp-2.5.dist-info/METADATA asks for `a >= bananas`, which is no requirement (PEP 508): left out of what the package needs",
    ]);
    let all = relations(&project, "packages/alma-9/shop-2.5.11-1.el9.noarch.rpm");
    assert!(all.contains("Requires python3.9dist(b)") && all.iter().all(|one| !one.contains("(a)")), "{all:?}");
}

/// Requirements as they are written in real metadata, which rpm's own generator reads, too.
const REAL: [&str; 16] = [
    "certifi>=2017.4.17",
    "charset_normalizer (<4,>=2)",
    "PySocks (!=1.5.7,>=1.5.6) ; extra == 'socks'",
    "importlib-metadata ; python_version < \"3.8\"",
    "typing-extensions>=3.7.4; python_version < \"3.10\"",
    "zope.interface",
    "Jinja2==3.1.*",
    "attrs~=22.2",
    "cffi>=1.14,!=1.11.3; platform_python_implementation != \"PyPy\"",
    "colorama>=0.4; sys_platform == \"win32\"",
    "greenlet!=0.4.17; python_version >= \"3\" and (platform_machine == \"aarch64\" or (platform_machine == \"ppc64le\" or platform_machine == \"x86_64\"))",
    "numpy>=1.21.6; python_version < \"3.12\"",
    "pytz>=2020.1",
    "six",
    "tzdata>=2022.1.post2",
    "backports.zoneinfo[tzdata]>=0.2.1rc1; python_version<'3.9'",
];

#[test]
fn rpm_s_own_generator_says_the_same() {
    const GENERATOR: &str = "/usr/lib/rpm/pythondistdeps.py";
    let python = std::env::var_os("DEPENDS_PYTHON").unwrap_or_else(|| "python3".into());
    let has = Command::new(&python).args(["-c", "import packaging"]).output().is_ok_and(|run| run.status.success());
    if !fs::exists(GENERATOR).unwrap_or(false) || !has {
        eprintln!("skipped: there is no {GENERATOR}, or the Python that runs it has no module `packaging`");
        return;
    }
    let wanted = REAL.map(|asked| format!("Requires-Dist: {asked}\n")).concat();
    let project = project(&format!("Metadata-Version: 2.1\nName: Shop.Lamp\nVersion: 2.5.0rc1\n{wanted}\n"));
    project.done(&["build", "packages", "--platform", "alma-9"]);
    let ours = relations(&project, "packages/alma-9/shop-2.5.11-1.el9.noarch.rpm");
    let said = |words: &[&str], kind: &str| {
        let folder = project.path(AT);
        let run = Command::new(&python).arg(GENERATOR).args(words).arg(folder.parent().unwrap()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let text = String::from_utf8(run.stdout).unwrap();
        text.lines().filter(|line| line.contains("dist(")).map(|line| format!("{kind} {line}")).collect::<Vec<_>>()
    };
    // As Fedora's own attribute file calls it.
    let names = ["--normalized-names-format", "pep503", "--normalized-names-provide-both"];
    let mut theirs = said(&[&["--provides", "--majorver-provides-versions", "3.9"][..], &names].concat(), "Provides");
    theirs.extend(said(&[&["--requires", "--require-extras-subpackages"][..], &names[..2]].concat(), "Requires"));
    // rpm 4.18 itself does not yet keep pre-releases out of `<`.
    let plain = |text: &str| text.replace("~~", "");
    let ours: BTreeSet<String> = ours.iter().map(|text| plain(text)).collect();
    assert_eq!(ours, theirs.iter().map(|text| plain(text)).collect::<BTreeSet<_>>());
}
