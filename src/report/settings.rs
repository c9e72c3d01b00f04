//! Decides once how to talk, from the command line and what is around the process. Reads nothing itself: the
//! command line looks at the environment and the terminal and passes what it saw.

use super::style::{Glyphs, Style};

/// The width where the terminal does not tell one.
pub(super) const USUAL_WIDTH: u16 = 80;
/// Narrower terminals get lines for this width and wrap them.
const NARROWEST: u16 = 40;

/// For whom the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// For people.
    #[default]
    Human,
    /// For machines: one JSON object a line on stdout.
    Json,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures and warnings.
    Quiet,
    /// What happens.
    #[default]
    Normal,
    /// Also what the steps write.
    Verbose,
}

/// What the command line saw around the process: variables as they are, unset ones `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// `NO_COLOR`: any non-empty value switches colours off.
    pub no_color: Option<&'a str>,
    /// `TERM`: `dumb` means that nothing may be moved or coloured.
    pub term: Option<&'a str>,
    /// `CI`: output is read later, in a log, even where there seems to be a terminal.
    pub ci: Option<&'a str>,
    /// `LC_ALL`, the first that decides on the character set.
    pub lc_all: Option<&'a str>,
    /// `LC_CTYPE`, the second.
    pub lc_ctype: Option<&'a str>,
    /// `LANG`, the third.
    pub lang: Option<&'a str>,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether stderr is a terminal.
    pub stderr_is_terminal: bool,
    /// The columns of the terminal.
    pub columns: Option<u16>,
}

/// How to talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact about the terminal")]
pub struct Settings {
    /// For whom.
    pub output: Output,
    /// How much.
    pub verbosity: Verbosity,
    /// Whether stderr takes colours.
    pub colour: bool,
    /// Whether stderr is a terminal with somebody in front of it: live lines are drawn.
    pub tty: bool,
    /// The columns of the terminal.
    pub width: u16,
    /// Whether stdout is a terminal: tables are wrapped to the width. In a file or a pipe a row is always one line.
    pub stdout_tty: bool,
    /// Whether stderr is a terminal, whoever reads it: notes and warnings are wrapped to the width. In a file or a pipe each is one line.
    pub stderr_tty: bool,
    /// Whether stdout takes colours.
    pub stdout_colour: bool,
    /// Whether the locale is UTF-8; ASCII otherwise.
    pub unicode: bool,
}

impl Settings {
    /// Settings for these options in these surroundings.
    #[must_use]
    pub fn new(output: Output, verbosity: Verbosity, around: &Surroundings<'_>) -> Self {
        let dumb = around.term == Some("dumb");
        let in_ci = said(around.ci).is_some_and(|ci| !ci.eq_ignore_ascii_case("false") && ci != "0");
        let colours = said(around.no_color).is_none() && !dumb;
        Self {
            output,
            verbosity,
            colour: colours && around.stderr_is_terminal,
            tty: around.stderr_is_terminal && !dumb && !in_ci,
            width: around.columns.filter(|&columns| columns > 0).unwrap_or(USUAL_WIDTH).max(NARROWEST),
            stdout_tty: around.stdout_is_terminal,
            stderr_tty: around.stderr_is_terminal,
            stdout_colour: colours && around.stdout_is_terminal,
            unicode: is_utf8(around),
        }
    }

    /// How text on stdout looks.
    #[must_use]
    pub fn stdout_look(&self) -> Style {
        let width = if self.stdout_tty { usize::from(self.width) } else { usize::MAX };
        Style { colour: self.stdout_colour, glyphs: Glyphs::for_terminal(self.unicode), width }
    }

    /// How text on stderr looks.
    #[must_use]
    pub fn stderr_look(&self) -> Style {
        let width = if self.stderr_tty { usize::from(self.width) } else { usize::MAX };
        Style { colour: self.colour, glyphs: Glyphs::for_terminal(self.unicode), width }
    }
}

fn said(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

fn is_utf8(around: &Surroundings<'_>) -> bool {
    let locale = said(around.lc_all).or(said(around.lc_ctype)).or(said(around.lang)).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(around: Surroundings<'_>) -> Settings {
        Settings::new(Output::Human, Verbosity::Normal, &around)
    }

    const TERMINAL: Surroundings<'_> = Surroundings {
        no_color: None,
        term: Some("xterm-256color"),
        ci: None,
        lc_all: None,
        lc_ctype: None,
        lang: Some("fr_FR.UTF-8"),
        stdout_is_terminal: true,
        stderr_is_terminal: true,
        columns: Some(132),
    };

    #[test]
    fn a_terminal_gets_everything() {
        let expected = Settings {
            output: Output::Human,
            verbosity: Verbosity::Normal,
            colour: true,
            tty: true,
            width: 132,
            stdout_tty: true,
            stderr_tty: true,
            stdout_colour: true,
            unicode: true,
        };
        assert_eq!(settings(TERMINAL), expected);
    }

    #[test]
    fn a_pipe_gets_nothing() {
        let piped = Surroundings { stdout_is_terminal: false, stderr_is_terminal: false, columns: None, ..TERMINAL };
        let settings = settings(piped);
        assert!(!settings.colour && !settings.tty && !settings.stdout_tty);
        assert_eq!(settings.width, 80);
        assert_eq!((settings.stdout_look().width, settings.stderr_look().width), (usize::MAX, usize::MAX));
    }

    #[test]
    fn each_half_is_judged_by_itself() {
        let data_piped = settings(Surroundings { stdout_is_terminal: false, ..TERMINAL });
        assert!(data_piped.tty && data_piped.stderr_look().colour && !data_piped.stdout_look().colour);
        let talk_piped = settings(Surroundings { stderr_is_terminal: false, ..TERMINAL });
        assert!(!talk_piped.tty && talk_piped.stdout_look().colour && !talk_piped.stderr_look().colour);
    }

    #[test]
    fn the_environment_switches_off() {
        assert!(!settings(Surroundings { no_color: Some("1"), ..TERMINAL }).colour);
        assert!(settings(Surroundings { no_color: Some(""), ..TERMINAL }).colour);
        let dumb = settings(Surroundings { term: Some("dumb"), ..TERMINAL });
        assert!(!dumb.colour && !dumb.tty);
        let ci = settings(Surroundings { ci: Some("true"), ..TERMINAL });
        assert!(ci.colour && !ci.tty, "a runner's terminal shows colours but keeps every line");
        assert_eq!(ci.stderr_look().width, 132);
        assert!(settings(Surroundings { ci: Some("false"), ..TERMINAL }).tty);
    }

    #[test]
    fn the_first_locale_decides() {
        assert!(!settings(Surroundings { lc_all: Some("C"), ..TERMINAL }).unicode);
        assert!(settings(Surroundings { lc_all: Some(""), lc_ctype: Some("C.utf8"), ..TERMINAL }).unicode);
        assert!(!settings(Surroundings { lang: None, ..TERMINAL }).unicode);
    }

    #[test]
    fn odd_widths_are_mended() {
        assert_eq!(settings(Surroundings { columns: Some(0), ..TERMINAL }).width, 80);
        assert_eq!(settings(Surroundings { columns: Some(7), ..TERMINAL }).width, 40);
    }
}
