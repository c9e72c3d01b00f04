//! Pushing to real registries, and what comes back.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    house::{BUILT, House, TAG, docker, text},
    registry::{Front, LOGIN, Registry},
};

/// What a push said that it pushed: name -> digest.
fn pushed(said: &str) -> Vec<(String, String)> {
    let made = said.lines().find(|line| line.contains("\"event\":\"made\"")).expect("a closing table");
    let made: serde_json::Value = serde_json::from_str(made).expect("JSON");
    let word = |item: &serde_json::Value, name: &str| item[name].as_str().expect("a word").to_owned();
    made["items"].as_array().expect("rows").iter().map(|item| (word(item, "name"), word(item, "digest"))).collect()
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("read a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.clone(), std::fs::read(&path).expect("read a file"))).collect()
}

#[test]
#[ignore = "needs a real engine: make real"]
fn what_is_pushed_comes_back_equal() {
    let house = &*BUILT;
    let registry = Registry::start();
    let said = house.done(&["push", "--registry", &registry.address, "--output", "json"]);
    let made = said.lines().find(|line| line.contains("\"event\":\"made\"")).expect("a closing table");
    let made: serde_json::Value = serde_json::from_str(made).expect("JSON");
    let items = made["items"].as_array().expect("rows");
    assert_eq!(items.len(), 8, "four images, each with the platform's and the plain tag: {made}");
    for item in items {
        let (name, digest) = (item["name"].as_str().expect("a name"), item["digest"].as_str().expect("a digest"));
        assert!(name.starts_with(&registry.address), "{name}");
        let local = name.trim_start_matches(&registry.address).trim_start_matches('/');
        let id = docker(&["inspect", "--format", "{{.Id}}", local]);
        let gone = Command::new("docker").args(["inspect", name]).output().expect("docker inspect");
        assert!(!gone.status.success(), "the registry's name was taken away again: {name}");
        docker(&["pull", "--quiet", name]);
        assert_eq!(docker(&["inspect", "--format", "{{.Id}}", name]), id, "pulled back equal");
        let digests = docker(&["inspect", "--format", "{{join .RepoDigests \" \"}}", name]);
        assert!(digests.contains(digest), "{digest} is the one in the registry: {digests}");
        docker(&["rmi", name]);
    }
    assert!(items.iter().any(|item| item["name"].as_str().is_some_and(|name| name.ends_with(&format!("-core:{TAG}")))));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_registry_that_is_not_there_is_named() {
    let house = &*BUILT;
    let output = house.factory(&["push", "--registry", "127.0.0.1:9"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("127.0.0.1:9"), "{said}");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_base_is_pulled_where_a_registry_answers() {
    let _built = &*BUILT;
    let registry = Registry::start();
    let name = format!("{}/debian:bookworm", registry.address);
    let base = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", "factory.local/base"]);
    docker(&["tag", base.lines().next().expect("the base of the example"), &name]);
    docker(&["push", "--quiet", &name]);
    docker(&["rmi", &name]);
    let house = House::apart("pulled-base");
    // A project of its own: `clean` takes what has the names of this project's release.
    house.edit("factory.toml", "name = \"canopsis\"\nmaintainer", "name = \"pulled\"\nmaintainer");
    house.edit("factory.toml", "repository = \"canopsis/", "repository = \"pulled/");
    house.edit(
        "factory.toml",
        "[python]\n",
        &format!("[base]\nimage = \"{name}\"\nbootstrap = \"never\"\n\n[python]\n"),
    );
    for file in ["requirements.txt", "cat/requirements.txt"] {
        std::fs::write(house.folder.join(file), "six==1.17.0\n").expect("write requirements");
    }
    house.done(&["build", "wheels"]);
    assert!(docker(&["images", "--quiet", &name]).len() >= 12, "the base is in the daemon under its own name");
    let plan = house.done(&["plan"]);
    assert!(plan.contains("cached  base") && plan.contains("from its registry"), "{plan}");
    house.done(&["clean", "--all"]);
    docker(&["rmi", "--force", &name]);
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_registry_with_its_own_ca_and_a_login() {
    let house = &*BUILT;
    let Some(registry) = Registry::secured() else { return };
    let home = tempfile::tempdir().expect("a folder");
    let log_in = |password: &str| {
        // `docker login` would ask the registry first; what it leaves is this.
        let auth =
            format!(r#"{{"auths":{{"{}":{{"username":"{}","password":"{password}"}}}}}}"#, registry.address, LOGIN.0);
        std::fs::write(home.path().join("config.json"), auth).expect("write a configuration");
    };
    let push = |more: &[&str]| {
        let mut command =
            house.command(&[&["push", "--registry", &registry.address, "--output", "json"], more].concat());
        command.env("DOCKER_CONFIG", home.path()).output().expect("run factory")
    };
    let refused = push(&[]);
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("does not let us in") && said.contains("docker login"), "{said}");
    log_in("wr0ng-secret");
    let said = text(&push(&[]));
    assert!(said.contains(&format!("does not let `{}` in", LOGIN.0)) && !said.contains("wr0ng-secret"), "{said}");
    log_in(LOGIN.1);
    let output = push(&["--packages"]);
    let said = text(&output);
    assert!(output.status.success() && !said.contains(LOGIN.1), "{said}");
    let items = pushed(&String::from_utf8_lossy(&output.stdout));
    let core = items.iter().position(|(name, _)| name.contains("-core:")).expect("core");
    let cat = items.iter().position(|(name, _)| name.contains("-cat:")).expect("cat");
    assert!(core < cat, "what it is made from goes first: {items:?}");
    let images = items.iter().filter(|(name, _)| name.contains("canopsis/canopsis-"));
    for (name, digest) in images {
        let by_digest = format!("{}@{digest}", name.rsplit_once(':').expect("a tag").0);
        docker(&["--config", &home.path().to_string_lossy(), "pull", "--quiet", &by_digest]);
        let local = name.trim_start_matches(&registry.address).trim_start_matches('/');
        let id = |name: &str| docker(&["inspect", "--format", "{{.Id}}", name]);
        assert_eq!(id(&by_digest), id(local), "{name} is pulled back equal");
        docker(&["rmi", &by_digest]);
    }
    let packages = house.folder.join("packages/debian-12");
    let before = files(&packages);
    for path in before.keys().filter(|path| path.extension().is_some_and(|extension| extension == "deb")) {
        std::fs::remove_file(path).expect("remove a package");
    }
    let mut pull = house.command(&["pull", "--registry", &registry.address]);
    let pulled = pull.env("DOCKER_CONFIG", home.path()).output().expect("run factory");
    assert!(pulled.status.success(), "{}", text(&pulled));
    assert_eq!(files(&packages), before, "byte for byte");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_registry_that_is_busy_and_cuts_connections() {
    let house = &*BUILT;
    let registry = Registry::start();
    let Some(front) = Front::of(
        &registry,
        &serde_json::json!([
            { "method": "GET", "path": "/manifests/", "answers": [{ "status": 429, "headers": { "Retry-After": "1" } }, { "status": 503 }] },
            { "method": "POST", "path": "/blobs/uploads/", "answers": [{ "status": 500 }] },
            { "method": "PATCH", "path": "/blobs/uploads/", "answers": [{ "cut": 100_000 }] },
            { "method": "PUT", "path": "/manifests/", "answers": [{ "status": 500 }, { "cut": 0 }, { "status": 429 }] },
        ]),
    ) else {
        return;
    };
    let output = house.factory(&["push", "--registry", &front.address, "--packages", "--output", "json"]);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("answers 429; asked again in 1.0 s"), "{said}");
    assert!(said.contains("is pushed again in"), "{said}");
    assert!(front.unused().is_empty(), "every fault was met: {:?}", front.unused());
    // Behind the front, the registry has what was said.
    for (name, digest) in
        pushed(&String::from_utf8_lossy(&output.stdout)).iter().filter(|(name, _)| name.contains("-core:"))
    {
        let name = name.replace(&front.address, &registry.address);
        docker(&["pull", "--quiet", &name]);
        let digests = docker(&["inspect", "--format", "{{join .RepoDigests \" \"}}", &name]);
        assert!(digests.contains(digest.as_str()), "{digest}: {digests}");
        docker(&["rmi", &name]);
    }
    let again = house.factory(&["push", "--registry", &front.address]);
    assert!(text(&again).contains("all 8 there already"), "{}", text(&again));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn two_pushes_at_once() {
    let house = &*BUILT;
    let registry = Registry::start();
    let arguments = ["push", "--registry", &registry.address, "--output", "json"];
    let both = std::thread::scope(|scope| {
        let started = [(); 2].map(|()| scope.spawn(|| house.factory(&arguments)));
        started.map(|run| run.join().expect("an end"))
    });
    let said = both.each_ref().map(text);
    assert!(both.iter().all(|output| output.status.success()), "{said:?}");
    assert!(said.iter().any(|said| said.contains("works in this project; waiting for it to end")), "{said:?}");
    let [one, other] = both.map(|output| pushed(&String::from_utf8_lossy(&output.stdout)));
    assert_eq!(one, other, "the second finds what the first has pushed");
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_tag_of_somebody_else_stays() {
    let house = &*BUILT;
    let registry = Registry::start();
    let theirs = format!("{}/canopsis/canopsis-cat:{TAG}", registry.address);
    let base = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", "factory.local/base"]);
    docker(&["tag", base.lines().next().expect("the base of the example"), &theirs]);
    docker(&["push", "--quiet", &theirs]);
    docker(&["rmi", &theirs]);
    let refused = house.factory(&["push", "--registry", &registry.address]);
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("nothing was pushed") && said.contains("--force"), "{said}");
    let core = format!("{}/canopsis/canopsis-core:{TAG}", registry.address);
    let pulled = Command::new("docker").args(["pull", &core]).output().expect("docker pull");
    assert!(!pulled.status.success(), "not even those that were free");
    let forced = house.factory(&["push", "--registry", &registry.address, "--force"]);
    assert!(forced.status.success(), "{}", text(&forced));
}

#[test]
#[ignore = "needs a real engine: make real"]
fn a_base_is_pulled_with_the_login_of_its_registry() {
    let Some(registry) = Registry::secured() else { return };
    let home = tempfile::tempdir().expect("a folder");
    let auth =
        format!(r#"{{"auths":{{"{}":{{"username":"{}","password":"{}"}}}}}}"#, registry.address, LOGIN.0, LOGIN.1);
    let folder = home.path().join("project");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(home.path().join("config.json"), auth).expect("write a configuration");
    let name = format!("{}/team/base:1", registry.address);
    std::fs::write(home.path().join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").expect("write a Dockerfile");
    docker(&["build", "--quiet", "--tag", &name, &home.path().display().to_string()]);
    docker(&["--config", &home.path().to_string_lossy(), "push", "--quiet", &name]);
    docker(&["rmi", &name]);
    let recipe = format!(
        "[project]\nname = \"private\"\nmaintainer = \"A <a@example.org>\"\nlicense = \"MIT\"\nplatforms = [\"debian-12\"]\n\n\
         [base]\nimage = \"{name}\"\nbootstrap = \"never\"\n\n[[image]]\nname = \"x\"\nrepository = \"factory-test/private\"\n\
         contents = [{{ src = \"factory.toml\", dst = \"/factory.toml\" }}]\n"
    );
    std::fs::write(folder.join("factory.toml"), recipe).expect("write the recipe");
    let house = House { wheels: folder.join("wheels"), folder, platforms: "" };
    let refused = text(&house.factory(&["build", "images"]));
    assert!(refused.contains(&format!("docker login {}", registry.address)), "{refused}");
    let output = house.command(&["build", "images"]).env("DOCKER_CONFIG", home.path()).output().expect("run factory");
    let said = text(&output);
    assert!(output.status.success() && !said.contains(LOGIN.1), "{said}");
    house.done(&["clean", "--all"]);
    docker(&["rmi", "--force", &name]);
}
