//! [`RecipeError`]: why there is no recipe. Says it; does not decide how it looks.

use std::io;

use miette::Diagnostic;

use super::FILE;
use crate::{
    diag::{Exit, Failure},
    platform::PlatformError,
    util::{
        shell,
        toml::{Located, Report},
    },
};

/// Why there is no recipe.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum RecipeError {
    /// The folder holds no `factory.toml`.
    #[error("there is no `{FILE}` in `{folder}`")]
    #[diagnostic(help("{}", way_to(above.as_deref())))]
    Missing {
        /// The folder.
        folder: String,
        /// The nearest folder above it that has one, as the user would type it.
        above: Option<String>,
    },
    /// The file cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is too large to be a recipe.
    #[error("`{file}` is larger than a recipe may be ({most} bytes)")]
    TooLarge {
        /// The file.
        file: String,
        /// The bound.
        most: u64,
    },
    /// The file says what it may not: every mistake, at its place.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Report),
    /// The project's own platforms are wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Platforms(#[from] PlatformError),
}

/// How a recipe is named that is not in the folder where it was sought.
fn way_to(above: Option<&str>) -> String {
    match above {
        Some(above) => {
            let typed = shell::word(above);
            format!("the nearest one is in `{above}`: go there, or name it: `factory --project {typed} …`")
        }
        None => "go to the project's folder, or name it: `factory --project DIR …`".to_owned(),
    }
}

impl RecipeError {
    /// The mistakes in the text, in its order; none where there is no text.
    #[must_use]
    pub fn issues(&self) -> &[Located] {
        match self {
            Self::Invalid(report) => report.issues(),
            _ => &[],
        }
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        let help = error.help().map(|help| help.to_string());
        let failure = Self::new(Exit::Usage, error.to_string());
        match error {
            RecipeError::Invalid(report) => failure.showing(report),
            RecipeError::Platforms(platforms) => platforms.into(),
            RecipeError::Unreadable { cause, .. } => failure.because(cause),
            RecipeError::Missing { .. } | RecipeError::TooLarge { .. } => match help {
                Some(help) => failure.help(help),
                None => failure.help("split it, or take the generated parts out"),
            },
        }
    }
}
