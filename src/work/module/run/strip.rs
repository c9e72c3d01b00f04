//! What is left out of a module, by patterns of paths.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::ModuleError;
use crate::stage::TreePath;

/// Patterns that are ready.
#[derive(Debug, Clone)]
pub(super) struct Strip(GlobSet);

impl Strip {
    /// Of patterns, which mean the same whatever the case: Windows looks at none.
    pub(super) fn new(patterns: &[String]) -> Result<Self, ModuleError> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let refuse = |error: globset::Error| ModuleError::Pattern {
                pattern: pattern.escape_debug().take(200).collect(),
                reason: error.kind().to_string(),
            };
            let mut glob = GlobBuilder::new(pattern);
            set.add(glob.literal_separator(true).case_insensitive(true).build().map_err(refuse)?);
        }
        let refuse =
            |error: globset::Error| ModuleError::Pattern { pattern: "…".to_owned(), reason: error.to_string() };
        set.build().map(Self).map_err(refuse)
    }

    /// Whether a path is left out.
    pub(super) fn takes(&self, path: &TreePath) -> bool {
        self.takes_text(path.as_str())
    }

    /// The same of a path of anybody's cabinet.
    pub(super) fn takes_text(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}
