//! Which files may answer a requirements set.

use super::*;
use std::path::PathBuf;

use crate::source::wheelhouse::WheelName;

fn wanted(text: &str, constraints: &str) -> Wanted {
    let texts = [("r.txt", text), ("c.txt", constraints)].map(|(name, text)| (PathBuf::from(name), text.to_owned()));
    Wanted::from_texts(&texts.into(), Path::new("r.txt"))
}

fn hash(of: &str) -> String {
    format!("--hash=sha256:{}", Sha256::of(of))
}

#[test]
fn a_pinned_hash_counts_whoever_gives_the_file() {
    let wanted = wanted(&format!("six==1.16.0 {} {}\n", hash("wheel"), hash("sources")), "");
    let judge = |version: &str, bytes: &str| wanted.judge("six", version, &Sha256::of(bytes));
    assert_eq!(judge("1.16.0", "wheel"), Ok(Held::ByDigest));
    assert_eq!(judge("1.16.0", "sources"), Ok(Held::ByDigest));
    assert_eq!(judge("1.16.0", "evil"), Err(Refusal::Digest));
    assert!(matches!(judge("1.17.0", "wheel"), Err(Refusal::Version { .. })));
    assert_eq!(wanted.judge("idna", "3", &Sha256::of("idna")), Err(Refusal::Unpinned), "as soon as one is pinned");
}

#[test]
fn without_hashes_the_version_counts() {
    let wanted =
        wanted("six==1.16\nidna>=3,<4\nlxml ; os_name == 'nt'\nx==1 ; os_name == 'nt'\n", "zipp<2\nidna<3.5\n");
    let judge = |name: &str, version: &str| wanted.judge(name, version, &Sha256::of("x")).is_ok();
    for (name, version) in
        [("six", "1.16.0"), ("six", "1.16+local.1"), ("idna", "3.4"), ("zipp", "1.9"), ("lxml", "5"), ("new", "1")]
    {
        assert!(judge(name, version), "{name} {version}");
    }
    // Where a line applies only sometimes, pip says which version it is.
    assert!(judge("x", "2"));
    for (name, version) in [("six", "1.16.1"), ("six", "evil"), ("idna", "4"), ("idna", "3.6"), ("zipp", "2.0")] {
        assert!(!judge(name, version), "{name} {version}");
    }
}

#[test]
fn hashes_of_constraints_and_addresses_count_too() {
    let of_constraint = wanted("six\n", &format!("six==1.16.0 {}\n", hash("six")));
    assert_eq!(of_constraint.judge("six", "1.16.0", &Sha256::of("six")), Ok(Held::ByDigest));
    assert_eq!(of_constraint.judge("six", "1.16.0", &Sha256::of("evil")), Err(Refusal::Digest));
    assert_eq!(of_constraint.judge("idna", "1", &Sha256::of("idna")), Ok(Held::ByVersion));
    let of_address = wanted(&format!("x @ https://x.example/x-1.tar.gz#sha256={}\n", Sha256::of("x")), "");
    assert_eq!(of_address.judge("x", "1", &Sha256::of("x")), Ok(Held::ByDigest));
    assert_eq!(of_address.judge("x", "1", &Sha256::of("evil")), Err(Refusal::Digest));
    let other = wanted("six==1 --hash=sha512:aa\n", "");
    assert_eq!(other.judge("six", "1", &Sha256::of("six")), Err(Refusal::Algorithm));
    let all = wanted("--require-hashes\nsix==1\n", "");
    assert_eq!(all.judge("six", "1", &Sha256::of("six")), Err(Refusal::Unpinned));
}

#[test]
fn versions_are_compared_as_python_does() {
    for (one, other) in [
        ("1.0", "1.0.0"),
        ("1.0-1", "1.0.post1"),
        ("1.0_1", "1.0-1"),
        ("2004d", "2004D"),
        ("1.0RC1", "1.0rc1"),
        ("1.0+a_b", "1.0+a.b"),
    ] {
        assert!(same_version(one, other), "{one} {other}");
    }
    for (one, other) in [("1.0", "1.0.1"), ("1.0", "1.0rc1"), ("2004d", "2004e"), ("1.0", "1.0+evil")] {
        assert!(!same_version(one, other), "{one} {other}");
    }
}

