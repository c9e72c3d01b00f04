//! Who makes it, under which licence, and where things come from and go to: the words of `[project]`, and the URLs of
//! `[base]`, `[python]`, `[[source]]` and `[[repository]]`. Asks no server.

use crate::{
    names::{ApiUrl, GitUrl, RefName, Repository},
    util::toml::{Issue, Issues, Value, is_host, one_line, only_placeholders, quoted, string, url, word},
};

/// `Name <mail>`.
pub(crate) fn maintainer(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = one_line(value, issues)?;
    word("maintainer", "`Name <mail>`, e.g. `Example Org <packages@example.org>`", |_| is_maintainer(&text))(
        value, issues,
    )?;
    Some(text)
}

fn is_maintainer(text: &str) -> bool {
    let Some((name, mail)) = text.strip_suffix('>').and_then(|text| text.split_once(" <")) else {
        return false;
    };
    let mail_fits = |c: char| c.is_ascii_alphanumeric() || "@.+_-".contains(c);
    let (user, host) = mail.split_once('@').unwrap_or_default();
    !name.trim().is_empty()
        && !name.contains(['<', '>'])
        && !user.is_empty()
        && host.contains(|c: char| c.is_ascii_alphanumeric())
        && !host.contains('@')
        && mail.chars().all(mail_fits)
}

/// `host[:port][/path]`.
pub(crate) fn registry(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    if text.contains('@') {
        let issue = Issue::new(&value.span(), "a user name or password in `registry`").label("not here");
        issues.add(issue.help("log in with `docker login`; its configuration and helpers are read"));
        return None;
    }
    if text.contains("://") {
        let issue = Issue::new(&value.span(), "a registry has no scheme").label("expected `host[:port][/path]`");
        issues.add(issue.help("leave `https://` out"));
        return None;
    }
    let fits = |text: &str| {
        let (host, path) = text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
        is_host(host) && path.is_none_or(|path| Repository::new(path).is_ok())
    };
    let lower = text.to_ascii_lowercase();
    if !fits(text) && fits(&lower) {
        let issue = Issue::new(&value.span(), format!("the path of a registry has no capitals: {}", quoted(text)));
        issues.add(
            issue.label(format!("did you mean {}?", quoted(&lower))).help("registries refuse them (OCI distribution)"),
        );
        return None;
    }
    word("registry", "`host[:port][/path]`, e.g. registry.example.org/team", fits)(value, issues)
}

/// Where a bootstrapped base comes from.
pub(crate) fn mirror(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    url(&["file", "http", "https"], "a mirror that needs a password is set up with apt's `auth.conf`")(value, issues)
}

/// A package index of pip.
pub(crate) fn index_url(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    url(&["file", "http", "https"], "a recipe is no place for passwords: set `PIP_INDEX_URL` in the environment")(
        value, issues,
    )
}

/// Where a git repository is. Never quotes it: it may hold a password.
pub(crate) fn git_url(value: Value<'_>, issues: &mut Issues) -> Option<GitUrl> {
    let text = string(value, issues)?;
    if let Some(whole) = with_scheme(text) {
        let issue = Issue::new(&value.span(), "this address has no scheme: it would be a folder of the project");
        issues
            .add(issue.label("a server, or a folder?").help(format!("write `{whole}`; a folder is called `./{text}`")));
        return None;
    }
    let bad = |bad: crate::names::BadGitUrl| Issue::new(&value.span(), bad.message).label("bad address").help(bad.help);
    GitUrl::new(text).map_err(|error| issues.add(bad(error))).ok()
}

/// The address that is meant by a path whose first part is a host's name: `github.com/x/y`.
fn with_scheme(text: &str) -> Option<String> {
    let (host, path) = text.split_once('/')?;
    let (_, top) = host.rsplit_once('.')?;
    let is_top = top.len() > 1 && top.bytes().all(|b| b.is_ascii_alphabetic()) && top != "git";
    let whole = format!("https://{text}");
    (is_top && is_host(host) && !path.is_empty() && GitUrl::new(&whole).is_ok()).then_some(whole)
}

/// Where a server's interface is. Never quotes it: it may hold a password.
pub(crate) fn api_url(value: Value<'_>, issues: &mut Issues) -> Option<ApiUrl> {
    let bad = |bad: crate::names::BadGitUrl| Issue::new(&value.span(), bad.message).label("bad address").help(bad.help);
    ApiUrl::new(string(value, issues)?).map_err(|error| issues.add(bad(error))).ok()
}

/// What of a git repository: a branch, a tag or a commit, with `{{branch}}` and `{{tag}}` for what the command line says.
pub(crate) fn git_ref(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    if !only_placeholders(string(value, issues)?, &["branch", "tag"], &value.span(), issues) {
        return None;
    }
    word("git reference", "a branch, a tag, a commit, `{{branch}}` or `{{tag}}`", |text| {
        RefName::new(text.replace("{{branch}}", "x").replace("{{tag}}", "x")).is_ok()
    })(value, issues)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_scheme() {
        for host in ["github.com/x/y", "git.example.org/bricks.git", "localhost.localdomain/x"] {
            assert_eq!(with_scheme(host), Some(format!("https://{host}")));
        }
        for path in
            ["../bricks.git", "./github.com/x/y", "bricks.git", "vendor/github.com/x", "bricks.git/sub", "a.d/x"]
                .into_iter()
                .chain(["/srv/git.example.org/x", "github.com/", "git@github.com:x/y", "https://github.com/x/y"])
        {
            assert_eq!(with_scheme(path), None, "{path}");
        }
    }

    #[test]
    fn maintainers() {
        for good in ["Capensis <packages@example.org>", "A. B. (team) <a+b@c-d.org>"] {
            assert!(is_maintainer(good), "{good}");
        }
        for bad in ["Capensis", "<a@b>", "A <a>", "A <a@b@c>", "A <a@b> ", "A<a@b>", "A <@b>", "A <a@>"] {
            assert!(!is_maintainer(bad), "{bad}");
        }
    }
}
