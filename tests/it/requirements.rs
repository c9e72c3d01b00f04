//! Requirements as pip reads them: encodings, quotes and variables; what no index gives; and what a project may not reach with them.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use crate::{
    incremental::one_image,
    play::{Script, downloads, file, sha256, wheel, wheel_bytes},
    project::{Project, Run},
    repository::{Repository, checked_out},
    servers::{LOGIN, assert_kept, https},
};

/// A project whose one set is this text.
fn with(text: &str) -> Project {
    let project = one_image();
    project.write("requirements.txt", text);
    project
}

/// The manifest of the first set's wheelhouse.
fn manifest(project: &Project) -> Value {
    let key = project.record("debian-12/wheels-core")["key"].as_str().unwrap().to_owned();
    serde_json::from_str(&project.read(&format!("wheels/debian-12/{}/manifest.json", &key[..32]))).unwrap()
}

fn refused(project: &Project, verb: &[&str], says: &[&str]) -> Run {
    let run = project.run(verb);
    assert_ne!(run.code, Some(0), "{run}");
    run.says(says);
    run
}

#[test]
fn files_that_are_taken_in_as_pip_reads_their_names() {
    let project =
        with("-c requirements/constraints.txt\t# why\n-r \"requirements/with space.txt\"\n# nothing \\\nsix==1.16.0\n");
    project.write("requirements/constraints.txt", "idna<4\n");
    project.write("requirements/with space.txt", "-r ../more.txt\npsutil==5.9.8\n");
    project.write("more.txt", "");
    project.done(&["build", "wheels", "--jobs", "1"]);
    let inputs = manifest(&project)["inputs"].clone();
    for name in ["requirements/constraints.txt", "requirements/with space.txt", "more.txt"] {
        assert!(inputs[name].is_string(), "{name}: {inputs}");
    }
    let uploads = project.calls_of("upload");
    assert!(uploads.iter().any(|call| call.contains("factory/in/requirements/with space.txt")), "{uploads:?}");
}

#[test]
fn texts_in_other_encodings() {
    let utf16: Vec<u8> = "six==1.16.0\npsutil==5.9.8\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [[&b"\xff\xfe"[..], &utf16].concat(), b"\xef\xbb\xbfsix==1.16.0\npsutil==5.9.8\n".to_vec()] {
        let project = Project::new();
        fs::write(project.path("requirements.txt"), bytes).unwrap();
        project.done(&["build", "wheels", "--jobs", "1"]);
        assert_eq!(manifest(&project)["wheels"].as_array().unwrap().len(), 2);
    }
    let project = Project::new();
    fs::write(project.path("requirements.txt"), b"six # \xe9\n").unwrap();
    refused(&project, &["plan"], &["it is not UTF-8, and has neither a byte order mark nor a `coding:` comment"]);
}

const OWN: &str = "own-1.0-py3-none-any.whl";

/// A project with a wheel of its own, and a pip that takes it.
fn vendored(text: &str) -> Project {
    let project = with(text);
    fs::create_dir(project.path("vendor")).unwrap();
    fs::write(project.path("vendor").join(OWN), wheel_bytes(OWN, "own")).unwrap();
    project
        .play(&Script::new().pip_downloads(&[downloads(), vec![wheel(OWN, "own")]].concat()).index_tells(&downloads()));
    project
}

#[test]
fn a_wheel_of_the_project() {
    for line in [
        "./vendor/own-1.0-py3-none-any.whl".to_owned(),
        "vendor/own-1.0-py3-none-any.whl ; python_version > '3'".to_owned(),
        "own @ file:vendor/own-1.0-py3-none-any.whl".to_owned(),
        "./app/../vendor/own-1.0-py3-none-any.whl".to_owned(),
    ] {
        let project = vendored(&format!("six==1.16.0\npsutil==5.9.8\n{line}\n"));
        project.done(&["build", "wheels", "--jobs", "1"]);
        let uploads = project.calls_of("upload");
        assert!(uploads.iter().any(|call| call.contains(&format!("factory/ready/{OWN}"))), "{line}: {uploads:?}");
        let wheels = manifest(&project)["wheels"].clone();
        let own = wheels.as_array().unwrap().iter().find(|wheel| wheel["file"] == OWN).unwrap().clone();
        assert_eq!(own["folder"], format!("vendor/{OWN}"), "{line}");
        assert!(!project.read("factory.lock").contains(OWN), "the commit says what it is");
        // Its bytes are an input.
        fs::write(project.path("vendor").join(OWN), wheel_bytes(OWN, "other")).unwrap();
        assert!(project.planned().iter().any(|line| line.contains("folder vendor/own")), "{:?}", project.planned());
    }
}

