//! `factory tag` on servers that are asked through their own interface: a GitLab and a GitHub played from a script over TLS.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    project::{Project, Run},
    servers::{Server, certificates, needs},
};

const TOKEN: &str = "glpat-s3cr3t-0123456789";

/// The projects of catag.ini, as it was.
const PROJECTS: [&str; 8] = [
    "canopsis/canopsis",
    "canopsis/canopsis-externals",
    "cat/canopsis-cat",
    "canopsis-ui-bricks/brick-listalarm",
    "canopsis-ui-bricks/brick-service-weather",
    "canopsis-ui-bricks/brick-querybuilder",
    "canopsis-ui-bricks/brick-stats",
    "canopsis-ui-bricks/brick-timeline",
];

/// A project of the recipe's owner, and the server that has the repositories.
struct Forge {
    project: Project,
    port: u16,
    _server: Server,
}

/// The commit of a branch that a project has.
fn commit(project: &str, number: usize) -> String {
    let place = PROJECTS.iter().position(|name| *name == project).unwrap_or(9);
    format!("{place}{number}").repeat(20)
}

impl Forge {
    /// With these projects, each with the branches `develop` and `main`.
    fn new(projects: &[&str]) -> Option<Self> {
        let (python, _) = (needs("python3")?, needs("openssl")?);
        let mut project = Project::new();
        let home = project.beside("home");
        certificates(&home);
        let one = |name: &&str| {
            let branches = json!({ "develop": commit(name, 1), "main": commit(name, 2) });
            ((*name).to_owned(), json!({ "branches": branches, "commits": [commit(name, 3)], "tags": {} }))
        };
        let projects: serde_json::Map<String, Value> = projects.iter().map(one).collect();
        let state = json!({ "token": TOKEN, "projects": projects, "rules": [] });
        fs::write(project.beside("forge.json"), state.to_string()).unwrap();
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/forge.py"));
        command.args([home.join("server.pem"), home.join("server.key"), project.beside("forge.json")]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        project.env("FACTORY_CA_BUNDLE", home.join("ca.pem").display().to_string());
        project.env("GITLAB_TOKEN", TOKEN).env("GITHUB_TOKEN", TOKEN);
        let port = port.trim().parse().unwrap();
        let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
        project.env("FACTORY_TOKEN_HOSTS", hosts.join(","));
        Some(Self { project, port, _server: Server(child) })
    }

    /// The same with its projects in the recipe: `v4` is a GitLab, `v3` a GitHub.
    fn with_recipe(projects: &[&str], version: &str) -> Option<Self> {
        let forge = Self::new(projects)?;
        let mut text = forge.project.read("factory.toml");
        for project in projects {
            let name = project.split('/').next_back().unwrap();
            let api = forge.api(version);
            text += &format!(
                "\n[[repository]]\nname = \"{name}\"\napi = \"{api}\"\nproject = \"{project}\"\nref = \"develop\"\n"
            );
        }
        forge.project.write("factory.toml", &text);
        Some(forge)
    }

    fn api(&self, version: &str) -> String {
        format!("https://127.0.0.1:{}/api/{version}", self.port)
    }

    fn place(&self) -> PathBuf {
        self.project.beside("forge.json")
    }

    fn state(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.place()).unwrap()).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        change(&mut state);
        fs::write(self.place(), state.to_string()).unwrap();
    }

    /// The next answers to requests of a method to a path that has this in it.
    fn answers(&self, method: &str, path: &str, answers: Value) {
        self.change(|state| {
            state["rules"].as_array_mut().unwrap().push(json!({ "method": method, "path": path, "answers": answers }));
        });
    }

    fn forget_rules(&self) {
        self.change(|state| state["rules"] = json!([]));
    }

    /// The requests so far; a new list begins.
    fn requests(&self) -> Vec<String> {
        let log = self.project.beside("forge.json.log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _absent = fs::remove_file(log);
        text.lines().map(str::to_owned).collect()
    }

    /// The commit of the tag of this release in a project.
    fn at(&self, project: &str) -> Option<String> {
        let commit = &self.state()["projects"][project]["tags"]["2.5.11"]["commit"];
        commit.as_str().map(str::to_owned)
    }

    /// Runs the program, which must say nothing of the token and leave nothing of it.
    #[track_caller]
    fn run(&self, words: &[&str], code: i32) -> Run {
        let run = self.project.run(words);
        run.assert_code(code);
        assert!(!run.stdout.contains("s3cr3t") && !run.stderr.contains("s3cr3t"), "{run}");
        for file in self.project.files("").into_iter().filter(|file| file != "token") {
            let bytes = fs::read(self.project.path(&file)).unwrap();
            assert!(!bytes.windows(6).any(|part| part == b"s3cr3t"), "the token is in {file}");
        }
        run
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.port.to_string(), "PORT")
    }
}

