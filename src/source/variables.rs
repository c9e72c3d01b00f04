//! [`Variables`]: what requirements may name as `${NAME}`.

use std::fmt;

use crate::util::mask::Mask;

/// Where the values of `${NAME}` come from. A value is masked before it is used.
#[derive(Clone)]
pub struct Variables {
    look: fn(&str) -> Option<String>,
    mask: Mask,
}

impl Variables {
    /// Those of the environment that `look` reads.
    #[must_use]
    pub fn new(look: fn(&str) -> Option<String>, mask: Mask) -> Self {
        Self { look, mask }
    }

    /// The value of a variable, masked from now on; `None` where it is not set.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let value = (self.look)(name)?;
        self.mask.hide(&value);
        Some(value)
    }

    /// The value of a variable that is no secret, and is shown as it is.
    #[must_use]
    pub fn shown(&self, name: &str) -> Option<String> {
        (self.look)(name)
    }
}

impl Default for Variables {
    fn default() -> Self {
        Self { look: |_| None, mask: Mask::default() }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}