#[test]
fn a_wheel_of_the_project_is_judged() {
    let line = |rest: &str| format!("six==1.16.0\npsutil==5.9.8\n./vendor/{OWN}{rest}\n");
    let project = vendored(&line(&format!(" --hash=sha256:{}", "0".repeat(64))));
    refused(&project, &["plan"], &["requirements.txt:3: ", "does not have the SHA-256 that its line pins"]);
    let project = vendored(&line(""));
    fs::write(project.path("vendor").join(OWN), wheel_bytes("six-1.0-py3-none-any.whl", "own")).unwrap();
    refused(&project, &["build", "wheels", "--jobs", "1"], &["another distribution"]);
    let project = vendored("./vendor/own-1.0-cp27-cp27mu-linux_x86_64.whl\n");
    fs::write(project.path("vendor/own-1.0-cp27-cp27mu-linux_x86_64.whl"), wheel_bytes(OWN, "own")).unwrap();
    refused(&project, &["build", "wheels", "--jobs", "1"], &["requirements.txt:1: ", "is not for Python 3.11 (cp311)"]);
    let project = vendored(&format!("x @ file:vendor/{OWN}\n"));
    refused(&project, &["build", "wheels", "--jobs", "1"], &["requirements.txt:1: ", "the name in front of it"]);
}

#[test]
fn what_is_not_of_the_project_is_refused_at_its_line() {
    for (line, says) in [
        ("../own", "it is outside of the project"),
        ("/etc", "it is outside of the project"),
        ("x @ file:///etc/passwd", "it is outside of the project"),
        ("./vendor/none.whl", "nothing is there"),
        ("libs/none", "nothing is there"),
        ("./etc", "neither a `pyproject.toml` nor a `setup.py`"),
        ("./etc/shop.conf", "a file here is a wheel"),
        ("./out/x-1-py3-none-any.whl", "which leads out of"),
        ("--find-links ../vendor", "it is outside of the project"),
        ("-f /etc", "it is outside of the project"),
        ("-f ./etc", "it holds no wheel and no source distribution"),
        ("-f ./out", "which leads out of"),
        ("hg+https://h.example/x", "only git is fetched"),
        ("git+https://anna:pw@h.example/x", "a user name or password in a URL"),
        ("six==1 --hash='x", "a quote in it is not closed"),
        ("flask=<3", "`=<` is no comparison: write `<=`"),
        ("flask 3.0", "a comparison comes before a version"),
        ("flask>=1.0<2", "several are separated with `,`"),
    ] {
        let project = with(&format!("six==1.16.0\n{line}\n"));
        symlink(project.beside("home"), project.path("out")).unwrap();
        fs::write(project.beside("home/x-1-py3-none-any.whl"), "x").unwrap();
        refused(&project, &["plan"], &["requirements.txt:2: ", says]);
    }
}

#[test]
fn files_of_the_project_that_pip_finds() {
    let links = |project: &Project| {
        let uploads = project.calls_of("upload").into_iter().filter(|call| call.contains("factory/links/0/"));
        uploads.count()
    };
    let asked = |project: &Project| project.calls_of("upload").iter().filter(|call| call.contains("told.py")).count();
    let text = "--find-links ./vendor\nown\nsix==1.16.0\n";
    let project = vendored(text);
    let six = file("six-1.16.0-py2.py3-none-any.whl", "six");
    project.play(&Script::new().pip_downloads(&[six.clone(), wheel(OWN, "own")]).index_tells(&downloads()));
    project.done(&["build", "wheels", "--jobs", "1"]);
    assert_eq!((links(&project), asked(&project)), (1, 1), "of the wheel nobody is asked, of six the index");
    assert!(project.read("factory.lock").contains(OWN), "it is locked like any other");
    // Another file of that name is none of the project's, nor of the index.
    let project = vendored(text);
    let none = json!({ "lines": [format!("told: none {OWN}"), format!("told: sha256 six-1.16.0-py2.py3-none-any.whl {}", sha256(b"six"))] });
    project.play(&Script::new().pip_downloads(&[six, wheel(OWN, "evil")]).on("wait", "told.py", none));
    refused(&project, &["build", "wheels", "--jobs", "1"], &["no index has a file of this name"]);
    // Beside the file that names it, else in the project.
    let project = with("-r sub/more.txt\n");
    project.write("sub/more.txt", "-f wheels-here\nsix\n");
    fs::create_dir(project.path("sub/wheels-here")).unwrap();
    fs::write(project.path("sub/wheels-here").join(OWN), wheel_bytes(OWN, "own")).unwrap();
    project.done(&["plan"]);
}