#[test]
fn a_catag_ini_of_eight_projects() {
    let Some(mut forge) = Forge::new(&PROJECTS) else { return };
    let lines = PROJECTS.map(|name| format!("{name} = develop\n")).concat();
    forge.project.write("catag.ini", &format!("; the release\n[projects]\n{lines}"));
    // No recipe is needed.
    fs::remove_file(forge.project.path("factory.toml")).unwrap();
    let api = forge.api("v4");
    let words = ["tag", "--ini", "catag.ini", "--api", &api];
    // Whoever types the server means it.
    forge.project.without_env("FACTORY_TOKEN_HOSTS");
    forge.run(&[&words[..], &["--dry-run"]].concat(), 0);
    assert!(PROJECTS.iter().all(|name| forge.at(name).is_none()));
    assert!(forge.requests().iter().all(|line| line.starts_with("GET") && line.ends_with(" known")));
    let run = forge.run(&words, 0);
    shows!(forge.project, run.stdout);
    assert!(PROJECTS.iter().all(|name| forge.at(name) == Some(commit(name, 1))));
    assert!(forge.requests().contains(&"POST /api/v4/projects/cat%2Fcanopsis-cat/repository/tags known".to_owned()));
    let run = forge.run(&[&words[..], &["--output", "json"]].concat(), 0);
    assert!(run.stdout.contains("\"summary\":\"8 was there\""), "{run}");
    let run = forge.run(&[&words[..], &["--delete"]].concat(), 0);
    assert!(run.stdout.contains("8 deleted"), "{run}");
    // Nor is git, where a variable has the token.
    let tools = forge.project.variable("PATH").to_owned();
    forge.project.env("PATH", forge.project.beside("bin").display().to_string());
    forge.run(&words, 0);
    forge.project.without_env("GITLAB_TOKEN");
    forge.run(&words, 2).says(&["there is no token for 127.0.0.1"]);
    forge.project.env("PATH", tools);
    forge.project.write("catag.ini", "[projects]\na/b = x\nc/d\na/b = y\nnobody = z\n");
    let run = forge.run(&words, 2);
    shows!(forge.project, run.stderr);
    forge.run(&["tag", "--ini", "catag.ini", "--api", "http://127.0.0.1/api/v4"], 2).says(&["use `https://`"]);
    forge.run(&["tag", "--ini", "gone.ini", "--api", &api], 2).says(&["--ini: the file cannot be read"]);
}

#[test]
fn references_that_are_missing() {
    for version in ["v4", "v3"] {
        let Some(forge) = Forge::with_recipe(&PROJECTS[..3], version) else { return };
        forge.change(|state| {
            let projects = state["projects"].as_object_mut().unwrap();
            projects.remove("cat/canopsis-cat");
            projects["canopsis/canopsis-externals"]["branches"] =
                json!({ "devel": commit("", 1), "main": commit("", 2) });
        });
        let run = forge.run(&["tag"], 1);
        let mut settings = forge.project.filters();
        settings.set_snapshot_suffix(version);
        settings.bind(|| insta::assert_snapshot!(forge.shown(&run.stderr)));
        assert!(forge.at("canopsis/canopsis").is_none(), "something was tagged");
        assert!(forge.requests().iter().all(|line| line.starts_with("GET")));
    }
}

