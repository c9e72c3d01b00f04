//! What a tree's Python distributions give and need, as pythondistdeps answers.

use super::*;

fn found(path: &str, text: &str, names: &Names) -> (Vec<String>, Vec<String>, Vec<String>) {
    found_of(&[(path, text)], names)
}

fn found_of(files: &[(&str, &str)], names: &Names) -> (Vec<String>, Vec<String>, Vec<String>) {
    let one = |(path, text): &(&str, &str)| Metadata { path: (*path).to_owned(), text: (*text).to_owned() };
    let all: Vec<Metadata> = files.iter().map(one).collect();
    let mut found = Found::default();
    let odd = add(&all, names, "x86_64", &mut found);
    let keys = |all: &std::collections::BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect();
    (keys(&found.provides), keys(&found.requires), odd.into_iter().collect())
}

fn names() -> Names {
    Names { needs: true, default: "3.9".to_owned() }
}

const AT: &str = "/usr/lib/python3.9/site-packages/Shop.Lamp-2.5.0rc1.dist-info/METADATA";

#[test]
fn what_a_distribution_gives() {
    let text = "Metadata-Version: 2.1\nName: Shop.Lamp\nVersion: 2.5.0rc1\n\nName: other\n";
    let (provides, requires, odd) = found(AT, text, &names());
    assert_eq!(
        provides,
        [
            "python3.9dist(shop-lamp) = 2.5~rc1",
            "python3.9dist(shop.lamp) = 2.5~rc1",
            "python3dist(shop-lamp) = 2.5~rc1",
            "python3dist(shop.lamp) = 2.5~rc1",
        ]
    );
    assert_eq!((requires.len(), odd.len()), (0, 0));
    // Of another Python than the system's only the one name; in EL 8 the version as it is.
    let other = Names { needs: false, default: "3.6".to_owned() };
    assert_eq!(found(AT, text, &other).0, ["python3.9dist(shop.lamp) = 2.5.0rc1"]);
    for elsewhere in [
        "/opt/x/lib/python3.9/site-packages/x-1.dist-info/METADATA",
        "/usr/lib/python3.9/site-packages/below/x-1.dist-info/METADATA",
        "/usr/lib/python3.9/site-packages/x-1.dist-info/RECORD",
        "/usr/lib/python2.7/site-packages/x-1.dist-info/METADATA",
        "/usr/local/lib/python3.9/site-packages/x-1.dist-info/METADATA",
    ] {
        assert_eq!(found(elsewhere, text, &names()), Default::default(), "{elsewhere}");
    }
}

#[test]
fn what_a_distribution_needs() {
    let needed = |asked: &str| {
        let (_, requires, odd) = found(AT, &format!("Name: x\nVersion: 1\nRequires-Dist: {asked}\n"), &names());
        assert_eq!(odd, Vec::<String>::new(), "{asked}");
        requires.join(", ")
    };
    for (asked, relation) in [
        ("Requests", "python3.9dist(requests)"),
        ("zope.interface (>=4.0.0)", "python3.9dist(zope-interface) >= 4"),
        ("a<2", "python3.9dist(a) < 2~~"),
        ("a<2rc1", "python3.9dist(a) < 2~rc1"),
        ("a>1", "python3.9dist(a) > 1.0"),
        ("a==1.*", "(python3.9dist(a) >= 1 with python3.9dist(a) < 2)"),
        ("a===1.0.post2", "python3.9dist(a) = 1^post2"),
        ("a!=1.2.*", "(python3.9dist(a) < 1.2~~ or python3.9dist(a) >= 1.3)"),
        ("a!=1.2.0", "(python3.9dist(a) < 1.2 or python3.9dist(a) > 1.2)"),
        ("a~=1.4.2", "(python3.9dist(a) >= 1.4.2 with python3.9dist(a) < 1.5)"),
        ("a~=1!2.0", "(python3.9dist(a) >= 1:2 with python3.9dist(a) < 1:3)"),
        (
            "a>=1,<2,!=1.5",
            "((python3.9dist(a) < 1.5 or python3.9dist(a) > 1.5) with python3.9dist(a) < 2~~ with python3.9dist(a) >= 1)",
        ),
        ("a[Socks]>=1", "python3.9dist(a) >= 1, python3.9dist(a[socks]) >= 1"),
        ("a @ https://example.org/a;b.zip ; python_version >= '3'", "python3.9dist(a)"),
        ("a ; python_version < '3.10' and (os_name == 'nt' or sys_platform == \"linux\")", "python3.9dist(a)"),
        ("a ; python_version < '3.8'", ""),
        ("a ; extra == 'test'", ""),
        ("a ; platform_machine in 'x86_64 arm64'", "python3.9dist(a)"),
        ("a ; 'win' not in sys_platform", "python3.9dist(a)"),
        ("a ; python_implementation == 'PyPy'", ""),
    ] {
        assert_eq!(needed(asked), relation, "{asked}");
    }
}

#[test]
fn what_setuptools_left_beside_it() {
    let folder = "/usr/lib64/python3.9/site-packages/x-1-py3.9.egg-info";
    let files = [
        (format!("{folder}/PKG-INFO"), "Name: x\nVersion: 1\n"),
        (
            format!("{folder}/requires.txt"),
            "a>=1\n\n[test]\nb\n\n[:python_version < \"3\"]\nc\n[:os_name == \"posix\"]\nd\n",
        ),
        (format!("{folder}/entry_points.txt"), "[console_scripts]\nx = x:main\n"),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let (provides, requires, odd) = found_of(&files, &names());
    assert_eq!((provides.len(), odd.len()), (2, 0));
    assert_eq!(requires, ["python3.9dist(a) >= 1", "python3.9dist(d)", "python3.9dist(setuptools)"]);
    let new: Vec<(String, &str)> = files.iter().map(|(path, text)| (path.replace("3.9", "3.10"), *text)).collect();
    let new: Vec<(&str, &str)> = new.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    assert!(!found_of(&new, &names()).1.contains(&"python3.10dist(setuptools)".to_owned()));
    // A single file is one, too.
    assert_eq!(found("/usr/lib/python3.9/site-packages/x-1.egg-info", "Name: x\nVersion: 1\n", &names()).0.len(), 2);
}

#[test]
fn what_is_no_requirement_is_said() {
    let deep = format!("a ; {}os_name == 'posix'{}", "(".repeat(40), ")".repeat(40));
    let long = format!("a ; {}", "os_name == 'posix' and ".repeat(1000));
    let extras: Vec<String> = (0..50).map(|number| format!("e{number}")).collect();
    let versions: Vec<String> = (0..50).map(|number| format!("!={number}")).collect();
    let many = format!("a[{}] {}", extras.join(","), versions.join(","));
    for bad in [
        "",
        &many,
        "-a",
        "a >=",
        "a => 1",
        "a >= bananas",
        "a ~= 1",
        "a ; os == 'x'",
        "a ; os_name",
        "a[",
        "a; 'x",
        "a ; é",
        &deep,
        &long,
    ] {
        let (_, requires, odd) = found(AT, &format!("Name: x\nVersion: 1\nRequires-Dist: {bad}\n"), &names());
        assert_eq!((requires.len(), odd.len()), (0, 1), "{bad}");
    }
    assert_eq!(found(AT, "Version: 1\n", &names()).2.len(), 1, "it has no name");
}
