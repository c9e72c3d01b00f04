//! The time and the environment, which enter here alone.

/// Seconds since 1970 UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that may ask for the time")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}

/// A variable; `None` where it is not set.
///
/// # Errors
/// Its name, where it is not text.
#[expect(clippy::disallowed_methods, reason = "the one place that may ask for variables")]
pub fn variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("{name} is not text")),
    }
}
