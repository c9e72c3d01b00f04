//! Sources from servers: https with a CA of its own and a login, ssh with its own host key and an agent. What is missing on
//! this machine is said, and left out.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    project::{Project, Run},
    repository::{Repository, add_source, assert_nothing_half, checked_out, use_in_image},
};

pub const LOGIN: &str = "anna:s3cr3t-index";

/// A server that ends with its test.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Where a program is, or a line that says what is left out without it.
pub fn needs(program: &str) -> Option<PathBuf> {
    let tools = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var_os("PATH").unwrap().to_string_lossy());
    let found = tools.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("left out: `{program}` is not installed here");
    }
    found
}

fn run(program: &str, words: &[&str]) {
    let output = Command::new(program).args(words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A project with a source at this address.
fn project(address: impl Fn(&Project) -> String) -> Project {
    let mut project = Project::new();
    project.env("FACTORY_BRANCH", "main");
    let core = Repository::new(&project, "core", &[("core.txt", "core\n")]);
    let bricks = Repository::new(&project, "bricks", &[("dist/brick.js", "one\n")]);
    bricks.submodule("core", "../core.git");
    drop((core, bricks));
    let address = address(&project);
    add_source(&project, "bricks", &address, "");
    use_in_image(&project, "@bricks/dist", "/opt/shop/brick");
    project
}

/// A CA of its own, and a certificate for this machine.
pub fn certificates(folder: &Path) {
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(path("san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
    let (ca, ca_key, key, request) = (path("ca.pem"), path("ca.key"), path("server.key"), path("server.csr"));
    let new = ["req", "-newkey", "rsa:2048", "-nodes"];
    run(
        "openssl",
        &[&new[..], &["-x509", "-days", "2", "-subj", "/CN=Test CA", "-keyout", &ca_key, "-out", &ca]].concat(),
    );
    run("openssl", &[&new[..], &["-subj", "/CN=localhost", "-keyout", &key, "-out", &request]].concat());
    run(
        "openssl",
        &[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-extfile",
            &path("san"),
            "-out",
            &path("server.pem"),
        ],
    );
}

/// A git server over TLS, and its port.
pub fn https(project: &Project, login: Option<&str>) -> Option<(Server, u16)> {
    let (python, _) = (needs("python3")?, needs("openssl")?);
    let folder = project.beside("home");
    certificates(&folder);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/git-https.py");
    let mut command = Command::new(python);
    command.arg(script).arg(project.beside("")).arg(folder.join("server.pem")).arg(folder.join("server.key"));
    command.args(login).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server(command.spawn().unwrap());
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
    Some((server, port.trim().parse().unwrap()))
}

/// A project whose source is on such a server, which it trusts.
fn https_project(login: Option<&str>) -> Option<(Server, u16, Project)> {
    let mut project = project(|_| "https://127.0.0.1:1/bricks.git".to_owned());
    let (server, port) = https(&project, login)?;
    project.edit("factory.toml", "127.0.0.1:1/", &format!("127.0.0.1:{port}/"));
    project.env("FACTORY_CA_BUNDLE", project.beside("home/ca.pem").display().to_string());
    Some((server, port, project))
}

/// Fails when the password is in what the program said or left.
pub fn assert_kept(project: &Project, run: &Run) {
    assert!(!run.stdout.contains("s3cr3t") && !run.stderr.contains("s3cr3t"), "{run}");
    for file in project.files("") {
        let bytes = fs::read(project.path(&file)).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"s3cr3t"), "the password is in {file}");
    }
}

#[test]
fn https_with_a_ca_of_its_own() {
    let Some((_server, port, mut project)) = https_project(None) else { return };
    let run = project.done(&["build"]);
    run.says(&[&format!("from https://127.0.0.1:{port}/bricks.git"), "branch main is"]);
    assert_eq!(checked_out(&project, "bricks"), [".gitmodules", "core/core.txt", "dist/brick.js"]);
    project.without_env("FACTORY_CA_BUNDLE");
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["the server's certificate is not trusted", "FACTORY_CA_BUNDLE=/path/to/ca.pem"]);
}

#[test]
fn https_with_a_login() {
    let Some((_server, port, project)) = https_project(Some(LOGIN)) else { return };
    let home = |name: &str| project.beside("home").join(name);
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["the server wants a login", "git config --global credential.helper store"]);
    fs::write(home(".gitconfig"), "[credential]\n\thelper = store\n").unwrap();
    for (login, code) in [("anna:wr0ng-s3cr3t", 1), (LOGIN, 0)] {
        fs::write(home(".git-credentials"), format!("https://{login}@127.0.0.1:{port}\n")).unwrap();
        for form in ["human", "json"] {
            let run = project.run(&["build", "-v", "--output", form]);
            run.assert_code(code);
            assert_kept(&project, &run);
            if code == 1 {
                assert!(run.stderr.contains("the server wants a login"), "{run}");
                // A helper forgets what was refused.
                fs::write(home(".git-credentials"), format!("https://{login}@127.0.0.1:{port}\n")).unwrap();
            }
        }
    }
    // A login that the user's configuration puts into addresses.
    fs::remove_dir_all(project.path(".factory/sources")).unwrap();
    for (login, code) in [("anna:wr0ng-s3cr3t", 1), (LOGIN, 0)] {
        let instead = format!("[url \"https://{login}@127.0.0.1:{port}/\"]\n\tinsteadOf = https://127.0.0.1:{port}/\n");
        fs::write(home(".gitconfig"), instead).unwrap();
        let run = project.run(&["plan", "-v"]);
        run.assert_code(code);
        assert_kept(&project, &run);
    }
    let instead = format!("[url \"https://{LOGIN}@127.0.0.1:1/\"]\n\tinsteadOf = https://127.0.0.1:{port}/\n");
    fs::write(home(".gitconfig"), instead).unwrap();
    let run = project.run(&["plan", "--output", "json"]);
    run.assert_code(1).says(&["the server cannot be reached"]);
    assert_kept(&project, &run);
}

