//! How text looks on one stream: its colours, its signs and its width. Every colour only repeats what a word or a sign
//! already says.

/// How one stream is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours may be used.
    pub colour: bool,
    /// The signs.
    pub glyphs: &'static Glyphs,
    /// The columns; `usize::MAX` where lines are never wrapped.
    pub width: usize,
}

/// The signs, in one width.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// A step that is done.
    pub done: &'static str,
    /// A step whose record was still true.
    pub cached: &'static str,
    /// A step that failed.
    pub failed: &'static str,
    /// A step that did not run to its end.
    pub stopped: &'static str,
    /// Before a line of a log.
    pub bar: &'static str,
    /// What the live lines turn; the last one remains when it is over.
    pub spinner: &'static [&'static str],
}

impl Glyphs {
    /// The signs for a locale.
    #[must_use]
    pub const fn for_terminal(unicode: bool) -> &'static Self {
        if unicode { &UNICODE } else { &ASCII }
    }
}

static UNICODE: Glyphs = Glyphs {
    done: "✓",
    cached: "=",
    failed: "✗",
    stopped: "-",
    bar: "│",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "],
};

static ASCII: Glyphs =
    Glyphs { done: "+", cached: "=", failed: "x", stopped: "-", bar: "|", spinner: &["|", "/", "-", "\\", " "] };

/// A colour or weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// For what matters least.
    Dim,
    /// For headings.
    Bold,
    /// For success.
    Green,
    /// For warnings.
    Yellow,
    /// For failures.
    Red,
    /// For what is going on.
    Cyan,
}

impl Style {
    /// The text in a colour, where there are colours.
    #[must_use]
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => 0,
            Paint::Bold => 1,
            Paint::Dim => 2,
            Paint::Red => 31,
            Paint::Green => 32,
            Paint::Yellow => 33,
            Paint::Cyan => 36,
        };
        if self.colour && code > 0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// `note:` or `warning:`.
    #[must_use]
    pub fn notice(&self, warning: bool) -> String {
        if warning { self.paint(Paint::Yellow, "warning:") } else { self.paint(Paint::Cyan, "note:") }
    }
}

#[cfg(test)]
impl Style {
    /// No colours, UTF-8.
    pub(crate) const fn plain(width: usize) -> Self {
        Self { colour: false, glyphs: &UNICODE, width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_where_allowed() {
        let bare = Style::plain(80);
        let coloured = Style { colour: true, ..bare };
        assert_eq!(bare.paint(Paint::Red, "no"), "no");
        assert_eq!(coloured.paint(Paint::Red, "no"), "\x1b[31mno\x1b[0m");
        assert_eq!(coloured.paint(Paint::Plain, "as it is"), "as it is");
        assert_eq!(coloured.paint(Paint::Red, ""), "");
    }

    #[test]
    fn the_fallback_is_ascii() {
        let Glyphs { done, cached, failed, stopped, bar, spinner } = Glyphs::for_terminal(false);
        assert!(
            [done, cached, failed, stopped, bar]
                .iter()
                .chain(&spinner.iter().collect::<Vec<_>>())
                .all(|s| s.is_ascii())
        );
    }
}