#[test]
fn editable_is_said_to_be_an_ordinary_wheel() {
    let project = with("six==1.16.0\n-e ./libs/own\n");
    project.write("libs/own/setup.py", "");
    let six = file("six-1.16.0-py2.py3-none-any.whl", "six");
    let own = wheel(OWN, "own");
    project.play(&Script::new().pip_builds(std::slice::from_ref(&own)).pip_downloads(&[six, own]));
    let run = project.done(&["build", "wheels", "--jobs", "1"]);
    run.says(&["requirements.txt:2: `-e ./libs/own` is built as an ordinary wheel"]);
    assert_eq!(run.stderr.matches("`-e ./libs/own`").count(), 1, "several sets have the line: {run}");
}

#[test]
fn pip_speaks_of_the_files_of_the_user() {
    let mut project = with("six==1.16.0\nflask==3.0.0\nwerkzeug==2.0.0\n");
    project.env("PIP_INDEX_URL", "https://anna:s3cr3t@pip.example/simple");
    project.play(&Script::new().pip_fails(
        "Looking in indexes: https://anna:****@pip.example/simple\n\
         Collecting flask==3.0.0 (from -r /factory/in/requirements.txt (line 2))\n\
         ERROR: Cannot install -r /factory/in/requirements.txt (line 2) and werkzeug==2.0.0 because these package versions \
         have conflicting dependencies.\n\
         \n\
         The conflict is caused by:\n    \
             The user requested werkzeug==2.0.0\n    \
             flask 3.0.0 depends on Werkzeug>=3.0.0\n\
         \n\
         To fix this you could try to:\n\
         ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/",
    ));
    let run = project.run(&["build", "wheels", "--jobs", "1"]);
    run.assert_code(1);
    assert!(!run.stderr.contains("/factory/"), "{run}");
    let log = project.done(&["log", "debian-12/wheels-core"]);
    assert!(log.stdout.contains("(from -r requirements.txt (line 2))"), "{log}");
    shows!(project, run.stderr.split_once("error: ").unwrap().1);
    project.play(&Script::new().pip_fails(
        "Looking in indexes: https://anna:****@pip.example/simple, https://more.example/simple\n\
         ERROR: Could not find a version that satisfies the requirement flask==3.0.0 (from versions: 1.0, 2.0)",
    ));
    let run = project.run(&["build", "wheels", "--jobs", "1"]);
    run.assert_code(1).says(&[
        "no distribution satisfies `flask==3.0.0`",
        "there is 1.0, 2.0 on the indexes https://pip.example/simple and https://more.example/simple",
    ]);
}

