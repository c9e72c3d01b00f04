//! The table of tags against the orders of dpkg and rpm, and their judges.

use std::{
    cmp::Ordering,
    io::Write as _,
    process::{Command, Stdio},
};

use super::{super::Tag, UnclearVersion, UpstreamVersion, order};

fn read(tag: &str) -> Result<UpstreamVersion, UnclearVersion> {
    UpstreamVersion::from_tag(&Tag::new(tag).unwrap())
}

fn version(tag: &str) -> String {
    read(tag).unwrap_or_else(|error| panic!("{error}; {}", error.help)).to_string()
}

/// Pairs of one project of the table with their order; of one scheme, or all of them.
fn pairs(scheme: Option<&str>, only_neighbours: bool) -> Vec<(&'static str, &'static str, Ordering)> {
    let mut pairs = Vec::new();
    let lines = include_str!("tags.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in lines.filter(|line| scheme.is_none_or(|scheme| line.starts_with(&format!("{scheme} ")))) {
        let mut rank = 0;
        let mut ranked = Vec::new();
        for word in line.split_once(": ").unwrap().1.split(' ') {
            match word {
                "<" => rank += 1,
                "=" => {}
                tag => ranked.push((tag, rank)),
            }
        }
        for (place, (one, first)) in ranked.iter().enumerate() {
            let others = &ranked[place + 1..];
            let others = if only_neighbours { &others[..others.len().min(1)] } else { others };
            pairs.extend(others.iter().map(|(other, second)| (*one, *other, first.cmp(second))));
        }
    }
    pairs
}

