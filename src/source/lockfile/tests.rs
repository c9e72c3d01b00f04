//! What a lock looks like, that it is read as it was written, and that nothing else is.

use proptest::prelude::*;

use super::*;

fn wheel(file: &str, sdist: Option<&str>) -> LockedWheel {
    LockedWheel { file: WheelName::new(file).unwrap(), sha256: Sha256::of(file), sdist: sdist.map(Sha256::of) }
}

fn lock() -> Lockfile {
    let debian = PlatformId::new("debian-12").unwrap();
    let core = LockedHouse {
        requirements: "requirements.txt".to_owned(),
        wheels: vec![
            wheel("pyyaml-6.0.1-cp311-cp311-linux_x86_64.whl", Some("pyyaml")),
            wheel("redis-5.0.1-py3-none-any.whl", None),
            wheel("six-1.16.0-py2.py3-none-any.whl", None),
        ],
    };
    Lockfile {
        bases: [
            (
                debian.clone(),
                LockedBase {
                    image: "debian:12".to_owned(),
                    digest: Some(format!("sha256:{}", "ba5e".repeat(16))),
                    id: None,
                },
            ),
            (
                PlatformId::new("centos-7").unwrap(),
                LockedBase {
                    image: "centos:7".to_owned(),
                    digest: None,
                    id: Some(format!("sha256:{}", "1d".repeat(32))),
                },
            ),
        ]
        .into(),
        sources: [(SourceName::new("bricks").unwrap(), Commit::new("1a2b3c4d".repeat(5)).unwrap())].into(),
        houses: [((debian.clone(), ImageName::new("core").unwrap()), core)].into(),
        indexes: [((debian, ImageName::new("core").unwrap()), Sha256::of("index"))].into(),
    }
}

fn house(lock: &mut Lockfile) -> &mut LockedHouse {
    lock.houses.values_mut().next().unwrap()
}

fn complaints(text: &str) -> Vec<String> {
    let LockfileError::Report(report) = read::read(NAME, text).unwrap_err() else { panic!("no report") };
    let line = |located: &crate::util::toml::Located| format!("{}: {}", located.position().0, located.issue.message);
    report.issues().iter().map(line).collect()
}

#[test]
fn one_wheel_a_line() {
    let text = write::render(&lock());
    insta::with_settings!({ filters => [(r"\b[0-9a-f]{64}\b", "[SHA256]")] }, { insta::assert_snapshot!(text) });
    assert_eq!(read::read(NAME, &text).unwrap(), lock());
}