#[test]
fn a_wheelhouse_is_held_by_its_sources() {
    let wanted = wanted(&format!("six==1.16.0 {}\npsutil==5.9.8 {}\n", hash("six"), hash("sources")), "");
    let wheel = |file: &str, bytes: &str| Wheel::fetched(WheelName::new(file).unwrap(), Sha256::of(bytes), 1, false);
    let six = wheel("six-1.16.0-py2.py3-none-any.whl", "six");
    let built = Wheel {
        sdist: Some(Sha256::of("sources")),
        compiled: true,
        ..wheel("psutil-5.9.8-cp311-cp311-linux_x86_64.whl", "x")
    };
    let own = Wheel { folder: Some("libs/own".to_owned()), compiled: true, ..wheel("own-1-py3-none-any.whl", "own") };
    let wanted = wanted.with_own(vec![of_folder("libs/own", None)]);
    let judge = |wheels: &[Wheel]| wanted.judge_all(wheels, &|_| true);
    assert_eq!(judge(&[six.clone(), built.clone(), own.clone()]), Ok(()));
    let evil = Wheel { sha256: Sha256::of("evil"), ..six.clone() };
    assert_eq!(
        judge(std::slice::from_ref(&evil)).unwrap_err(),
        "six-1.16.0-py2.py3-none-any.whl does not have the hash that the requirements pin"
    );
    assert!(judge(&[Wheel { sdist: None, ..built.clone() }]).is_err(), "built of nobody knows what");
    assert!(judge(&[six.clone(), six]).is_err(), "two of one distribution");
    // Its word alone makes no wheel one that was built, or the project's own.
    let unknown = wanted.judge_all(std::slice::from_ref(&built), &|_| false).unwrap_err();
    assert!(unknown.contains("is believed where `factory.lock` has this very wheel"), "{unknown}");
    for folder in ["x", "libs/own"] {
        assert!(judge(&[Wheel { folder: Some(folder.to_owned()), ..evil.clone() }]).is_err(), "{folder}: pinned");
    }
    assert!(judge(&[Wheel { folder: Some("x".to_owned()), ..own.clone() }]).is_err(), "no folder of these");
    let second = Wheel { file: WheelName::new("more-1-py3-none-any.whl").unwrap(), ..own.clone() };
    assert!(judge(&[own, second]).is_err(), "a folder gives one wheel");
}

fn of_folder(path: &str, name: Option<&str>) -> OwnWheel {
    OwnWheel { path: path.to_owned(), name: name.map(str::to_owned), wheel: None }
}

#[test]
fn whose_own_a_wheel_is() {
    let wheel = |file: &str, folder: Option<&str>| Wheel {
        folder: folder.map(str::to_owned),
        ..Wheel::fetched(WheelName::new(file).unwrap(), Sha256::of("own"), 1, false)
    };
    let file = |bytes: &str| OwnWheel {
        wheel: Some((WheelName::new("own-1-py3-none-any.whl").unwrap(), Sha256::of(bytes))),
        ..of_folder("vendor/own-1-py3-none-any.whl", None)
    };
    let is_own = |own: OwnWheel, text: &str, name: &str, folder: Option<&str>| {
        wanted(text, "").with_own(vec![own]).is_own(&wheel(name, folder))
    };
    let (own, place) = ("own-1-py3-none-any.whl", Some("vendor/own-1-py3-none-any.whl"));
    assert!(is_own(of_folder("libs/own", None), "six\n", own, Some("libs/own")));
    assert!(is_own(of_folder("libs/own", Some("own")), "own>=1\n", own, Some("libs/own")));
    assert!(is_own(file("own"), "", own, place));
    assert!(!is_own(file("other"), "", own, place), "other bytes");
    assert!(!is_own(file("own"), "", "own-2-py3-none-any.whl", place), "another name");
    assert!(!is_own(of_folder("libs/own", Some("own")), "", "six-1-py3-none-any.whl", Some("libs/own")));
    assert!(!is_own(of_folder("libs/own", None), "", own, None), "it does not say so");
    let pinned = format!("own==1 {}\n", hash("x"));
    assert!(!is_own(of_folder("libs/own", None), &pinned, own, Some("libs/own")));
    assert!(!is_own(of_folder("libs/own", None), "--require-hashes\nown==1\n", own, Some("libs/own")));
}
