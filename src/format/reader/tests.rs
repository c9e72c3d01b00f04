//! Every format against the table, and what two descriptions differ in.

use serde_json::json;

use super::{Description, Field, Part, PartKind, Relation, Script, difference};
use crate::format::{PackageFormat, reader};

#[test]
fn every_format_that_is_written_is_read() {
    for format in PackageFormat::ALL {
        let facts = format.facts();
        let is_written = facts.is_bare || facts.native.as_ref().is_none_or(|native| native.is_written);
        assert_eq!(reader(*format).is_some(), is_written, "{}", facts.word);
    }
}

fn package() -> Description {
    let relation = |kind: &str, text: &str| Relation { kind: kind.to_owned(), text: text.to_owned() };
    let file = |path: &str, mark: Option<&'static str>| Part {
        path: path.to_owned(),
        mode: Some("0644".to_owned()),
        owner: Some("root".to_owned()),
        group: Some("root".to_owned()),
        size: Some(5),
        sha256: Some("00".to_owned()),
        marks: mark.into_iter().collect(),
        ..Part::default()
    };
    let mut it = Description { title: "shop 1".to_owned(), ..Description::new(PackageFormat::Deb) };
    it.say("Version", "1");
    it.say("Depends", "a, b (>= 1)");
    it.say("Description", "sells\nthings");
    it.fields.push(Field { name: "Signature".to_owned(), value: "x".to_owned(), brief: None, made_anew: true });
    it.relations = vec![relation("Depends", "a"), relation("Depends", "b (>= 1)")];
    it.scripts = vec![Script { name: "postinst".to_owned(), interpreter: None, text: "a\n".to_owned() }];
    it.files = vec![
        Part { path: "/etc".to_owned(), kind: PartKind::Dir, ..Part::default() },
        file("/etc/shop.conf", Some("conffile")),
        Part {
            kind: PartKind::Symlink,
            target: Some("shop".to_owned()),
            size: None,
            sha256: None,
            ..file("/bin/s", None)
        },
    ];
    it
}

/// `kind name: change` of each difference.
fn said(one: &Description, other: &Description) -> Vec<String> {
    difference(one, other).iter().map(|it| format!("{} {}: {}", it.kind, it.name, it.said)).collect()
}

#[test]
fn everything_that_differs_is_said_once() {
    assert_eq!(said(&package(), &package()), Vec::<String>::new());
    let mut other = package();
    other.fields[0].value = "2".to_owned();
    other.fields[1].value = "b (>= 2), c".to_owned();
    other.fields[2].value = "sells\nmore".to_owned();
    other.fields[3].value = "y".to_owned();
    other.relations[0].text = "c".to_owned();
    other.relations[1].text = "b (>= 2)".to_owned();
    other.scripts[0].text = "a\nb\n".to_owned();
    other.files[1].mode = Some("0600".to_owned());
    other.files[1].sha256 = Some("01".to_owned());
    other.files[1].marks.clear();
    other.files[2].target = Some("other".to_owned());
    other.files.push(Part { path: "/opt/new".to_owned(), size: Some(1200), ..Part::default() });
    let found = said(&package(), &other);
    assert_eq!(
        found,
        [
            "field Version: 1 -> 2",
            "field Description: 2 lines, others",
            "relation Depends: a -> nothing",
            "relation Depends: b (>= 1) -> b (>= 2)",
            "relation Depends: nothing -> c",
            "script postinst: 1 line -> 2 lines",
            "file /bin/s: shop -> other",
            "file /etc/shop.conf: 0644 -> 0600, conffile -> nothing, other content",
            "file /opt/new: added, 1.2 kB",
        ]
    );
    let first = &difference(&package(), &other)[1];
    assert_eq!(
        (&first.before, &first.after),
        (&json!("sells\nthings"), &json!("sells\nmore")),
        "machines get it whole"
    );
}

#[test]
fn of_two_formats_the_files_are_compared() {
    let mut other = Description { format: "rpm", ..package() };
    other.fields.clear();
    other.relations.clear();
    other.scripts.clear();
    other.files.remove(0);
    other.files[0].marks = vec!["config", "noreplace"];
    other.files[1].path = "bin/s".to_owned();
    other.files[1].mode = Some("0777".to_owned());
    let ghost = Part { path: "/var/log/x".to_owned(), marks: vec!["ghost"], ..Part::default() };
    other.files.push(ghost);
    assert_eq!(said(&package(), &other), Vec::<String>::new());
    other.files[0].size = Some(6);
    assert_eq!(said(&package(), &other), ["file /etc/shop.conf: 5 B -> 6 B"]);
    let unknown = |it: &mut Description| it.files[0].sha256 = None;
    let (mut one, mut two) = (other.clone(), other);
    unknown(&mut one);
    unknown(&mut two);
    assert_eq!(said(&one, &two), ["file /etc/shop.conf: other content"], "what nobody knows is not taken for equal");
}
