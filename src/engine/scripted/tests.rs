//! The played daemon behaves like one.

use std::{fs::File, io::Write as _, sync::Mutex};

use futures::TryStreamExt as _;

use super::*;
use crate::engine::{
    BuildSpec, ContainerSpec, Credentials, Engine as _, ExecSpec, ImportSpec, Labels, Progress, Silent,
};

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn with(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("script.json"), script).unwrap();
        Self { dir }
    }

    /// A new process that plays the script.
    fn engine(&self) -> Scripted {
        Scripted::load(&self.dir.path().join("script.json")).unwrap()
    }

    fn calls(&self) -> Vec<String> {
        let log = fs_err::read_to_string(self.dir.path().join("script.json.calls")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Output for Kept {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, _progress: Progress) {}
}

fn tar_of(name: &str, text: &str) -> File {
    let mut tar = tar::Builder::new(tempfile::tempfile().unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    tar.into_inner().unwrap()
}

fn build(text: &str, tag: &str) -> BuildSpec {
    BuildSpec {
        context: tar_of("Dockerfile", text),
        dockerfile: "Dockerfile".into(),
        tags: vec![tag.into()],
        labels: Labels::from([("step".into(), "x".into())]),
        args: BTreeMap::new(),
        target: String::new(),
        no_cache: false,
    }
}

fn spec(image: &str) -> ContainerSpec {
    ContainerSpec { image: image.into(), argv: vec!["true".into()], ..ContainerSpec::default() }
}

#[tokio::test]
async fn images_get_ids_by_content_and_names_move() {
    let world = World::with("{}");
    let engine = world.engine();
    let first = engine.build(build("FROM a", "app:1"), &Silent).await.unwrap();
    let again = engine.build(build("FROM a", "app:1"), &Silent).await.unwrap();
    assert_eq!(first, again);
    let second = engine.build(build("FROM b", "app:1"), &Silent).await.unwrap();
    assert_ne!(first, second);

    let later = world.engine();
    let named = later.image("app:1").await.unwrap().unwrap();
    assert_eq!(named.id, second);
    assert_eq!(later.image(&first.0).await.unwrap().unwrap().tags, Vec::<String>::new());
    let any = Labels::from([("step".into(), String::new())]);
    assert_eq!(later.images(&any).await.unwrap().len(), 2);
    later.tag("app:1", "other:2").await.unwrap();
    assert!(later.remove_image("app:1").await.unwrap());
    assert!(!later.remove_image("app:1").await.unwrap());
    assert!(later.remove_image(&second.0).await.unwrap());
    assert_eq!(later.image("other:2").await.unwrap(), None);
    assert!(world.calls()[0].starts_with(r#"build tags=["app:1"] dockerfile="Dockerfile""#), "{:?}", world.calls());
}

#[tokio::test]
async fn containers_live_from_process_to_process() {
    let world = World::with(r#"{"images": [{"tags": ["debian:12"], "size": 7}]}"#);
    let id = world.engine().create(spec("debian:12")).await.unwrap();
    let engine = world.engine();
    assert_eq!(id.0, "c1");
    let no_run = engine.exec(&id, ExecSpec::default(), &Silent).await;
    assert!(matches!(no_run, Err(EngineError::Refused { status: Some(409), .. })));
    engine.start(&id).await.unwrap();
    assert_eq!(engine.state(&id).await.unwrap(), None);
    assert_eq!(engine.exec(&id, ExecSpec::default(), &Silent).await.unwrap(), 0);
    assert!(engine.containers(&Labels::new()).await.unwrap()[0].running);
    let in_use = engine.remove_image("debian:12").await;
    assert!(matches!(in_use, Err(EngineError::Refused { status: Some(409), .. })));
    assert_eq!(engine.wait(&id, &Silent).await.unwrap(), 0);
    assert_eq!(engine.state(&id).await.unwrap(), Some(0));
    assert!(engine.remove(&id).await.unwrap());
    assert!(!engine.remove(&id).await.unwrap());
    assert!(matches!(engine.start(&id).await, Err(EngineError::Refused { status: Some(404), .. })));
    assert!(matches!(engine.create(spec("nothing")).await, Err(EngineError::Refused { status: Some(404), .. })));
    assert!(world.calls().contains(&"remove c1".to_owned()), "{:?}", world.calls());
}

#[tokio::test]
async fn rules_fail_print_and_wear_out() {
    let world = World::with(
        r#"{"rules": [
            {"on": "build", "contains": "app:1", "times": 1,
             "then": {"lines": ["E: no"], "fail": {"kind": "build", "text": "exit code: 100"}}},
            {"on": "pull", "contains": "gone", "then": {"fail": {"kind": "not-found", "text": "manifest unknown"}}},
            {"on": "pull", "then": {"fail": {"kind": "registry", "text": "dial tcp"}}},
            {"on": "info", "times": 1, "then": {"fail": {"kind": "denied", "text": "permission denied"}}}
        ], "engine": {"version": "19.03.1", "buildkit": false}}"#,
    );
    let out = Kept::default();
    let failed = world.engine().build(build("FROM a", "app:1"), &out).await.unwrap_err();
    assert!(matches!(failed, EngineError::Build { reason } if reason == "exit code: 100"));
    assert_eq!(*out.0.lock().unwrap(), ["E: no"]);
    // The use was counted for all processes.
    world.engine().build(build("FROM a", "app:1"), &Silent).await.unwrap();
    let engine = world.engine();
    assert!(matches!(engine.pull("r.io/gone:1", None, &Silent).await,
        Err(EngineError::ImageNotFound { image, .. }) if image == "r.io/gone:1"));
    assert!(matches!(engine.pull("r.io/a:1", None, &Silent).await,
        Err(EngineError::RegistryUnreachable { registry, .. }) if registry == "r.io"));
    assert!(matches!(engine.info().await, Err(EngineError::Unreachable { denied: true, .. })));
    let info = engine.info().await.unwrap();
    assert_eq!((info.version.as_str(), info.buildkit, info.api.as_str()), ("19.03.1", false, "1.41"));
}

#[tokio::test]
async fn pulls_pushes_and_imports_make_sense() {
    let world = World::with("{}");
    let engine = world.engine();
    let pulled = engine.pull("debian:12", None, &Silent).await.unwrap().image;
    assert_eq!(engine.pull("debian:12", None, &Silent).await.unwrap().image, pulled);
    assert_eq!(engine.image(&pulled.repo_digests[0]).await.unwrap().unwrap().id, pulled.id);
    let changes = vec!["LABEL a=b c=\"d\"".to_owned()];
    let import = ImportSpec { tar: tar_of("bin/sh", "x"), reference: "base:1".into(), changes };
    let id = engine.import(import, &Silent).await.unwrap();
    assert_eq!(engine.image("base:1").await.unwrap().unwrap().labels.get("c").map(String::as_str), Some("d"));
    engine.tag(&id.0, "r.io/base:1").await.unwrap();
    let credentials = Credentials { user: "me".into(), secret: "s3cret".into() };
    let digest = engine.push("r.io/base:1", Some(credentials), &Silent).await.unwrap().digest;
    assert_eq!(engine.image("base:1").await.unwrap().unwrap().repo_digests, [format!("r.io/base@{digest}")]);
    assert!(engine.push("r.io/other:1", None, &Silent).await.is_err());
    let calls = world.calls().join("\n");
    assert!(calls.contains(r#"push "r.io/base:1" user="me""#) && !calls.contains("s3cret"), "{calls}");
}

#[tokio::test]
async fn archives_come_from_disk_and_from_the_script() {
    let world = World::with(
        r#"{"images": [{"tags": ["a:1"]}], "rules": [
            {"on": "download", "contains": "path=/disk", "then": {"archive": {"/disk": "tree"}}},
            {"on": "download", "then": {"archive": {"/opt/app": [
                {"name": "bin/tool", "text": "run", "mode": "4755", "uid": 5},
                {"name": "current", "link": "bin"},
                {"name": "empty", "folder": true}]}}}]}"#,
    );
    fs_err::create_dir_all(world.dir.path().join("tree/sub")).unwrap();
    let mut file = fs_err::File::create(world.dir.path().join("tree/sub/f.rpm")).unwrap();
    file.write_all(&[b'r'; 5000]).unwrap();
    let engine = world.engine();
    let id = engine.create(spec("a:1")).await.unwrap();
    let names = async |path: &str| -> Option<Vec<String>> {
        let bytes: Vec<bytes::Bytes> = engine.download(&id, path).await.unwrap()?.try_collect().await.unwrap();
        let mut archive = tar::Archive::new(std::io::Cursor::new(bytes.concat()));
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            format!("{} {:o}", entry.path().unwrap().display(), entry.header().mode().unwrap())
        });
        Some(entries.collect())
    };
    let folder = |all: &[String]| all.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(folder(&names("/disk").await.unwrap()), ["disk/", "disk/sub/", "disk/sub/f.rpm"]);
    assert_eq!(folder(&names("/disk/sub/f.rpm").await.unwrap()), ["f.rpm"]);
    let app = names("/opt/app").await.unwrap();
    assert_eq!(app, ["app/ 755", "app/bin/tool 4755", "app/current 644", "app/empty/ 755"]);
    assert_eq!(names("/opt/app/bin").await.unwrap(), ["bin/ 755", "bin/tool 4755"]);
    assert_eq!(names("/opt/app/bin/tool").await.unwrap(), ["tool 4755"]);
    assert_eq!(names("/opt/other").await, None);
    assert_eq!(names("/disk/missing").await, None);
    engine.upload(&id, "/tmp", tar_of("in.txt", "x")).await.unwrap();
    assert!(world.calls().last().unwrap().ends_with(r#"directory="/tmp" files=["in.txt"]"#), "{:?}", world.calls());
}

#[tokio::test]
async fn a_call_that_hangs_can_be_dropped() {
    let world = World::with(
        r#"{"images": [{"tags": ["a:1"]}],
            "rules": [{"on": "wait", "contains": "\"true\"", "then": {"lines": ["begun"], "hang": true}}]}"#,
    );
    let engine = world.engine();
    let id = engine.create(spec("a:1")).await.unwrap();
    engine.start(&id).await.unwrap();
    let out = Kept::default();
    let waited = tokio::time::timeout(Duration::from_millis(50), engine.wait(&id, &out)).await;
    assert!(waited.is_err());
    assert_eq!(*out.0.lock().unwrap(), ["begun"]);
    assert!(world.calls().last().unwrap().starts_with("cancelled wait c1"), "{:?}", world.calls());
}

#[tokio::test]
async fn many_at_once_lose_nothing() {
    let world = World::with(r#"{"images": [{"tags": ["a:1"]}]}"#);
    let made = futures::future::join_all((0..20).map(|_| async { world.engine().create(spec("a:1")).await.unwrap() }));
    let mut ids: Vec<String> = made.await.into_iter().map(|id| id.0).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    assert_eq!(world.engine().containers(&Labels::new()).await.unwrap().len(), 20);
}

#[test]
fn a_script_that_is_wrong_is_said_with_its_line() {
    for (script, words) in [
        ("{\n\"rules\": [{\"on\": \"bild\", \"then\": {}}]}", "no method is named `bild`"),
        ("{\n\"rulez\": []}", "line 2"),
        ("{\"rules\": [{\"on\": \"build\", \"then\": {\"explode\": true}}]}", "explode"),
    ] {
        let world = World::with(script);
        let error = Scripted::load(&world.dir.path().join("script.json")).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