#[test]
fn the_table_keeps_its_order() {
    let pairs = pairs(None, false);
    assert!(pairs.len() > 1000, "{}", pairs.len());
    for (one, other, wanted) in pairs {
        let (first, second) = (version(one), version(other));
        assert_eq!(order::dpkg(&first, &second), wanted, "dpkg: {one} ({first}) and {other} ({second})");
        assert_eq!(order::rpm(&first, &second), wanted, "rpm: {one} ({first}) and {other} ({second})");
        for version in [first, second] {
            let is_sound = |b: u8| b.is_ascii_alphanumeric() || b".+~".contains(&b);
            assert!(version.bytes().all(is_sound) && version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
        }
    }
}

#[test]
fn semver_has_the_order_of_the_table() {
    let version = |tag: &str| semver::Version::parse(tag.trim_start_matches('v')).unwrap();
    for (one, other, wanted) in pairs(Some("semver"), false) {
        assert_eq!(version(one).cmp_precedence(&version(other)), wanted, "{one} and {other}");
    }
}

#[test]
fn packaging_has_the_order_of_the_table() {
    const JUDGE: &str = "
import sys
try:
    from packaging.version import Version
except ImportError:
    try:
        from pip._vendor.packaging.version import Version
    except ImportError:
        sys.exit(77)
for line in sys.stdin:
    one, other, wanted = line.split()
    one, other = Version(one), Version(other)
    found = (one > other) - (one < other)
    if found != int(wanted):
        print(line.strip(), found)
";
    let pairs = pairs(Some("pep440"), false);
    let text: Vec<String> =
        pairs.iter().map(|(one, other, wanted)| format!("{one} {other} {}\n", *wanted as i8)).collect();
    let said = ask("python3", &["-c", JUDGE], &text.concat());
    if let Some(said) = said {
        assert_eq!(said, "", "judged otherwise");
    }
}

#[test]
fn rpm_has_the_order_of_the_table() {
    let pairs = pairs(None, true);
    let list: Vec<String> = pairs
        .iter()
        .map(|(one, other, wanted)| format!("{{'{}','{}',{}}}", version(one), version(other), *wanted as i8))
        .collect();
    let lua = format!(
        "%{{lua: for _, p in ipairs({{{}}}) do local f = rpm.vercmp(p[1], p[2]); \
         if f ~= p[3] then print(p[1], p[2], f) end end}}",
        list.join(",")
    );
    if let Some(said) = ask("rpm", &["--eval", &lua], "") {
        assert_eq!(said, "", "rpm has another order");
    }
}

#[test]
fn dpkg_has_the_order_of_the_table() {
    for (one, other, wanted) in pairs(None, true) {
        let (one, other) = (version(one), version(other));
        let relation = if wanted == Ordering::Less { "lt" } else { "eq" };
        let status = Command::new("dpkg").args(["--compare-versions", &one, relation, &other]).status();
        let Ok(status) = status else {
            writeln!(std::io::stderr(), "skipped: there is no dpkg here").unwrap();
            return;
        };
        assert!(status.success(), "dpkg: {one} {relation} {other}");
    }
}

/// What a program says; `None` where it is missing, or says by 77 that what it needs is.
fn ask(program: &str, arguments: &[&str], text: &str) -> Option<String> {
    let skip = || writeln!(std::io::stderr(), "skipped: there is no {program} here, or not what it needs").unwrap();
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skip();
        return None;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.code() == Some(77) {
        skip();
        return None;
    }
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn tags_become_versions() {
    for (tag, wanted) in [
        ("2.5.11", "2.5.11"),
        ("v2.5.0-rc1", "2.5.0~rc1"),
        ("2.5.0-rc.1", "2.5.0~rc1"),
        ("2.5.0rc1", "2.5.0~rc1"),
        ("2.5.0a1", "2.5.0~alpha1"),
        ("2.5.0.dev3", "2.5.0~~dev3"),
        ("2.5.0-preview.1", "2.5.0~preview1"),
        ("2.5.0-SNAPSHOT", "2.5.0~snapshot"),
        ("2.5.0-M1", "2.5.0~milestone1"),
        ("2.5.0-rc.1-preview.2", "2.5.0~rc1~preview2"),
        ("v9.0.0-rc.1.24431.7", "9.0.0~rc1.24431.7"),
        ("2.5.0.post1", "2.5.0+post1"),
        ("v2.5.0-14-g2414721", "2.5.0+git14.g2414721"),
        ("2.5.0-dirty", "2.5.0+dirty"),
        ("6.0.0.Final", "6.0.0"),
        ("7.0.0.SP1", "7.0.0+patch1"),
        ("26.04-LTS", "26.04+lts"),
        ("2026-11-30", "2026.11.30"),
        ("2018_07", "2018.07"),
        ("2.5.11_1", "2.5.11+post1"),
    ] {
        assert_eq!(version(tag), wanted, "{tag}");
    }
}

#[test]
fn what_is_unclear_comes_with_two_spellings() {
    let spelling = |help: &str| -> Vec<String> {
        help.split('`').filter_map(|part| part.strip_prefix("--tag ")).map(str::to_owned).collect()
    };
    for tag in [
        "2.5.0-1",
        "2.5.0-20240101",
        "2.5.0-hotfix",
        "2.5.0-hotfix.3",
        "2.5.0-p1",
        "2.5.0-stable",
        "2.5.0-lts",
        "2.5.0-5114f85",
        "2.5.0-nightly.5114f85",
        "2.5.0-rc1.dev2",
        "2.5.0-rc1-final",
        "2.5.0-final-1",
        "2.5.0--rc1",
        "2.5.0-",
        "2.5.0.",
        "2.5.0-beta..1",
        "1.0-foo",
        "1.9.15p5",
        "1.1.1k",
        "1.1.1a",
        "2024b",
        "1_2_3",
        "20241205-abc1234",
        "26w14a",
        "1.0-1-2",
        "1.0é",
    ] {
        let Ok(tag) = Tag::new(tag) else { continue };
        let error = UpstreamVersion::from_tag(&tag).expect_err(tag.as_str());
        let spellings = spelling(&error.help);
        assert_eq!(spellings.len(), 2, "{error}; {}", error.help);
        let (first, second) = (version(&spellings[0]), version(&spellings[1]));
        assert_eq!(order::dpkg(&first, &second), Ordering::Less, "{}", error.help);
        assert_eq!(order::rpm(&first, &second), Ordering::Less, "{}", error.help);
    }
}

#[test]
fn a_version_starts_with_a_digit() {
    let help = |tag: &str| read(tag).unwrap_err().help;
    assert_eq!(help("develop"), "for example `--tag 2.5.11` or `--tag v2.5.0-rc1`");
    assert_eq!(help("release-2.5.0-rc1"), "`--tag 2.5.0-rc1` or `--tag v2.5.0-rc1`");
    assert!(read("v").is_err());
}

#[test]
fn signs_that_no_tag_has() {
    let help = |word: &str| UnclearVersion::of_word(word).map(|error| error.help).unwrap_or_default();
    assert_eq!(help("2.5.0~rc1"), "`--tag 2.5.0-rc1` comes before 2.5.0, `--tag 2.5.0.post1` after it");
    assert_eq!(help("v2.5.0+build.7"), "`--tag 2.5.0-rc.7` comes before 2.5.0, `--tag 2.5.0.post7` after it");
    assert_eq!(help("1!2.0"), "`--tag 2.0` or `--tag v2.0`, and `epoch = 1` in [[package]]");
    assert_eq!(help("2.5; rm -rf /"), "");
}

#[test]
fn what_may_be_meant_otherwise_is_said() {
    let remark = |tag: &str| UpstreamVersion::remark(&Tag::new(tag).unwrap());
    assert!(remark("2.5.0-rc.1-preview.2").unwrap().contains("before `2.5.0-rc.1`; by the letter of SemVer"));
    assert!(remark("2.5.0-zebra.2").unwrap().contains("as SemVer has it"));
    assert_eq!(remark("2.5.0-rc.1"), None);
    assert_eq!(remark("2.5.0-rc1-SNAPSHOT"), None);
}

proptest::proptest! {
    #[test]
    fn every_tag_is_a_sound_version_or_an_error(tag in "v?[0-9]{1,4}(\\.[0-9]{1,3}){0,3}([-._]?[a-zA-Z0-9]{1,9}){0,5}") {
        if let Ok(version) = Tag::new(tag).map(|tag| UpstreamVersion::from_tag(&tag)).unwrap() {
            let text = version.as_str();
            proptest::prop_assert!(text.starts_with(|c: char| c.is_ascii_digit()));
            proptest::prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~".contains(&b)), "{text}");
        }
    }
}
