//! The environment variables that are about WAPT packages.

/// The key that signs WAPT packages, as `--key` names it.
pub const FACTORY_WAPT_KEY: &str = "FACTORY_WAPT_KEY";
/// Its certificate, as `--certificate` names it.
pub const FACTORY_WAPT_CERTIFICATE: &str = "FACTORY_WAPT_CERTIFICATE";
/// A file with its password, as `--password-file` names it.
pub const FACTORY_WAPT_PASSWORD_FILE: &str = "FACTORY_WAPT_PASSWORD_FILE";

/// Their row in the list of all variables of `docs/cli.md`.
#[cfg(test)]
pub const ROW: &str = "\
| `FACTORY_WAPT_KEY`, `FACTORY_WAPT_CERTIFICATE`, `FACTORY_WAPT_PASSWORD_FILE` | who signs WAPT packages, as `--key`, `--certificate` and `--password-file` say; the password itself is never an argument or a variable |
";
