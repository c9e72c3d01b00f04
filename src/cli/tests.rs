//! The command line against its own reference page.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

/// `docs/cli.md`, made from the commands themselves. `UPDATE_DOCS=1 cargo test` writes it.
#[test]
fn the_reference_page_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let page = page();
    if env::get("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/cli.md is not what the program says: UPDATE_DOCS=1 cargo test the_reference_page");
}

fn page() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let introduction = INTRODUCTION.replace("{{those of kinds of work}}\n", ROW);
    let mut page = format!("{introduction}\n## factory\n\n```text\n{}```\n", help(&mut command));
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let name = verb.get_name().to_owned();
        // Options of every verb are above, once.
        let mut verb = verb.clone().mut_args(|arg| {
            let global = arg.is_global_set();
            arg.hide(global)
        });
        let _ = write!(page, "\n## factory {name}\n\n```text\n{}```\n", help(&mut verb));
        for kind in verb.get_subcommands_mut().filter(|kind| kind.get_name() != "help") {
            let mut kind = kind.clone().mut_args(|arg| {
                let global = arg.is_global_set();
                arg.hide(global)
            });
            let own = kind.get_name().to_owned();
            let _ = write!(page, "\n## factory {name} {own}\n\n```text\n{}```\n", help(&mut kind));
        }
    }
    page
}

fn help(command: &mut clap::Command) -> String {
    // The environment of whoever runs the tests is not part of the page.
    let mut command = command.clone().mut_args(|arg| arg.hide_env_values(true));
    let text = command.render_long_help().to_string();
    text.lines().map(|line| [line.trim_end(), "\n"].concat()).collect()
}

const INTRODUCTION: &str = "\
# The command line

Made from the program's own help; a test keeps it true.

| variable | what it does |
| --- | --- |
| `SYSBASE` | selects platforms in every verb, separated by commas or blanks; `--platform` wins |
| `FACTORY_TAG` | names the release, as `--tag` does |
| `FACTORY_BRANCH` | names the branch of the sources, as `--branch` does |
| `FACTORY_REGISTRY` | names the registry of `push`, as `--registry` does |
| `WHEEL_DIR` | moves the wheel cache from the project's `wheels/` |
| `WHEEL_STORE_LIMIT` | what the store in the wheel cache may hold: `500M`, `20G`; 10 GB when not set |
| `FACTORY_STORE_KEY` | a file with the key that signs what is kept in that store (`factory keys store`) |
| `FACTORY_STORE_KEYS` | public keys whose signature makes its entries believable, whoever could have written them |
| `FACTORY_UPDATE_KEYS` | files or folders, separated by `:`, with the keys that sign update feeds (`factory keys update`), as `--keys` names them |
| `FACTORY_UPDATE_FEED` | the update feed that `doctor` looks at, as `--feed` names it |
| `FACTORY_CA_BUNDLE` | a PEM file of certificates that builds and git trust; never left in an image |
| `GITLAB_TOKEN`, `GITHUB_TOKEN`, `FACTORY_TOKEN_FILE` | the token that `tag` sends to a server's interface, or a file with it; `token_env` of the recipe names another variable |
| `FACTORY_TOKEN_HOSTS` | the servers that a token is sent to: `git.example.org`, or `TEAM_TOKEN=git.example.org` for a variable of another name; `gitlab.com` and GitHub need no word |
| `FACTORY_LOCAL_GIT` | folders, separated by `:`, whose git repositories a recipe may name: sources outside the project, and what `tag` tags on this machine |
{{those of kinds of work}}
| `PY_VER`, `PY_SUBVER` | which Python of `runtimes` a [[module]] has: `3.12` and `9`, or the whole version in the first one |
| `http_proxy`, `https_proxy`, `no_proxy`, `all_proxy` | in either case: used by builds, never left in an image |
| `PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL` | pip's indexes; they win over the recipe's and may hold credentials |
| `GIT_SSH_COMMAND`, `SSH_AUTH_SOCK`, git's configuration | used for sources, credential helpers included; nothing ever asks |
| `SOURCE_DATE_EPOCH` | the time of everything in artifacts; the commit's time where it is not set |
| `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG` | the [engine](#the-engine), as the docker command reads them; logins of registries are in the last one |
| `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH` | TLS to an engine behind a network, and the folder with `ca.pem`, `cert.pem` and `key.pem` |
| `NO_COLOR`, `CI`, `TERM` | no colours; no live lines |

| exit code | meaning |
| --- | --- |
| 0 | everything that was asked is done |
| 1 | a step failed |
| 2 | the command line, the recipe or a platform file is wrong; nothing was done |
| 3 | no engine answers, or it went away |
| 4 | a check or a signature failed |
| 130 | interrupted; finished steps are kept |

## The engine

It is looked for as the docker command does it, and the first of these is asked; no other one is tried where it does not answer:

1. `DOCKER_HOST`: `unix:///path/to/docker.sock`, or `tcp://host:port` (2375 where no port is given). With `DOCKER_TLS_VERIFY` set to
   anything it is TLS (2376), with `ca.pem`, `cert.pem` and `key.pem` of `DOCKER_CERT_PATH`, else of `~/.docker`; the certificate is always
   verified. `ssh://` is not spoken: the message has the `ssh -L` that forwards the socket.
2. The context that `DOCKER_CONTEXT` names, else the one of `docker context use`, with the certificates kept in it.
3. `/var/run/docker.sock`; where that is missing or closed to this user, a rootless engine's `$XDG_RUNTIME_DIR/docker.sock`.

`DOCKER_CONFIG` names the folder of `config.json` instead of `~/.docker`. The logins that `docker login` left there, or in the credential
helper that it names, are sent with pulls of base images and with pushes, each to its own registry only.

| engine | |
| --- | --- |
| Docker 19.03 to 27, images in its own store (the default) | works; tried with 20.10 |
| Docker before 28, images in containerd's store | cannot build (moby#47717): `doctor`, `plan` and `build` say so before any work, with the ways out |
| Docker 28 and later | should work, with either store; not tried |
| Podman | not yet: `doctor`, `plan` and `build` say so before any work |

`factory plan` needs none: with `--offline`, or where none answers (said), it believes what earlier builds have noted.

Where a release is not named, the git tag on the checkout's commit is it. `v2.5.0-rc1` gives images the tag `v2.5.0-rc1`
and packages the version `2.5.0~rc1`.
";