#[test]
fn a_transport_that_the_configuration_leads_to() {
    let project = project(|_| "https://git.example.org/bricks.git".to_owned());
    let config = "[url \"http://127.0.0.1:1/\"]\n\tinsteadOf = https://git.example.org/\n";
    fs::write(project.beside("home/.gitconfig"), config).unwrap();
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["git was led to a transport that is not used here"]);
}

#[test]
fn a_server_that_does_not_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let project = project(|_| format!("https://127.0.0.1:{port}/bricks.git"));
    // It takes the connection and says nothing.
    let mut running = project.start(&["plan"]);
    listener.set_nonblocking(true).unwrap();
    let mut held = None;
    running.until("git has connected", || {
        held = held.take().or_else(|| listener.accept().ok());
        held.is_some()
    });
    running.signal(Signal::INT);
    running.end().assert_code(130);
    let mut byte = [0; 1];
    let (mut held, _) = held.unwrap();
    held.set_nonblocking(false).unwrap();
    held.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // What git started has ended, too: the rest of its hello, and then the end.
    while std::io::Read::read(&mut held, &mut byte).expect("the connection is still open") == 1 {}
    drop((listener, held));
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["the server cannot be reached", &format!("git ls-remote https://127.0.0.1:{port}/")]);
    assert_nothing_half(&project);
}

#[test]
fn a_server_without_single_commits() {
    let Some((_server, _port, project)) = https_project(None) else { return };
    let bare = project.beside("bricks.git");
    // As older servers do: only what a reference is on may be had. The first commit is below it.
    crate::repository::git(&bare, &["config", "uploadpack.allowAnySHA1InWant", "false"]);
    fs::write(project.beside("home/.gitconfig"), "[protocol]\n\tversion = 0\n").unwrap();
    let first = crate::repository::git(&bare, &["rev-list", "--max-parents=0", "main"]);
    let run = project.done(&["plan", "--branch", &first]);
    run.says(&[&format!("source bricks: commit {}", &first[..7])]);
    assert_eq!(checked_out(&project, "bricks"), ["dist/brick.js"]);
}

/// An ssh server for the user that runs this, which knows one key, and an agent that has it.
pub struct Ssh {
    _server: Server,
    agent: Server,
    pub port: u16,
}

pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn ssh(project: &mut Project) -> Option<Ssh> {
    let (sshd, client) = (needs("sshd")?, needs("ssh")?);
    let (agent, keygen) = (needs("ssh-agent")?, needs("ssh-keygen")?);
    needs("ssh-keyscan")?;
    let folder = project.beside("home/ssh");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    for name in ["host", "key"] {
        run(keygen.to_str().unwrap(), &["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]);
    }
    // Where sshd separates privileges, as root: the folder is made by its package's start script.
    let _there = fs::create_dir_all("/run/sshd");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
        path("host"),
        path("key.pub")
    );
    fs::write(path("sshd_config"), config).unwrap();
    let quiet = |command: &mut Command| Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let server = quiet(Command::new(sshd).args(["-D", "-f", &path("sshd_config")]));
    let agent = quiet(Command::new(agent).args(["-D", "-a", &path("agent")]));
    let waits = |what: &str, reached: &dyn Fn() -> bool| {
        (0..500).any(|_| {
            reached() || {
                thread::sleep(Duration::from_millis(20));
                false
            }
        }) || {
            eprintln!("left out: {what} did not start here");
            false
        }
    };
    if !waits("sshd", &|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
        || !waits("ssh-agent", &|| folder.join("agent").exists())
    {
        return None;
    }
    project.env("SSH_AUTH_SOCK", path("agent"));
    // ssh takes the home folder from the password file, not from HOME: a wrapper says where things are.
    let config = format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\nIdentityFile none\n", path("known_hosts"));
    fs::write(path("config"), config).unwrap();
    project.program("ssh", &format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", client.display(), path("config")));
    Some(Ssh { _server: server, agent, port })
}

impl Ssh {
    /// Tells the client the server's key.
    pub fn is_known(&self, project: &Project) {
        let output = Command::new("ssh-keyscan").args(["-p", &self.port.to_string(), "127.0.0.1"]).output().unwrap();
        fs::write(project.beside("home/ssh/known_hosts"), output.stdout).unwrap();
    }

    /// Gives the agent the key.
    pub fn has_key(project: &Project) {
        let key = project.beside("home/ssh/key");
        let mut command = Command::new("ssh-add");
        command.arg("-q").arg(key).env("SSH_AUTH_SOCK", project.variable("SSH_AUTH_SOCK"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn ssh_with_an_agent() {
    let mut project = project(|_| "ssh://host:1/bricks.git".to_owned());
    let Some(mut ssh) = ssh(&mut project) else { return };
    let address = format!("ssh://{}@127.0.0.1:{}{}", user(), ssh.port, project.beside("bricks.git").display());
    project.edit("factory.toml", "ssh://host:1/bricks.git", &address);

    let run = project.run(&["plan"]);
    let keyscan = format!("`ssh-keyscan -p {} 127.0.0.1 >> ~/.ssh/known_hosts`", ssh.port);
    run.assert_code(1).says(&["the server's ssh key is not known here", &keyscan]);

    ssh.is_known(&project);
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["the server takes none of our ssh keys", "`ssh-add`"]);
    assert_eq!(doctor(&project, "ssh agent"), "warn it has no key");

    Ssh::has_key(&project);
    project.done(&["build"]).says(&["source bricks: branch main is"]);
    assert_eq!(checked_out(&project, "bricks"), [".gitmodules", "core/core.txt", "dist/brick.js"]);
    assert_eq!(doctor(&project, "ssh agent"), "ok it has 1 key");
    assert!(doctor(&project, "git").starts_with("ok 2."));
    assert!(doctor(&project, "ssh").ends_with("/bin/ssh"));

    // The user's own way of calling ssh is left alone.
    project.env("GIT_SSH_COMMAND", "ssh -o LogLevel=ERROR -o ServerAliveInterval=5");
    project.done(&["plan"]);
    assert_eq!(doctor(&project, "ssh"), "ok called as GIT_SSH_COMMAND says");
    project.without_env("GIT_SSH_COMMAND");
    let own = "[core]\n\tsshCommand = \"touch $HOME/own && ssh\"\n";
    fs::write(project.beside("home/.gitconfig"), own).unwrap();
    project.done(&["plan"]);
    assert!(project.beside("home/own").exists(), "core.sshCommand of the user's configuration");
    fs::remove_file(project.beside("home/.gitconfig")).unwrap();

    // Somebody else answers.
    let (known, other) = (project.beside("home/ssh/known_hosts"), project.beside("home/ssh/key.pub"));
    let key: String = fs::read_to_string(other).unwrap().split(' ').take(2).collect::<Vec<_>>().join(" ");
    fs::write(known, format!("[127.0.0.1]:{} {key}\n", ssh.port)).unwrap();
    let run = project.run(&["plan"]);
    run.assert_code(1).says(&["not the one that is known here: this may be an attack", "ssh-keygen -R"]);

    let _gone = ssh.agent.0.kill();
    let _gone = ssh.agent.0.wait();
    assert_eq!(doctor(&project, "ssh agent"), "warn it does not answer");
    project.without_env("SSH_AUTH_SOCK");
    assert_eq!(doctor(&project, "ssh agent"), "warn none: SSH_AUTH_SOCK is not set");
    project.assert_tidy();
}

/// What doctor finds of one thing: `state found`.
fn doctor(project: &Project, name: &str) -> String {
    let run = project.run(&["doctor", "--output", "json"]);
    let view: serde_json::Value =
        serde_json::from_str(run.stdout.trim()).unwrap_or_else(|error| panic!("{error}\n{run}"));
    let check = view["checks"].as_array().unwrap().iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no check `{name}`: {run}"));
    assert!(check["state"] == "ok" || check["fix"].is_string(), "what is not right needs a way to mend it: {check}");
    format!("{} {}", check["state"].as_str().unwrap(), check["found"].as_str().unwrap())
}

#[test]
fn doctor_looks_at_what_the_recipe_needs() {
    let mut project = Project::new();
    let view = project.run(&["doctor", "--output", "json"]).stdout;
    assert!(!view.contains("\"git\"") && !view.contains("\"ssh\""), "{view}");
    add_source(&project, "bricks", "../bricks.git", "");
    assert!(doctor(&project, "git").starts_with("ok 2."));
    assert!(!project.run(&["doctor", "--output", "json"]).stdout.contains("\"ssh\""));
    project.program("git", "#!/bin/sh\necho git version 2.11.0\n");
    assert_eq!(doctor(&project, "git"), "fail 2.11.0 is too old");
    project.edit("factory.toml", "../bricks.git", "git@host:bricks.git");
    fs::remove_file(project.beside("bin/git")).unwrap();
    project.env("PATH", project.beside("bin").display().to_string());
    assert_eq!(doctor(&project, "git"), "fail git is not installed");
    assert_eq!(doctor(&project, "ssh"), "fail ssh is not installed");
    let run = project.run(&["plan", "--branch", "main"]);
    run.assert_code(1).says(&["`git` is not installed", "sudo apt-get install git"]);
}