#[test]
fn it_is_written_when_something_changed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Lockfile::load(folder.path()).unwrap(), None);
    assert!(lock().save(folder.path()).unwrap());
    assert!(!lock().save(folder.path()).unwrap());
    assert_eq!(Lockfile::load(folder.path()).unwrap(), Some(lock()));
    let mut changed = lock();
    house(&mut changed).wheels.pop();
    assert!(changed.save(folder.path()).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn mistakes_are_shown_at_their_lines() {
    let good = write::render(&lock());
    for (from, to, says) in [
        ("version = 1\n", "version = 0\n", "3: `0` is out of range"),
        ("version = 1\n", "", "missing key `version`"),
        ("six-1.16.0-py2.py3-none-any.whl", "../../six.whl", "`../../six.whl` is not a valid wheel"),
        ("name = \"six\"", "name = \"sex\"", "`sex` does not go with the file, which is of `six`"),
        ("version = \"1.16.0\"", "version = \"9\"", "`9` does not go with the file"),
        ("name = \"redis\"", "nme = \"redis\"", "unknown key `nme`"),
        ("sha256:ba5e", "sha256:ba5", "is not a valid digest"),
        ("platform = \"centos-7\"", "platform = \"debian-12\"", "the same twice"),
        ("[[wheelhouse]]", "<<<<<<< HEAD\n[[wheelhouse]]", "this is not TOML"),
        ("commit = \"1a2b", "commit = \"xa2b", "is not a valid"),
        ("image = \"core\"", "image = 5", "wrong type"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = complaints(&good.replacen(from, to, 1));
        assert!(found.iter().any(|line| line.contains(says)), "{says}: {found:?}");
    }
}

#[test]
fn a_newer_lock_is_not_judged() {
    let error = read::read(NAME, "version = 2\n[[artifact]]\nname = 1\n").unwrap_err();
    assert_eq!(error.to_string(), "`factory.lock` has version 2, of a newer factory: this one reads version 1");
}

#[test]
fn what_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(Lockfile::path(folder.path())).unwrap();
    file.set_len(LARGEST + 1).unwrap();
    assert!(matches!(Lockfile::load(folder.path()), Err(LockfileError::TooLarge)));
    std::fs::write(Lockfile::path(folder.path()), [0xff, 0xfe]).unwrap();
    assert!(matches!(Lockfile::load(folder.path()), Err(LockfileError::NoText)));
    let bases = "[[base]]\nplatform = \"a\"\nimage = \"a:1\"\n".repeat(10_001);
    assert!(complaints(&format!("version = 1\n{bases}"))[0].contains("more than 10000 of one kind"));
}

#[test]
fn differences_are_named() {
    let (before, mut now) = (lock(), lock());
    let locked = before.houses.values().next();
    assert_eq!(wheel_drift("debian-12/core", locked, house(&mut now)), Vec::<String>::new());
    house(&mut now).wheels = vec![
        // Built elsewhere from the same source: other bytes, and no drift.
        LockedWheel {
            sha256: Sha256::of("other"),
            ..wheel("pyyaml-6.0.1-cp311-cp311-linux_x86_64.whl", Some("pyyaml"))
        },
        wheel("redis-5.0.4-py3-none-any.whl", None),
        wheel("idna-3.10-py3-none-any.whl", None),
    ];
    assert_eq!(
        wheel_drift("debian-12/core", locked, house(&mut now)),
        [
            "debian-12/core: idna 3.10 is not in the lock",
            "debian-12/core: redis is 5.0.4, the lock has 5.0.1",
            "debian-12/core: six 1.16.0 is in the lock, and nothing wants it",
        ]
    );
    house(&mut now).wheels = vec![LockedWheel {
        sdist: Some(Sha256::of("evil")),
        ..wheel("pyyaml-6.0.1-cp311-cp311-linux_x86_64.whl", None)
    }];
    let found = wheel_drift("x", locked, house(&mut now));
    assert!(found[0].starts_with("x: pyyaml 6.0.1 is built from "), "{found:?}");
    assert_eq!(wheel_drift("x", None, house(&mut now)), ["the wheels of x are not in the lock"]);
}

#[test]
fn a_file_of_a_locked_version_is_the_locked_one() {
    let (before, mut now) = (lock(), lock());
    let locked = before.houses.values().next().unwrap();
    assert_eq!(locked.hold(house(&mut now)), Ok(()));
    // Another version is no matter of a lock that is not compared; another file of the same version is.
    house(&mut now).wheels =
        vec![wheel("redis-5.0.4-py3-none-any.whl", None), wheel("idna-3.10-py3-none-any.whl", None)];
    assert_eq!(locked.hold(house(&mut now)), Ok(()));
    house(&mut now).wheels =
        vec![LockedWheel { sha256: Sha256::of("evil"), ..wheel("redis-5.0.1-py3-none-any.whl", None) }];
    assert!(locked.hold(house(&mut now)).unwrap_err().starts_with("redis 5.0.1 is "));
    // What a built wheel says of where it comes from proves nothing.
    let mut now = lock();
    for wheel in &mut house(&mut now).wheels {
        wheel.sha256 = Sha256::of("evil");
    }
    house(&mut now).wheels.retain(|wheel| wheel.sdist.is_some());
    assert_eq!(house(&mut now).wheels.len(), 1);
    let refusal = locked.hold(house(&mut now)).unwrap_err();
    assert!(refusal.contains("was built elsewhere"), "{refusal}");
}

#[test]
fn pins_are_held_against_it() {
    let lock = lock();
    let locked = lock.houses.values().next().unwrap();
    let drift = |text| pin_drift("x", locked, text);
    for same in [
        "redis==5.0.1",
        "redis == 5.0.1.0",
        "redis>=5",
        "redis",
        "idna==1; python_version < '3'",
        "-r x.txt",
        "PyYAML==6.0.1",
    ] {
        assert_eq!(drift(same), Vec::<String>::new(), "{same}");
    }
    assert_eq!(drift("redis==5.0.4"), ["x: redis is 5.0.4, the lock has 5.0.1"]);
    assert_eq!(drift("idna==3.10\nbottle"), ["x: idna 3.10 is not in the lock", "x: bottle is not in the lock"]);
}

#[test]
fn bases_count_by_the_digest_of_their_registry_or_by_their_id() {
    let platform = PlatformId::new("debian-12").unwrap();
    let sha256 = |word: &str| format!("sha256:{}", Sha256::of(word));
    let base = |image: &str, digest: Option<&str>| LockedBase {
        image: image.to_owned(),
        digest: digest.map(sha256),
        id: None,
    };
    let made = |id: &str| LockedBase { id: Some(sha256(id)), ..base("a:1", None) };
    let drift = |before: LockedBase, now: LockedBase| base_drift(&platform, Some(&before), &now);
    assert_eq!(drift(base("a:1", Some("x")), base("a:1", Some("x"))), None);
    assert_eq!(drift(made("x"), made("x")), None);
    assert!(drift(base("a:1", Some("x")), base("a:1", Some("y"))).unwrap().contains("the lock has sha256:"));
    for (before, now) in [
        (base("a:1", Some("x")), made("x")),
        (made("x"), base("a:1", Some("x"))),
        (made("x"), made("y")),
        // A lock from before ids were in it is not compared with anything.
        (base("a:1", None), base("a:1", None)),
    ] {
        assert!(drift(before.clone(), now.clone()).is_some(), "{before:?} {now:?}");
    }
    assert!(drift(made("x"), made("y")).unwrap().contains("(of no registry)"));
    assert!(drift(base("a:1", None), base("a:2", None)).unwrap().contains("is a:2, the lock has a:1"));
    assert!(base_drift(&platform, None, &base("a:1", None)).unwrap().contains("not in the lock"));
}

#[test]
fn other_tools_read_it_as_pep_751() {
    let wheel = |file: &str| Wheel::fetched(WheelName::new(file).unwrap(), Sha256::of(file), 5, false);
    let mut packages = Packages::default();
    let house = Path::new("/p/wheels/debian-12/aa");
    packages
        .add("core", house, &[wheel("six-1.16.0-py2.py3-none-any.whl"), wheel("idna-3.10-py3-none-any.whl")])
        .unwrap();
    packages.add("web", Path::new("/p/wheels/debian-12/bb"), &[wheel("six-1.16.0-py2.py3-none-any.whl")]).unwrap();
    let text = render_pylock(&packages, "3.11", "x86_64", Path::new("/p/locks"));
    insta::with_settings!({ filters => [(r"\b[0-9a-f]{64}\b", "[SHA256]")] }, { insta::assert_snapshot!(text) });
    let clash = packages.add("web", house, &[wheel("six-1.17.0-py2.py3-none-any.whl")]).unwrap_err();
    assert!(clash.to_string().contains("`core` wants six-1.16.0"), "{clash}");
    let name = |platform| pylock_name(&PlatformId::new(platform).unwrap());
    assert_eq!([name("debian-12"), name("ubuntu-24.04")], ["pylock.debian-12.toml", "pylock.ubuntu-24_04.toml"]);
}

/// Pieces that locks are made of, valid and not.
const PIECES: [&str; 16] = [
    "version = 1\n",
    "[[base]]\n",
    "[[wheelhouse]]\n",
    "platform = \"a\"\n",
    "image = \"a\"\n",
    "wheels = [",
    "]",
    "{",
    "}",
    ", ",
    "file = \"six-1-py3-none-any.whl\"",
    "sha256 = \"",
    "requirements = \"x\"\n",
    "\"",
    "\u{0}",
    "\u{1b}[2J",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_text_is_too_strange(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..30)) {
        let text = pieces.concat();
        if let Ok(lock) = read::read(NAME, &text) {
            prop_assert_eq!(read::read(NAME, &write::render(&lock)).unwrap(), lock);
        }
    }

    #[test]
    fn every_word_can_be_written(requirements in "[^\\p{Cc}]{1,20}") {
        let mut lock = lock();
        house(&mut lock).requirements = format!("a{requirements}");
        if let Ok(found) = read::read(NAME, &write::render(&lock)) {
            prop_assert_eq!(found, lock);
        }
    }
}
