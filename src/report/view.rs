//! What a verb answers, apart from how it is shown: a [`View`] knows its words, the reporter chooses the form.

use serde::Serialize;

use super::style::Style;

/// An answer that can be shown to people and to machines.
pub trait View: Serialize {
    /// What `event` is in the JSON form.
    const EVENT: &'static str;

    /// The form for people, each line with its line end.
    fn human(&self, style: &Style) -> String;

    /// Passes every text to `edit`, which takes secrets out.
    fn each_text(&mut self, edit: &mut dyn FnMut(&mut String));
}
