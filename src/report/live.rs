//! The pieces of the live picture: the line of a running step, the footer, and the short list of cached steps.

use std::fmt;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::{
    style::{Paint, Style},
    text, units,
};
use crate::event::StepId;

/// The line of a running step: a spinner, its name, what it does now, since when.
pub(crate) fn step(style: Style, name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
    bar.set_style(template(style, "{spinner} {prefix}  {wide_msg} {elapsed}"));
    bar
}

/// The last line: how far the whole is, since when.
pub(crate) fn footer(style: Style) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(template(style, "  {wide_msg} {elapsed}"));
    bar
}

/// A template of ours, with our signs and our way to write a time.
fn template(style: Style, template: &str) -> ProgressStyle {
    let elapsed = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        // Writing into a text does not fail.
        let _ = out.write_str(&style.paint(Paint::Dim, &format!("{:>7}", units::running(state.elapsed()))));
    };
    let signs: Vec<_> = style.glyphs.spinner.iter().map(|sign| style.paint(Paint::Cyan, sign)).collect();
    let signs: Vec<_> = signs.iter().map(String::as_str).collect();
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("elapsed", elapsed)
        .tick_strings(&signs)
}

/// The names of steps under their platforms, both in the order in which they come.
pub(crate) fn by_platform(steps: &[StepId]) -> Vec<(&str, Vec<&str>)> {
    let mut platforms: Vec<(&str, Vec<&str>)> = vec![];
    for step in steps {
        let (platform, name) = (step.platform(), step.name());
        match platforms.iter_mut().find(|(known, _)| *known == platform) {
            Some((_, names)) => names.push(name),
            None => platforms.push((platform, vec![name])),
        }
    }
    platforms
}

/// As many names as fit: `core, cat and 9 more`.
pub(crate) fn some_of(names: &[&str], room: usize) -> String {
    let all = names.join(", ");
    if text::width(&all) <= room {
        return all;
    }
    (1..names.len())
        .rev()
        .map(|shown| format!("{} and {} more", names[..shown].join(", "), names.len() - shown))
        .find(|some| text::width(some) <= room)
        .unwrap_or_else(|| units::count(names.len(), "step", "steps"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_fit_are_counted() {
        let names = ["wheels-core", "core", "cat", "deb-core"];
        assert_eq!(some_of(&names, 80), "wheels-core, core, cat, deb-core");
        assert_eq!(some_of(&names, 31), "wheels-core, core and 2 more");
        assert_eq!(some_of(&names, 22), "wheels-core and 3 more");
        assert_eq!(some_of(&names, 21), "4 steps");
    }
}