#[test]
fn what_a_reference_may_be() {
    for version in ["v4", "v3"] {
        let project = PROJECTS[0];
        let Some(forge) = Forge::with_recipe(&PROJECTS[..1], version) else { return };
        let (third, tagged) = (commit(project, 3), commit(project, 2));
        forge.change(|state| {
            let tags = &mut state["projects"][project]["tags"];
            tags["rc1"] = json!({ "commit": tagged, "object": tagged, "message": "" });
            tags["main"] = tags["rc1"].clone();
        });
        let mut before = "develop".to_owned();
        for (reference, expected) in [
            ("refs/tags/rc1", Some(&tagged)),
            ("rc1", Some(&tagged)),
            (&third[..], Some(&third)),
            (&third[..9], Some(&third)),
            ("refs/heads/develop", Some(&commit(project, 1))),
            ("main", None),
            ("1234567", None),
        ] {
            forge.project.edit("factory.toml", &format!("ref = \"{before}\""), &format!("ref = \"{reference}\""));
            reference.clone_into(&mut before);
            match expected {
                Some(commit) => {
                    forge.run(&["tag"], 0);
                    assert_eq!(forge.at(project).as_ref(), Some(commit), "{version} {reference}");
                    forge.run(&["tag", "--delete"], 0);
                    assert_eq!(forge.at(project), None);
                }
                None => drop(forge.run(&["tag"], 2)),
            }
        }
        assert!(forge.run(&["tag", "--delete"], 0).stdout.contains("1 was not there"));
    }
}

#[test]
fn moved_and_annotated() {
    for version in ["v4", "v3"] {
        let project = PROJECTS[0];
        let Some(forge) = Forge::with_recipe(&PROJECTS[..1], version) else { return };
        forge.run(&["tag", "--message", "first"], 0);
        assert_eq!(forge.state()["projects"][project]["tags"]["2.5.11"]["message"], "first");
        assert!(forge.run(&["tag"], 0).stdout.contains("1 was there"));
        forge.project.edit("factory.toml", "\"develop\"", "\"main\"");
        forge.run(&["tag"], 1).says(&["the tag 2.5.11 is there already, on 0101010, not on 0202020"]);
        assert_eq!(forge.at(project), Some(commit(project, 1)));
        assert!(forge.run(&["tag", "--move", "--message", "second"], 0).stdout.contains("1 moved"));
        assert_eq!(forge.at(project), Some(commit(project, 2)));
        assert_eq!(forge.state()["projects"][project]["tags"]["2.5.11"]["message"], "second");
        forge.run(&["tag", "--message", "x", "--sign"], 2).says(&["a server's interface cannot sign a tag"]);
    }
}

