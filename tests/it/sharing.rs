//! One wheel cache for several projects: what one gives to the building of wheels is no other one's.

use std::fs;

use crate::{
    play::{Script, wheel},
    project::{Project, Run},
};

/// The digests of what the played pip gives.
const HASHED: &str = "six==1.16.0 --hash=sha256:44778d82365e4af681c40d5f0eef5cf6f5899d3f0ac335050a7ed6779cf3f674\npsutil==5.9.8 --hash=sha256:15288647007745658fea2b99678c8559b3397b175c168fc6d1900218226f0e32\n";
const BUILT: &str = "psutil-5.9.8-cp311-cp311-linux_x86_64.whl";

/// What a project has of its own, in a word.
type Change = (&'static str, Box<dyn Fn(&Project)>);

/// A project that pins hashes, with a wheel cache that others use, too.
fn project(cache: &str) -> Project {
    let mut project = Project::new();
    project.env("WHEEL_DIR", cache);
    project.write("requirements.txt", HASHED);
    project
}

/// The bytes of the wheel that a build of the first image gets.
fn built(project: &Project, cache: &str) -> Vec<u8> {
    let is_cached = !project.records().contains(&"debian-12/wheels-core".to_owned());
    let house = if is_cached {
        // The first project's, and the only one.
        fs::read_dir(format!("{cache}/debian-12")).unwrap().next().unwrap().unwrap().path()
    } else {
        let record = project.record("debian-12/wheels-core");
        format!("{cache}/debian-12/{}", &record["key"].as_str().unwrap()[..32]).into()
    };
    fs::read(house.join(BUILT)).unwrap()
}

/// What becomes of a project after one that builds another wheel of the same sources, and has changed something: both are changed by
/// `both`, only the first one by `first`.
fn after(both: impl Fn(&Project), first: impl Fn(&Project)) -> (Run, bool) {
    let shared = tempfile::tempdir().unwrap();
    let cache = shared.path().display().to_string();
    let (evil, honest) = (project(&cache), project(&cache));
    both(&evil);
    both(&honest);
    first(&evil);
    evil.play(&Script::new().pip_builds(&[wheel(BUILT, "evil")]));
    evil.done(&["build", "wheels"]);
    let run = honest.done(&["build", "wheels"]);
    let ordinary = crate::play::wheel_bytes(BUILT, "psutil");
    (run, built(&honest, &cache) == ordinary)
}

/// Requirements that are others, so that only single wheels are shared.
fn other(project: &Project) {
    project.write("requirements.txt", &format!("# Ours.\n{HASHED}"));
}

fn recipe(line: &'static str, table: &'static str) -> impl Fn(&Project) {
    move |project: &Project| project.edit("factory.toml", table, &format!("{table}\n{line}"))
}

fn template(name: &'static str, more: &'static str) -> impl Fn(&Project) {
    move |project: &Project| {
        let known = fs::read_to_string(format!("{}/dockerfiles/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        project.write(&format!("dockerfiles/{name}"), &format!("{known}{more}"));
    }
}

fn platform(from: &'static str, to: &'static str) -> impl Fn(&Project) {
    move |project: &Project| {
        let known = fs::read_to_string(format!("{}/platforms/debian-12.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(known.contains(from), "{known}");
        project.write("platforms/debian-12.toml", &known.replacen(from, to, 1));
    }
}

const QUIRK: &str = "\n[[base.quirk]]\nreason = \"x\"\nwrite = { \"/usr/lib/python3/dist-packages/x.pth\" = \"import os\" }\n\n[python]";

#[test]
fn a_builder_of_ones_own_builds_for_nobody_else() {
    let own: [Change; 7] = [
        ("builder", Box::new(template("builder.hbs", "RUN true\n"))),
        ("install", Box::new(template("install-apt.hbs", "RUN true\n"))),
        ("image", Box::new(recipe("image = \"debian:99-slim\"", "[base]"))),
        ("mirror", Box::new(recipe("mirror = \"https://mirror.example/debian\"", "[base]"))),
        ("quirk", Box::new(platform("\n[python]", QUIRK))),
        ("interpreter", Box::new(platform("/usr/bin/python3", "/usr/bin/python3.11"))),
        ("platform's image", Box::new(platform("debian:bookworm-slim", "debian:99-slim"))),
    ];
    for (what, change) in own {
        // Neither the wheelhouse nor, for another one, the wheel in the store.
        let (run, honest) = after(|_| {}, &change);
        assert!(honest, "{what}: {run}");
        assert!(!run.stderr.contains("cached"), "{what}: {run}");
    }
}

#[test]
fn who_chooses_the_build_back_end_builds_for_nobody_else() {
    let options =
        |lines: &'static str| move |project: &Project| project.write("requirements.txt", &format!("{lines}{HASHED}"));
    let own: [Change; 5] = [
        ("recipe", Box::new(recipe("index_url = \"https://index.example/simple\"", "[python]"))),
        ("extra", Box::new(recipe("extra_index_urls = [\"https://index.example/simple\"]", "[python]"))),
        ("option", Box::new(options("--extra-index-url https://index.example/simple\n"))),
        ("trusted", Box::new(options("--trusted-host pypi.org\n"))),
        ("links", {
            let change = options("--find-links ./vendor\n");
            Box::new(move |project: &Project| {
                project.write("vendor/setuptools-99-py3-none-any.whl", "evil");
                change(project);
            })
        }),
    ];
    for (what, change) in own {
        let (run, honest) = after(|_| {}, &change);
        assert!(honest, "{what}: {run}");
    }
    // The content of a folder is compared, not only its name.
    let links = |text: &'static str| {
        move |project: &Project| {
            project.write("requirements.txt", &format!("--find-links ./vendor\n{HASHED}"));
            project.write("vendor/setuptools-99-py3-none-any.whl", text);
        }
    };
    let (run, honest) = after(links("good"), links("evil"));
    assert!(honest, "{run}");
}

#[test]
fn what_all_have_is_shared() {
    let shared = |both: &dyn Fn(&Project), first: &dyn Fn(&Project)| {
        let (run, honest) = after(both, first);
        assert!(!honest, "built again: {run}");
    };
    shared(&|_| {}, &|_| {});
    shared(&|_| {}, &other);
    // A text that says the same as what is brought along, or only something that has no part in wheels.
    shared(&template("builder.hbs", ""), &|_| {});
    shared(&|_| {}, &platform("name = \"", "name = \"Our "));
    // Projects that give the same share.
    for same in [template("builder.hbs", "RUN true\n"), template("install-apt.hbs", "RUN true\n")] {
        shared(&same, &|_| {});
        shared(&same, &other);
    }
    shared(&recipe("image = \"debian:99-slim\"", "[base]"), &other);
}