#[test]
fn a_repository_is_fetched_as_sources_are_and_locked() {
    let mut project = with("");
    let Some((_server, port)) = https(&project, None) else { return };
    project.env("FACTORY_CA_BUNDLE", project.beside("home/ca.pem").display().to_string());
    let repository = Repository::new(&project, "own", &[("sub/setup.py", ""), ("sub/own.py", "one")]);
    repository.git(&["tag", "v1"]);
    repository.push();
    let first = repository.head();
    project.write(
        "requirements.txt",
        &format!("six==1.16.0\nown @ git+https://127.0.0.1:{port}/own.git@main#subdirectory=sub\n"),
    );
    let six = file("six-1.16.0-py2.py3-none-any.whl", "six");
    let own = wheel(OWN, "own");
    let script = Script::new().pip_builds(std::slice::from_ref(&own)).pip_downloads(&[six, own]);
    project.play(&script);
    let run = project.done(&["build", "wheels", "--jobs", "1"]);
    run.says(&["source own-", &format!("branch main is {}", &first[..7])]);
    let lock = project.read("factory.lock");
    assert!(lock.contains(&format!("commit = \"{first}\"")), "{lock}");
    let uploads = project.calls_of("upload");
    assert!(uploads.iter().any(|call| call.contains("factory/build/own/own.py")), "{uploads:?}");
    assert!(!uploads.iter().any(|call| call.contains("127.0.0.1")), "{uploads:?}");
    let name = lock.split("name = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    assert_eq!(checked_out(&project, &name), ["sub/own.py", "sub/setup.py"]);
    assert!(!project.done(&["build", "wheels"]).stderr.contains("started"));

    repository.commit(&[("sub/own.py", "two")]);
    let run = project.run(&["build", "wheels", "--locked"]);
    run.assert_code(4).says(&[&format!("the lock has {}", &first[..7])]);
    assert!(project.planned().iter().any(|line| line.starts_with("wheels-core: ")), "{:?}", project.planned());
    // What the lock says can be asked for.
    project.edit("requirements.txt", "@main", &format!("@{first}"));
    project.done(&["plan"]).says(&[&format!("commit {}", &first[..7])]);
    project.edit("requirements.txt", &first, "nope");
    refused(&project, &["plan"], &["requirements.txt:2: ", "/own.git`"]);
    project.without_env("FACTORY_CA_BUNDLE");
    project.edit("requirements.txt", "nope", "v1");
    refused(&project, &["plan"], &["the server's certificate is not trusted", "FACTORY_CA_BUNDLE"]);
}

#[test]
fn a_repository_with_a_login() {
    let mut project = with("");
    let Some((_server, port)) = https(&project, Some(LOGIN)) else { return };
    project.env("FACTORY_CA_BUNDLE", project.beside("home/ca.pem").display().to_string());
    let _repository = Repository::new(&project, "own", &[("setup.py", "")]);
    project.write("requirements.txt", &format!("six==1.16.0\n-e git+https://127.0.0.1:{port}/own.git#egg=own\n"));
    refused(&project, &["plan"], &["requirements.txt:2: ", "the server wants a login"]);
    fs::write(project.beside("home/.gitconfig"), "[credential]\n\thelper = store\n").unwrap();
    fs::write(project.beside("home/.git-credentials"), format!("https://{LOGIN}@127.0.0.1:{port}\n")).unwrap();
    let six = file("six-1.16.0-py2.py3-none-any.whl", "six");
    let own = wheel(OWN, "own");
    project.play(&Script::new().pip_builds(std::slice::from_ref(&own)).pip_downloads(&[six, own]));
    let run = project.done(&["build", "wheels", "--jobs", "1", "-v"]);
    assert_kept(&project, &run);
    assert!(!project.calls().iter().any(|call| call.contains("s3cr3t")));
}

#[test]
fn variables_reach_pip_and_nothing_else() {
    let mut project =
        with("--extra-index-url https://${SHOP_USER}:${SHOP_TOKEN}@index.example/simple\nsix==${SIX}\npsutil==5.9.8\n");
    refused(&project, &["build", "wheels", "--jobs", "1"], &["`${SHOP_USER}` is not set", "requirements.txt:1:1"]);
    project.env("SHOP_USER", "anna").env("SHOP_TOKEN", "s3cr3t-one").env("SIX", "1.16.0");
    for form in ["human", "json"] {
        let run = project.done(&["build", "wheels", "--jobs", "1", "-v", "--output", form]);
        assert_kept(&project, &run);
    }
    let calls = project.calls();
    assert!(!calls.iter().any(|call| call.contains("s3cr3t")), "{calls:?}");
    // A login says nothing of what is built; a version does.
    project.env("SHOP_TOKEN", "s3cr3t-two");
    let wheels = |project: &Project| project.planned().into_iter().find(|line| line.starts_with("wheels-core: "));
    assert_eq!(wheels(&project), None);
    project.env("SIX", "1.17.0");
    assert_eq!(wheels(&project).as_deref(), Some("wheels-core: variables of the requirements changed"));
    let run = refused(&project, &["build", "wheels", "--jobs", "1"], &["version 1.16.0"]);
    assert_kept(&project, &run);
}

#[test]
fn a_plan_tells_no_server_the_value_of_a_variable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for line in [
        format!("x @ git+https://127.0.0.1:{port}/${{SHOP_TOKEN}}/x.git"),
        format!("x @ git+https://${{SHOP_TOKEN}}@127.0.0.1:{port}/x.git"),
        format!("-e git+https://127.0.0.1:{port}/x.git@${{SHOP_TOKEN}}"),
        format!("x @ ${{SHOP_GIT}}://127.0.0.1:{port}/x.git"),
    ] {
        let mut project = with(&format!("six==1.16.0\n{line}\n"));
        project.env("SHOP_TOKEN", "s3cr3t-one").env("SHOP_GIT", "git+https");
        let run = refused(&project, &["plan"], &["requirements.txt:2: "]);
        assert_kept(&project, &run);
        assert!(listener.accept().is_err(), "{line}");
    }
}

