//! Wheels one by one: what the store has is not fetched or built again, and what it has not, or has damaged, is.

use std::{collections::BTreeSet, fs, path::PathBuf};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    play::{INSTALLED, Script, file, psutil, wheel, wheel_bytes},
    project::{Project, RECIPE, Run},
};

const SIX: &str = "six-1.16.0-py2.py3-none-any.whl";

/// The usual project with its first image alone.
pub fn one_image() -> Project {
    let project = Project::new();
    let part = |start: &str, end: &str| RECIPE[RECIPE.find(start).unwrap()..RECIPE.find(end).unwrap()].to_owned();
    let image = part("[project]", "[[image]]\nname = \"web\"");
    project.write("factory.toml", &(image + &part("[[package]]", "[[package]]\nname = \"shop-web\"")));
    project
}

/// A project with wheels, and one image only.
fn built() -> Project {
    let project = one_image();
    project.done(&["build", "wheels"]);
    project.forget_calls();
    project
}

/// How often pip downloaded and how often it built.
fn pips(project: &Project) -> (usize, usize) {
    let created = project.calls_of("create");
    let count = |verb: &str| created.iter().filter(|call| call.contains(&format!("\"{verb}\""))).count();
    (count("download"), count("wheel"))
}

/// What the wheels step says at its end.
fn note(project: &Project) -> String {
    project.record("debian-12/wheels-core")["note"].as_str().unwrap().to_owned()
}

/// The files that went into the one container with this in its command.
fn given(project: &Project, part: &str) -> BTreeSet<String> {
    let calls: Vec<String> = project.calls_of("upload").into_iter().filter(|call| call.contains(part)).collect();
    assert_eq!(calls.len(), 1, "{part}: {calls:#?}");
    let all: Vec<String> = serde_json::from_str(calls[0].split_once(" files=").unwrap().1).unwrap();
    let ours =
        |name: &String| ["files/", "build/", "ready/"].iter().any(|part| name.contains(part)) && !name.ends_with('/');
    all.into_iter().filter(ours).collect()
}

/// Every entry of a kind in the store.
fn entries(project: &Project, kind: &str) -> Vec<PathBuf> {
    let files = project.files(&format!("wheels/store/{kind}")).into_iter();
    let entries = files.filter_map(|file| Some(file.strip_suffix("/entry.json")?.to_owned()));
    entries.map(|entry| project.path(&format!("wheels/store/{kind}/{entry}"))).collect()
}

/// A daemon whose pip downloads a hundred distributions, of which number 7 has this version. It builds eleven of them.
fn hundred(seventh: &str) -> Script {
    let file_of = |number: usize| match number {
        7 => file(&format!("p7-{seventh}.tar.gz"), &format!("sources of p7 {seventh}")),
        20..30 => file(&format!("p{number}-1.tar.gz"), &format!("sources of p{number}")),
        number => file(&format!("p{number}-1-py3-none-any.whl"), &format!("p{number}")),
    };
    let names: Vec<String> = (0..100).map(|number| format!("p{number}")).collect();
    Script::new().pip_downloads(&(0..100).map(file_of).collect::<Vec<_>>()).pip_chooses(&names.join(" "))
}

/// The same with a build for each of these, which come in this order.
fn building(script: Script, sources: &[String]) -> Script {
    sources.iter().rev().fold(script, |script, source| {
        let wheel = wheel(&format!("{source}-cp311-cp311-linux_x86_64.whl"), source);
        script.once("download", "path=/factory/wheels", json!({ "archive": { "/factory/wheels": [wheel] } }))
    })
}