#[test]
fn a_move_that_fails_puts_the_old_tag_back() {
    let project = PROJECTS[0];
    let Some(forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    forge.run(&["tag", "--message", "first"], 0);
    let before = forge.state()["projects"][project]["tags"].clone();
    forge.project.edit("factory.toml", "\"develop\"", "\"main\"");
    forge.answers("POST", "/tags", json!([{ "status": 403, "body": { "message": "protected" } }]));
    let run = forge.run(&["tag", "--move", "--message", "second"], 1);
    shows!(forge.project, forge.shown(&run.stderr));
    assert_eq!(forge.state()["projects"][project]["tags"], before);
    // Not even that works: nothing but the message knows where it was.
    let refusal = json!({ "status": 403, "body": { "message": "protected" } });
    forge.answers("POST", "/tags", json!([refusal, refusal]));
    let run = forge.run(&["tag", "--move"], 1);
    run.says(&[&format!("which was on {}, could not be put back", commit(project, 1))]);
    forge.run(&["tag"], 0);
    assert_eq!(forge.at(project), Some(commit(project, 2)));
}

#[test]
fn servers_that_are_busy_or_cut_the_connection() {
    for version in ["v4", "v3"] {
        let Some(forge) = Forge::with_recipe(&PROJECTS[..2], version) else { return };
        forge.answers(
            "GET",
            "canopsis",
            json!([{ "status": 429, "headers": { "Retry-After": "1" } }, { "status": 502 }]),
        );
        forge.answers("POST", "canopsis", json!([{ "cut": true }, { "cut": true, "apply": true }]));
        let run = forge.run(&["tag"], 0);
        run.says(&["answers 429; asked again in 1.0 s", "answers 502; asked again in 0.5 s", "cannot be reached"]);
        assert_eq!(
            (forge.at(PROJECTS[0]), forge.at(PROJECTS[1])),
            (Some(commit(PROJECTS[0], 1)), Some(commit(PROJECTS[1], 1)))
        );
    }
}

#[test]
fn a_failure_midway_is_completed_by_the_same_command() {
    for version in ["v4", "v3"] {
        let Some(forge) = Forge::with_recipe(&PROJECTS[..3], version) else { return };
        let error =
            json!({ "status": 500, "headers": { "Retry-After": "0" }, "body": { "message": format!("at {TOKEN}") } });
        forge.answers("POST", "externals", json!([error, error, error, error]));
        let run = forge.run(&["tag"], 1);
        assert!(run.stdout.contains("1 created, 1 failed, 1 not done"), "{run}");
        run.says(&["answers 500 to /api/", ": at ***", "the same command does the rest"]);
        assert!(forge.at(PROJECTS[0]).is_some() && forge.at(PROJECTS[1]).is_none() && forge.at(PROJECTS[2]).is_none());
        let run = forge.run(&["tag"], 0);
        assert!(run.stdout.contains("1 was there, 2 created"), "{run}");
    }
}

#[test]
fn answers_that_are_final() {
    let Some(forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    for (answer, said) in [
        (json!({ "status": 401, "body": { "message": "401 Unauthorized" } }), "the token is not taken"),
        (json!({ "status": 403, "body": { "error": "insufficient_scope" } }), "insufficient_scope"),
        (json!({ "status": 409, "body": { "message": "busy" } }), "answers 409"),
        (json!({ "status": 422, "body": { "message": { "name": ["bad"] } } }), "{\"name\":[\"bad\"]}"),
        (json!({ "status": 429, "headers": { "Retry-After": "3600" } }), "has had enough for now"),
        (json!({ "status": 200, "body": "<html>hello</html>" }), "it is no JSON"),
        (json!({ "status": 200, "body": "x".repeat(5_000_000) }), "it has more than 4194304 bytes"),
        (
            json!({ "status": 302, "headers": { "Location": "https://localhost:1/x?private_token=a" } }),
            "leads elsewhere",
        ),
    ] {
        forge.forget_rules();
        forge.requests();
        forge.answers("GET", "canopsis", json!([answer]));
        forge.run(&["tag"], 1).says(&[said]);
        assert_eq!(forge.requests().len(), 1, "{answer}: asked again");
    }
    // Within the server a redirection is followed, but never with anything else than GET.
    forge.forget_rules();
    let place = format!("/api/v4/projects/{}", "canopsis%2Fcanopsis");
    forge.answers("GET", "canopsis", json!([{ "status": 301, "headers": { "Location": place } }]));
    forge.answers("POST", "canopsis", json!([{ "status": 301, "headers": { "Location": format!("{place}/x") } }]));
    forge.run(&["tag"], 1).says(&["leads elsewhere", "not done: 1 of 1 repositories"]);
    assert_eq!(forge.at(PROJECTS[0]), None);
    forge.run(&["tag"], 0);
}

#[test]
fn a_redirection_takes_no_token_to_another_host() {
    let Some(forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    let Some(other) = Forge::new(&PROJECTS[..1]) else { return };
    let to = format!("{}/projects/canopsis%2Fcanopsis", other.api("v4"));
    forge.answers("GET", "canopsis", json!([{ "status": 307, "headers": { "Location": to } }]));
    forge.run(&["tag"], 1).says(&["leads elsewhere"]);
    assert!(other.requests().is_empty());
}

#[test]
fn where_tokens_come_from() {
    let Some(mut forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    forge.project.without_env("GITLAB_TOKEN");
    let run = forge.run(&["tag"], 2);
    shows!(forge.project, forge.shown(&run.stderr));
    assert!(forge.requests().is_empty(), "asked without a token");
    forge.project.env("GITLAB_TOKEN", "two words-s3cr3t");
    forge.run(&["tag"], 2).says(&["what GITLAB_TOKEN gives is no token"]);
    forge.project.without_env("GITLAB_TOKEN");
    // A credential helper of git.
    let port = forge.port;
    let home = |name: &str| forge.project.beside("home").join(name);
    fs::write(home(".gitconfig"), "[credential]\n\thelper = store\n").unwrap();
    fs::write(home(".git-credentials"), format!("https://anna:{TOKEN}@127.0.0.1:{port}\n")).unwrap();
    forge.run(&["tag", "-v"], 0);
    // A file wins over that, and a variable over both.
    fs::write(home(".git-credentials"), format!("https://anna:wr0ng-s3cr3t@127.0.0.1:{port}\n")).unwrap();
    forge.run(&["tag"], 1).says(&["answers 401"]);
    forge.project.write("token", &format!("{TOKEN}\n"));
    forge.project.env("FACTORY_TOKEN_FILE", "token");
    forge.run(&["tag"], 0);
    forge.project.env("FACTORY_TOKEN_FILE", "gone");
    forge.run(&["tag"], 2).says(&["the file that FACTORY_TOKEN_FILE names cannot be read"]);
    forge.project.env("TEAM_TOKEN", TOKEN);
    forge.project.env("FACTORY_TOKEN_HOSTS", format!("TEAM_TOKEN=127.0.0.1:{port},TEAM_TOKEN=localhost:1"));
    forge.project.edit("factory.toml", "ref = \"develop\"", "ref = \"develop\"\ntoken_env = \"TEAM_TOKEN\"");
    forge.run(&["tag", "--output", "json"], 0);
    // One token is not sent to two servers.
    let other = "\n[[repository]]\nname = \"x\"\napi = \"https://localhost:1/api/v4\"\nproject = \"a/b\"\nref = \"x\"\ntoken_env = \"TEAM_TOKEN\"\n";
    let text = forge.project.read("factory.toml");
    forge.project.write("factory.toml", &format!("{text}{other}"));
    forge.run(&["tag"], 2).says(&["TEAM_TOKEN holds the token of 127.0.0.1", "is not sent to localhost:1"]);
}

#[test]
fn a_recipe_does_not_say_where_tokens_go() {
    let Some(mut forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    let port = forge.port;
    forge.project.without_env("FACTORY_TOKEN_HOSTS");
    let run = forge.run(&["tag", "--dry-run"], 2);
    shows!(forge.project, forge.shown(&run.stderr));
    forge.run(&["tag"], 2).says(&["the recipe wants GITLAB_TOKEN sent to 127.0.0.1"]);
    // Another variable, whatever is allowed to the usual ones, and the file.
    forge.project.env("VAULT_TOKEN", TOKEN).env("FACTORY_TOKEN_HOSTS", format!("127.0.0.1:{port}"));
    forge.project.edit("factory.toml", "ref = \"develop\"", "ref = \"develop\"\ntoken_env = \"VAULT_TOKEN\"");
    let says = format!("FACTORY_TOKEN_HOSTS=VAULT_TOKEN=127.0.0.1:{port}");
    forge.run(&["tag", "--dry-run", "--output", "json"], 2).says(&[&says]);
    forge.project.without_env("VAULT_TOKEN").env("FACTORY_TOKEN_HOSTS", "127.0.0.1").env("FACTORY_TOKEN_FILE", "token");
    forge.project.write("token", &format!("{TOKEN}\n"));
    forge.run(&["tag", "--dry-run", "--output", "json"], 2).says(&[&format!("FACTORY_TOKEN_HOSTS=127.0.0.1:{port}")]);
    forge.project.env("FACTORY_TOKEN_HOSTS", format!("https://127.0.0.1:{port}"));
    forge.run(&["tag"], 2).says(&["FACTORY_TOKEN_HOSTS: `https://127.0.0.1"]);
    assert!(forge.requests().is_empty(), "something was sent");
    forge.project.env("VAULT_TOKEN", TOKEN).env("FACTORY_TOKEN_HOSTS", format!("VAULT_TOKEN=127.0.0.1:{port}"));
    forge.run(&["tag", "--dry-run"], 0);
}

#[test]
fn certificates_and_servers_that_do_not_answer() {
    let Some(mut forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    forge.answers("GET", "canopsis", json!([{ "status": 200, "wait": 600 }]));
    let log = forge.project.beside("forge.json.log");
    let mut running = forge.project.start(&["tag"]);
    running.until("it has asked", || log.exists());
    running.signal(Signal::INT);
    running.end().assert_code(130).says(&["interrupted; no tag was touched"]);
    forge.forget_rules();
    forge.project.without_env("FACTORY_CA_BUNDLE");
    forge.run(&["tag"], 1).says(&[
        "the certificate of 127.0.0.1",
        "is not trusted",
        "FACTORY_CA_BUNDLE=/path/to/ca.pem",
    ]);
    forge.project.edit("factory.toml", &format!("127.0.0.1:{}", forge.port), "127.0.0.1:1");
    forge.project.env("FACTORY_TOKEN_HOSTS", "127.0.0.1:1");
    forge.run(&["tag"], 1).says(&["127.0.0.1:1 cannot be reached", "Connection refused"]);
}

#[test]
fn the_proxy_of_the_environment() {
    let Some(mut forge) = Forge::with_recipe(&PROJECTS[..1], "v4") else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    let port = forge.port;
    // One that lets every connection through, and keeps what it was asked for.
    let asked = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            let _ended = std::io::copy(&mut from, &mut to);
            let _ended = to.shutdown(Shutdown::Both);
        });
        let _ended = std::io::copy(&mut server, &mut client);
        String::from_utf8(head).unwrap()
    });
    forge.project.edit("factory.toml", &format!("127.0.0.1:{port}"), &format!("localhost:{port}"));
    forge.project.env("https_proxy", format!("http://anna:s3cr3t-proxy@{proxy}"));
    forge.run(&["tag", "-v"], 0);
    let asked = asked.join().unwrap();
    assert!(asked.starts_with(&format!("CONNECT localhost:{port} ")), "{asked}");
    assert!(!asked.contains(TOKEN), "{asked}");
}

#[test]
fn recipes_that_are_wrong() {
    let project = Project::new();
    let text = project.read("factory.toml");
    let wrong = "
[[repository]]
name = \"a\"
api = \"https://anna:s3cr3t@git.example.org/api/v4\"
token_env = \"AWS_SECRET\"
[[repository]]
name = \"b\"
git = \"../b.git\"
project = \"a/b\"
[[repository]]
name = \"c\"
api = \"https://git.example.org\"
project = \"a/b\"
[[repository]]
name = \"d\"
api = \"https://api.github.com\"
project = \"a/b/c\"
forge = \"githab\"
";
    project.write("factory.toml", &format!("{text}{wrong}"));
    let run = project.run(&["tag"]);
    run.assert_code(2);
    assert!(!run.stderr.contains("s3cr3t"), "{run}");
    shows!(project, run.stderr);
}