#[test]
fn variables_are_said() {
    let mut project = with("six==${SIX}\npsutil==5.9.8\n");
    project.env("SIX", "1.16.0");
    let run = project.done(&["build", "wheels", "--jobs", "1"]);
    run.says(&["requirements.txt gives `${SIX}` of the environment to pip"]);
}

#[test]
fn an_older_name_of_a_file_is_matched_with_what_was_asked_for() {
    let project = with("six==1.16.0\nfunctools32==3.2.3.post2\n");
    let files = [file("six-1.16.0-py2.py3-none-any.whl", "six"), file("functools32-3.2.3-2.zip", "sources")];
    let built = wheel("functools32-3.2.3.post2-py3-none-any.whl", "functools32");
    project.play(&Script::new().pip_downloads(&files).pip_builds(&[built]));
    project.done(&["build", "wheels", "--jobs", "1"]);
    let lock = project.read("factory.lock");
    assert!(lock.contains("name = \"functools32\", version = \"3.2.3.post2\""), "{lock}");
    assert!(lock.contains(&sha256(b"sources")), "{lock}");
    // On another machine, with the lock.
    for folder in [".factory", "wheels/debian-12"] {
        fs::remove_dir_all(project.path(folder)).unwrap();
    }
    project.done(&["build", "wheels", "--jobs", "1", "--locked"]);
}

#[test]
fn a_back_end_that_is_not_setuptools_is_said_when_the_recipe_is_read() {
    let project = Project::new();
    project.write(
        "app/pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"shop\"\n",
    );
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    // As a requirement it is built by whatever it names.
    project.edit("factory.toml", "python = [\"app\"]\n", "");
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\n./app\n");
    project.done(&["plan"]);
}

#[test]
fn a_broken_pyproject_is_shown_at_its_line() {
    let project = Project::new();
    project.write("app/pyproject.toml", "[project]\nname = \"shop\"\nversion = 1.0.0\n[build-system\n");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    project.write("app/pyproject.toml", "[tool.black]\nline-length = 99\n");
    let run = project.run(&["plan"]);
    run.assert_code(2);
    shows!(project, run.stderr);
    // The same of a folder that requirements ask for.
    project.edit("factory.toml", "python = [\"app\"]\n", "");
    project.write("requirements.txt", "six==1.16.0\npsutil==5.9.8\n./app\n");
    project.run(&["plan"]).assert_code(2).says(&["`app/pyproject.toml` has no `[project]` table"]);
    project.write("app/pyproject.toml", "[project\n");
    project.run(&["plan"]).assert_code(2).says(&[
        "this is not TOML",
        "app/pyproject.toml:1",
        "nothing can build `app`",
    ]);
}

#[test]
fn a_project_of_which_no_file_says_how_it_is_built() {
    let project = Project::new();
    project.edit("factory.toml", "python = [\"app\"]", "python = [\".\"]");
    let refused = |says: &str| {
        project.run(&["plan"]).assert_code(2).says(&[says]);
    };
    refused("`.` is no Python project: it has neither `pyproject.toml` nor `setup.py`");
    // An empty file has no line to show.
    project.write("pyproject.toml", "");
    refused("`pyproject.toml` has no `[project]` table");
    project.write("pyproject.toml", "[build-system]\nbuild-backend = \"setuptools.build_meta\"\n");
    refused("`pyproject.toml` has no `requires` in `[build-system]`");
}

#[test]
fn a_builder_that_needs_nothing() {
    let mut project = Project::with_two_platforms();
    project.edit(
        "platforms/debian-99.toml",
        "builder = [\"build-essential\", \"pkg-config\", \"python3-dev\"]",
        "builder = []",
    );
    project.play(&Script::new().installed(&["bash 5.2", "coreutils 9.1"]));
    project.env("SYSBASE", "debian-99");
    project.done(&["build", "wheels", "--jobs", "1"]);
}
