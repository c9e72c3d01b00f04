//! What git's credential helpers know of a server: asked, never changed, and without a prompt.

use std::io::{Seek as _, Write as _};

use super::{command::Git, error::GitError};

/// The most that a helper answers, in bytes.
const LARGEST: u64 = 1 << 16;

/// The password that the user's credential helpers have for `https://<host>` (git-credential(1)).
///
/// # Errors
/// [`GitError::Interrupted`], and a file of ours; a helper that fails knows nothing.
pub async fn credential(host: &str, git: &Git<'_>) -> Result<Option<String>, GitError> {
    let mut question = tempfile::tempfile()?;
    write!(question, "protocol=https\nhost={host}\n\n")?;
    question.rewind()?;
    let answer = match git.ask(&["credential", "fill"], question, LARGEST).await {
        Ok(answer) => answer,
        Err(error @ (GitError::Interrupted | GitError::NoGit)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let text = String::from_utf8(answer).unwrap_or_default();
    Ok(text.lines().find_map(|line| line.strip_prefix("password=")).map(str::to_owned))
}