fn pins(seventh: &str) -> String {
    let version = |number: usize| if number == 7 { seventh } else { "1" };
    (0..100).map(|number| format!("p{number}=={}", version(number))).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_changed_requirement_of_a_hundred_is_one_build() {
    let project = built();
    project.write("requirements.txt", &pins("1"));
    let all: Vec<String> = (20..30).map(|number| format!("p{number}-1")).chain(["p7-1".to_owned()]).collect();
    project.play(&building(hundred("1"), &all));
    project.done(&["build", "wheels", "--jobs", "1"]);
    assert_eq!(note(&project), "100 wheels, 11 compiled");
    project.write("requirements.txt", &pins("2"));
    assert_eq!(project.planned()[0], "wheels-core: requirements.txt changed: p7 1 -> 2");
    project.forget_calls();
    project.play(&building(hundred("2"), &["p7-2".to_owned()]));
    project.done(&["build", "wheels"]);
    assert_eq!(pips(&project), (1, 1));
    assert_eq!(note(&project), "100 wheels, 1 compiled, 99 from the store");
    let build = ["factory/build/p7-2.tar.gz", "factory/build/requirements.txt"].map(str::to_owned);
    assert_eq!(given(&project, "\"wheel\""), build.into());
    assert_eq!(given(&project, "\"download\"").len(), 100, "99 pins that are what they were, and the old file of p7");
    project.assert_tidy();
}

#[test]
fn what_was_downloaded_and_built_before_is_not_again() {
    let project = built();
    assert_eq!(note(&project), "2 wheels, 1 compiled");
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    project.done(&["build", "wheels"]);
    assert_eq!(pips(&project), (1, 0), "only what belongs to the requirements is asked");
    assert_eq!(note(&project), "2 wheels, 2 from the store");
    let wheel = "psutil-5.9.8-cp311-cp311-linux_x86_64.whl";
    let pins = [SIX, wheel].map(|name| format!("factory/ready/{name}"));
    assert_eq!(given(&project, "\"download\""), pins.into(), "pins that are what they were stand there as wheels");
    let log = project.done(&["log", "debian-12/wheels-core"]).stdout;
    assert!(log.contains("psutil-5.9.8.tar.gz was built before"), "{log}");
    assert!(!log.contains("libc6-dev"), "nobody wants to read what is installed: {log}");
}

/// The digests of what the played pip gives.
const HASHED: &str = "six==1.16.0 --hash=sha256:44778d82365e4af681c40d5f0eef5cf6f5899d3f0ac335050a7ed6779cf3f674\npsutil --hash=sha256:15288647007745658fea2b99678c8559b3397b175c168fc6d1900218226f0e32\n";

#[test]
fn what_is_not_pinned_is_asked_of_the_index_and_not_fetched() {
    let all = [format!("factory/files/{SIX}"), "factory/files/psutil-5.9.8.tar.gz".to_owned()];
    for (text, pinned) in [
        ("six\npsutil>=5\n", &[][..]),
        ("six==1.16.0\npsutil==5.*\n", &[SIX][..]),
        ("-c web/requirements.txt\nsix==1.16.0\npsutil\n", &[SIX]),
        (HASHED, &[SIX]),
    ] {
        let project = built();
        project.write("requirements.txt", text);
        project.done(&["build", "wheels"]);
        let ready: BTreeSet<String> = pinned.iter().map(|name| format!("factory/ready/{name}")).collect();
        let offered = all.iter().filter(|file| !pinned.iter().any(|name| file.ends_with(name))).cloned();
        assert_eq!(given(&project, "\"download\""), offered.chain(ready).collect(), "{text}");
        assert_eq!((pips(&project), note(&project)), ((1, 0), "2 wheels, 2 from the store".to_owned()), "{text}");
    }
}

#[test]
fn other_settings_are_asked_of_the_index_again() {
    type Change = fn(&mut Project);
    let changes: [Change; 4] = [
        |project| project.edit("factory.toml", r#"["psutil"]"#, r#"["psutil", "six"]"#),
        |project| {
            project.env("PIP_INDEX_URL", "https://mirror.example/simple");
        },
        |project| project.write("requirements.txt", "--pre\nsix==1.16.0\npsutil==5.9.8\n"),
        |project| fs::remove_dir_all(project.path(".factory/records")).unwrap(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut project = built();
        change(&mut project);
        project.edit("requirements.txt", "psutil", "PSUTIL");
        project.done(&["build", "wheels"]);
        let given = given(&project, "\"download\"");
        assert!(!given.iter().any(|file| file.contains("ready/")), "{at}: {given:?}");
    }
}

#[test]
fn a_refreshed_base_with_the_same_headers_builds_nothing() {
    for (installed, built_again) in [
        (
            [
                "tzdata 2026a-0",
                "gcc-12 12.2.0-14",
                "libc6-dev 2.36-9+deb12u9",
                "python3 3.11.2-1+b1",
                "python3-dev 3.11.2-1+b1",
            ],
            0,
        ),
        (
            [
                "tzdata 2025b-0",
                "gcc-12 12.2.0-14",
                "libc6-dev 2.36-9+deb12u10",
                "python3 3.11.2-1+b1",
                "python3-dev 3.11.2-1+b1",
            ],
            1,
        ),
        (
            [
                "tzdata 2025b-0",
                "gcc-13 13.1.0-1",
                "libc6-dev 2.36-9+deb12u9",
                "python3 3.11.2-1+b1",
                "python3-dev 3.11.2-1+b1",
            ],
            1,
        ),
    ] {
        let project = built();
        project.meddle(|daemon| {
            for image in daemon["images"].as_array_mut().unwrap() {
                if image["tags"].as_array().unwrap().contains(&json!("debian:bookworm-slim")) {
                    image["id"] = json!(format!("sha256:{}", "f".repeat(64)));
                }
            }
        });
        // Another wheelhouse of the same requirements: its key has changed, those of the wheels have not.
        project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
        project.play(&Script::new().installed(&installed));
        project.done(&["build", "wheels", "--refresh"]);
        assert_eq!(pips(&project).1, built_again, "{installed:?}");
    }
}

#[test]
fn what_a_build_depends_on() {
    let again = |change: fn(&mut Project)| {
        let mut project = built();
        change(&mut project);
        project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
        project.done(&["build", "wheels"]);
        pips(&project).1
    };
    assert_eq!(again(|_| {}), 0);
    assert_eq!(
        again(|project| project.edit("requirements.txt", "psutil==5.9.8", "psutil==5.9.8 --global-option=--fast")),
        1
    );
    assert_eq!(again(|project| project.play(&Script::new().pip_downloads(&[file("psutil-5.9.8.tar.gz", "other")]))), 1);
    assert_eq!(again(|project| project.edit("factory.toml", "no_binary", "build_packages = [\"curl\"]\nno_binary")), 0);
    assert_eq!(again(|project| project.edit("factory.toml", r#"["psutil"]"#, r#"["psutil", "six"]"#)), 0);
    assert_eq!(
        again(|project| project.edit("factory.toml", "[project]\nname = \"shop\"", "[project]\nname = \"shop2\"")),
        0
    );
    assert_eq!(
        again(|project| {
            project.env("PIP_INDEX_URL", "https://mirror.example/simple").env("FACTORY_TAG", "3.0");
        }),
        0
    );
}

#[test]
fn another_place_changes_nothing() {
    let project = built().move_to("elsewhere");
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    project.done(&["build", "wheels"]);
    assert_eq!(pips(&project).1, 0);
}

#[test]
fn a_damaged_entry_is_said_and_made_again() {
    for (kind, damage) in [("files", "content"), ("built", "content"), ("files", "entry.json"), ("built", "entry.json")]
    {
        let project = built();
        for entry in entries(&project, kind) {
            fs::write(entry.join(damage), "evil").unwrap();
        }
        project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
        let run = project.done(&["build", "wheels"]);
        run.says(&["the wheel store was damaged", "it is fetched or built again"]);
        assert_eq!(pips(&project).1, usize::from(kind == "built"), "{kind} {damage}");
        let house = project.record("debian-12/wheels-core")["key"].as_str().unwrap()[..32].to_owned();
        assert_eq!(project.read(&format!("wheels/debian-12/{house}/{SIX}")), "six");
        let psutil = "psutil-5.9.8-cp311-cp311-linux_x86_64.whl";
        let bytes = fs::read(project.path(&format!("wheels/debian-12/{house}/{psutil}"))).unwrap();
        assert_eq!(bytes, wheel_bytes(psutil, "psutil"));
        // And now it is whole.
        project.edit("requirements.txt", "six == 1.16.0", "six  ==  1.16.0");
        project.forget_calls();
        let run = project.done(&["build", "wheels"]);
        assert!(!run.stderr.contains("damaged"), "{run}");
        assert_eq!((pips(&project).1, note(&project)), (0, "2 wheels, 2 from the store".to_owned()));
    }
}

#[test]
fn a_wheel_that_the_platform_does_not_take_is_not_taken_from_the_store() {
    let project = built();
    let [entry] = &entries(&project, "built")[..] else { panic!("one was built") };
    let text = fs::read_to_string(entry.join("entry.json")).unwrap();
    fs::write(entry.join("entry.json"), text.replace("cp311", "cp27")).unwrap();
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    project.done(&["build", "wheels"]);
    assert_eq!(pips(&project).1, 1);
}

#[test]
fn killed_in_the_middle() {
    for (call, part) in [("wait", "dpkg-query"), ("wait", "\"wheel\""), ("download", "path=/factory/wheels")] {
        let project = built();
        project.write("requirements.txt", "six==1.16.0\npsutil==5.9.9\n");
        let newer = Script::new()
            .pip_downloads(&[file(SIX, "six"), file("psutil-5.9.9.tar.gz", "newer")])
            .pip_builds(&[wheel("psutil-5.9.9-cp311-cp311-linux_x86_64.whl", "newer")]);
        project.play(&newer.clone().hangs(call, part));
        let mut running = project.start(&["build", "wheels"]);
        running.until_call(call, part);
        running.signal(Signal::KILL);
        running.end();
        let before = entries(&project, "built").len();
        assert_eq!(before, 1, "{call} {part}: nothing half built is kept");
        project.play(&newer);
        project.done(&["build", "wheels"]);
        assert_eq!(
            (entries(&project, "built").len(), note(&project)),
            (2, "2 wheels, 1 compiled, 1 from the store".to_owned())
        );
        project.assert_tidy();
    }
}

#[test]
fn the_store_stays_within_its_limit() {
    let mut project = built();
    let size = |project: &Project| -> u64 {
        let all = ["files", "built"].iter().flat_map(|kind| entries(project, kind));
        all.map(|entry| fs::metadata(entry.join("content")).unwrap().len()).sum()
    };
    let whole = size(&project);
    fs::remove_dir_all(project.path("wheels")).unwrap();
    // The wheel and the sources have their place; what is built of them then takes that of what was not used for longest.
    project.env("WHEEL_STORE_LIMIT", (whole - 1).to_string());
    project.done(&["build", "wheels"]);
    assert!(size(&project) < whole && size(&project) > 0);
    project.env("WHEEL_STORE_LIMIT", "0");
    fs::remove_dir_all(project.path("wheels")).unwrap();
    project.done(&["build", "wheels"]);
    assert_eq!(size(&project), 0);
    assert_eq!(note(&project), "2 wheels, 1 compiled");
    for bad in ["much", "10X", "-1", "1.5G", "99999999999999999999"] {
        project.env("WHEEL_STORE_LIMIT", bad);
        project.run(&["build"]).assert_code(2).says(&["WHEEL_STORE_LIMIT is", "WHEEL_STORE_LIMIT=20G"]);
        let doctor = project.run(&["doctor"]);
        assert!(doctor.stdout.contains("WHEEL_STORE_LIMIT is"), "{doctor}");
    }
}

#[test]
fn doctor_shows_it_and_clean_frees_it() {
    let project = built();
    let doctor = project.run(&["doctor"]);
    assert!(doctor.stdout.contains("wheel store") && doctor.stdout.contains("of 10.0 GB at"), "{doctor}");
    let kept = project.done(&["clean"]);
    assert!(!kept.stdout.contains("wheel store") && project.path("wheels/store").is_dir(), "{kept}");
    let told = project.done(&["clean", "--all", "--dry-run"]);
    assert!(told.stdout.contains("wheel store") && project.path("wheels/store").is_dir(), "{told}");
    project.done(&["clean", "--all"]);
    assert!(!project.path("wheels/store").exists());
    assert!(project.path("factory.lock").exists(), "it is the user's");
    let doctor = project.run(&["doctor"]);
    assert!(!doctor.stdout.contains("wheel store"), "{doctor}");
}

#[test]
fn two_projects_share_a_store() {
    let mut one = built();
    let cache = one.beside("cache").display().to_string();
    one.env("WHEEL_DIR", &cache);
    let mut two = built();
    two.env("WHEEL_DIR", &cache);
    for project in [&one, &two] {
        project.play(&Script::new().on(
            "wait",
            "\"download\"",
            json!({ "delay_ms": 100, "lines": ["Successfully downloaded six psutil"] }),
        ));
        project.forget_calls();
    }
    let running: Vec<_> = [&one, &two].iter().map(|project| project.start(&["build", "wheels"])).collect();
    for run in running.into_iter().map(crate::project::Running::end) {
        run.assert_code(0);
        assert!(!run.stderr.contains("warning"), "{run}");
    }
    // Whoever comes later builds nothing.
    two.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    two.forget_calls();
    two.done(&["build", "wheels"]);
    assert_eq!((pips(&two).1, note(&two)), (0, "2 wheels, 2 from the store".to_owned()));
    let kept = fs::read_dir(PathBuf::from(&cache).join("store/built")).unwrap().count();
    assert_eq!(kept, 1);
}

#[test]
fn a_store_that_cannot_be_written_only_costs_time() {
    let project = built();
    fs::remove_dir_all(project.path("wheels/store")).unwrap();
    project.write("wheels/store", "a file is in the way");
    project.edit("requirements.txt", "six==1.16.0", "six == 1.16.0");
    let run = project.done(&["build", "wheels"]);
    run.says(&["it will be fetched or built again"]);
    assert_eq!(note(&project), "2 wheels, 1 compiled");
}

#[test]
fn a_pip_that_does_not_say_what_it_chose_is_asked_without_offers() {
    let project = built();
    project.write("requirements.txt", "six\npsutil\n");
    project.play(&Script::new().on("wait", "\"download\"", json!({ "lines": ["Done."] })));
    project.done(&["build", "wheels"]);
    assert_eq!(pips(&project), (2, 0));
    assert_eq!(note(&project), "2 wheels, 1 from the store");
}

/// What a container that builds one wheel may give instead.
#[test]
fn a_hostile_build() {
    for (what, gives, says) in [
        ("another wheel", vec![file("six-9-py3-none-any.whl", "evil")], "which is not the wheel that was to be built"),
        (
            "one more",
            [psutil(), vec![file("psutil-5.9.8-py3-none-any.whl", "evil")]].concat(),
            "one more than the source can be built to",
        ),
        ("sources", vec![file("psutil-5.9.8.tar.gz", "evil")], "which is no wheel"),
        ("a script", vec![file("run.sh", "x")], "not a wheel's file name"),
        ("a link", vec![json!({ "name": "psutil-1-py3-none-any.whl", "link": "/etc/passwd" })], "not a regular file"),
        ("nothing", vec![json!({ "folder": true })], "gave no wheel"),
    ] {
        let project = Project::new();
        project.play(&Script::new().pip_builds(&gives));
        let run = project.run(&["build", "wheels", "--jobs", "1"]);
        run.assert_code(1).says(&[says]);
        assert_eq!(entries(&project, "built"), Vec::<PathBuf>::new(), "{what}: it was kept");
        assert!(!project.records().contains(&"debian-12/wheels-core".to_owned()), "{what}");
        project.assert_tidy();
    }
}

#[test]
fn a_builder_that_does_not_say_what_is_installed() {
    for (lines, exit) in [(&[][..], 0), (&INSTALLED[..], 127), (&["sh: dpkg-query: not found"][..], 0)] {
        let project = Project::new();
        project.play(&Script::new().on("wait", "dpkg-query", json!({ "lines": lines, "exit": exit })));
        let run = project.run(&["build", "wheels", "--jobs", "1"]);
        run.assert_code(1).says(&["does not say what is installed in it", "dpkg-query"]);
        project.assert_tidy();
    }
}

fn says_compile(run: &Run) {
    run.assert_code(1).says(&["`psutil` could not be compiled", "requirements.txt:3:1", "build_packages"]);
}

#[test]
fn a_build_that_fails_is_shown_at_its_line() {
    for lines in [
        "Building wheels for collected packages: psutil\nERROR: Failed building wheel for psutil",
        "Processing /factory/build/psutil-5.9.8.tar.gz\nerror: subprocess-exited-with-error\nsome words",
        "",
    ] {
        let project = Project::new();
        let lines: Vec<&str> = lines.lines().collect();
        project.play(&Script::new().on("wait", "\"wheel\"", json!({ "lines": lines, "exit": 1 })));
        says_compile(&project.run(&["build", "wheels", "--jobs", "1"]));
        project.assert_tidy();
    }
}

#[test]
fn options_of_the_requirements_reach_the_build() {
    let project = Project::new();
    project.write(
        "requirements.txt",
        "--extra-index-url https://more.example/simple\n-c web/requirements.txt\nsix==1.16.0 --hash=sha256:44778d82365e4af681c40d5f0eef5cf6f5899d3f0ac335050a7ed6779cf3f674\npsutil==5.9.8 --hash=sha256:15288647007745658fea2b99678c8559b3397b175c168fc6d1900218226f0e32 --global-option=\"--fast\"\n",
    );
    project.done(&["build", "wheels", "--jobs", "1"]);
    // The played daemon shows names only; the key tells that the option is an input, the real one that it is heard.
    assert!(project.calls_of("upload").iter().any(|call| call.contains("factory/build/requirements.txt")));
    project.edit("requirements.txt", "--fast", "--faster");
    project.forget_calls();
    project.done(&["build", "wheels", "--jobs", "1"]);
    assert!(pips(&project).1 > 0);
}

#[test]
fn folders_of_the_checkout_are_requirements() {
    let project = built();
    project.write("libs/own/setup.py", "from setuptools import setup\nsetup(name='own', version='1')\n");
    project.write("libs/own/own.py", "print('own')\n");
    project.write("requirements.txt", "six==1.16.0\n-e ./libs/own\n");
    let own = wheel("own-1-py3-none-any.whl", "own");
    let script = |own: &Value| {
        Script::new()
            .pip_builds(std::slice::from_ref(own))
            .pip_downloads(&[file(SIX, "six"), own.clone()])
            .pip_chooses("six own")
    };
    project.play(&script(&own));
    project.done(&["build", "wheels"]);
    assert_eq!(note(&project), "2 wheels, 1 compiled, 1 from the store");
    let [build, download] = ["\"wheel\"", "\"download\""]
        .map(|part| project.calls_of("upload").into_iter().find(|call| call.contains(part)).unwrap());
    assert!(build.contains("factory/build/own/own.py") && download.contains("factory/ready/own-1-py3-none-any.whl"));
    let manifest = project.files("wheels/debian-12").into_iter().find(|file| file.contains("own-1")).unwrap();
    assert_eq!(
        fs::read(project.path("wheels/debian-12").join(&manifest)).unwrap(),
        wheel_bytes("own-1-py3-none-any.whl", "own")
    );
    assert!(!project.read("factory.lock").contains("own-1"), "the commit says what it is");
    // Known by its content: not by its time, and not by what is ignored.
    project.write("libs/own/own.py", "print('own')\n");
    project.write(".gitignore", "*.log\n");
    project.write("libs/own/own.log", "x");
    assert!(!project.planned().iter().any(|line| line.starts_with("wheels")), "{:?}", project.planned());
    project.write("libs/own/own.py", "print('mine')\n");
    assert_eq!(project.planned()[0], "wheels-core: folder libs/own changed: own.py changed");
    project.forget_calls();
    project.play(&script(&wheel("own-1-py3-none-any.whl", "mine")));
    project.done(&["build", "wheels"]);
    assert_eq!((pips(&project).1, note(&project)), (1, "2 wheels, 1 compiled, 1 from the store".to_owned()));
    project.write("requirements.txt", "./libs/nowhere\n");
    project.run(&["plan"]).assert_code(2).says(&["libs/nowhere"]);
}

#[test]
fn folders_of_a_parent_constrain_nothing() {
    let project = Project::new();
    project.write("libs/own/setup.py", "");
    project.write("libs/own/own.py", "print('own')\n");
    project.write("requirements.txt", "six==1.16.0\n./libs/own\n");
    let own = wheel("own-1-py3-none-any.whl", "own");
    let script = Script::new().pip_builds(std::slice::from_ref(&own)).pip_downloads(&[file(SIX, "six"), own]);
    project.play(&script.pip_chooses("six own"));
    project.done(&["build", "wheels", "--jobs", "1"]);
    let is_child = |call: &String| call.contains("in/web/requirements.txt\",\"--con");
    let child = project.calls_of("upload").into_iter().find(is_child).unwrap();
    assert!(!child.contains("ready/own"), "{child}");
    assert_eq!(pips(&project).1, 1, "built for the parent alone");
}

#[test]
fn the_plan_names_what_changed() {
    let project = built();
    let why = |text: &str| {
        project.write("requirements.txt", text);
        project.planned()[0].strip_prefix("wheels-core: requirements.txt changed").unwrap().to_owned()
    };
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\n");
    assert!(!project.planned().iter().any(|line| line.starts_with("wheels")), "a comment");
    assert_eq!(why("six==1.17.0\npsutil==5.9.8\n"), ": six 1.16.0 -> 1.17.0");
    assert_eq!(why("six>=1.16,<2\nPSUTIL == 5.9.8\n"), ": six 1.16.0 -> >=1.16,<2");
    assert_eq!(why("six\nidna==3.10\n"), ": idna 3.10 added, psutil 5.9.8 removed, six 1.16.0 -> any");
    assert_eq!(why("a==1\nb==1\nc==1\nd==1\ne==1\n"), ": a 1 added, b 1 added, c 1 added and 4 more");
    assert_eq!(
        why("six @ https://anna:s3cr3t@h.example/six-1.tar.gz?t=s3cr3t\npsutil==5.9.8\n"),
        ": six 1.16.0 -> @ https://h.example/six-1.tar.gz"
    );
    project.done(&["build", "wheels"]);
    let kept = project.read(".factory/records/debian-12/wheels-core.json") + &project.read("factory.lock");
    assert!(!kept.contains("s3cr3t") && !kept.contains("anna"), "{kept}");
}
