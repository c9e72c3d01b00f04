//! The interface of a server that keeps repositories: where it is, what kind it is, and a project on it.

use std::fmt;

use super::{BadGitUrl, InvalidName, text::name_type};

name_type!(
    /// A project's path on a GitLab or GitHub: `group/subgroup/project`, `owner/name`.
    ForgeProject, "project path", "`group/project`: letters, digits, `_`, `.` and `-`, no dash or dot first",
    |s| s.len() <= 255 && s.contains('/') && s.split('/').all(is_part)
);

fn is_part(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && !part.contains("..")
}

/// The kinds of interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForgeKind {
    /// GitLab's, version 4: docs.gitlab.com/api/rest.
    Gitlab,
    /// GitHub's, version 3: docs.github.com/rest.
    Github,
}

impl ForgeKind {
    /// The kind that an address tells: `https://api.github.com`, `…/api/v4` of a GitLab, `…/api/v3` of a GitHub of one's own.
    #[must_use]
    pub fn from_api(api: &ApiUrl) -> Option<Self> {
        match api.as_str() {
            "https://api.github.com" => Some(Self::Github),
            text if text.ends_with("/api/v4") => Some(Self::Gitlab),
            text if text.ends_with("/api/v3") => Some(Self::Github),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gitlab => "GitLab",
            Self::Github => "GitHub",
        }
    }
}

/// Where an interface is: `https://git.example.org/api/v4`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiUrl(String);

/// The longest address.
const LONGEST: usize = 500;

const SHAPES: &str = "`https://git.example.org/api/v4` of a GitLab, `https://api.github.com`";
const NO_SHAPE: BadGitUrl = BadGitUrl { message: "this is not the address of a server's interface", help: SHAPES };
const INSECURE: BadGitUrl =
    BadGitUrl { message: "a token would be sent where everybody on the way can read it", help: "use `https://`" };
const PASSWORD: BadGitUrl = BadGitUrl {
    message: "a user name or password in a URL",
    help: "a token comes from a variable (`token_env`), a file (`FACTORY_TOKEN_FILE`) or git's credential helper",
};

impl ApiUrl {
    /// Checks an address.
    ///
    /// # Errors
    /// [`BadGitUrl`], which does not quote it: it may hold a password.
    pub fn new(text: &str) -> Result<Self, BadGitUrl> {
        if text.starts_with("http://") {
            return Err(INSECURE);
        }
        let rest = text.strip_prefix("https://").ok_or(NO_SHAPE)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(PASSWORD);
        }
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let fits = text.len() <= LONGEST
            && host.split('.').all(|label| word(label) && !label.starts_with('-'))
            && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
            && path.trim_end_matches('/').split('/').skip(1).all(|step| word(step) && !step.starts_with('.'));
        if fits { Ok(Self(text.trim_end_matches('/').to_ascii_lowercase())) } else { Err(NO_SHAPE) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, with its port where one is named.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.trim_start_matches("https://").split('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_interfaces() {
        for (text, kind) in [
            ("https://git.example.org/api/v4", Some(ForgeKind::Gitlab)),
            ("https://git.example.org:8443/gitlab/api/v4/", Some(ForgeKind::Gitlab)),
            ("https://API.github.com", Some(ForgeKind::Github)),
            ("https://git.example.org/api/v3", Some(ForgeKind::Github)),
            ("https://git.example.org", None),
        ] {
            let url = ApiUrl::new(text).unwrap();
            assert_eq!(ForgeKind::from_api(&url), kind, "{text}");
            assert!(!url.host().contains('/') && !url.as_str().ends_with('/'));
        }
        for bad in [
            "",
            "git.example.org/api/v4",
            "http://git.example.org/api/v4",
            "https://",
            "https:///api",
            "ftp://x/y",
            "https://u:p@h/api/v4",
            "https://h/api v4",
            "https://h/../x",
            "https://h/a//b",
            "https://h:0/",
            "https://-h/",
            "https://h/api?x=y",
            "https://h\n/x",
        ] {
            let error = ApiUrl::new(bad).expect_err(bad);
            assert!(!error.to_string().contains("u:p"));
        }
    }

    #[test]
    fn paths_of_projects() {
        for good in ["canopsis/canopsis", "a/b/c-d.e_f", "_a/1"] {
            assert!(ForgeProject::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "a//b", "a/../b", "-a/b", "a/.b", "a/b c", "a/b?x", "a/%2e", "a/b#c"] {
            assert!(ForgeProject::new(bad).is_err(), "{bad}");
        }
    }
}
