//! What a template of a project may cost: it comes with a clone, and is rendered to know what a build would do.
//!
//! Handlebars has no bounds of its own: it recurses where a text nests, and a loop in a loop takes as long as it takes.

use std::{
    io::{self, Write},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use handlebars::Handlebars;
use serde_json::Value;

use super::{MAIN, TemplateError, budget::Budget};

/// How deep blocks, and brackets in a tag, may nest. Templates nest three or four times.
const DEEPEST: usize = 64;
/// The largest template, in bytes, and the most tags in it: reading one takes as long as its size times its tags.
const LARGEST: usize = 64 << 10;
const MOST_TAGS: usize = 1000;
/// The largest text that a template may give, in bytes: 4 MiB.
const LARGEST_TEXT: usize = 4 << 20;
/// How long it may take. One takes a millisecond.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The stack of the thread that renders, in bytes.
const STACK: usize = 64 << 20;

/// Why a text is not taken for a template; `None` where it is. A partial of ours calls no other.
pub fn refusal(text: &str, is_partial: bool) -> Option<&'static str> {
    if text.len() > LARGEST {
        return Some("it is larger than 64 KiB");
    }
    if text.matches("{{").count() > MOST_TAGS {
        return Some("it has more than 1,000 tags");
    }
    // Blocks that are open, each with its `else`s: every `else if` is a block in the one before. What may be in a comment, or may be
    // escaped, opens a block and ends none: a bound that is talked round is none.
    let mut blocks: Vec<usize> = Vec::new();
    let mut comment: Option<&str> = None;
    let mut parts = text.split("{{");
    let mut before = parts.next().unwrap_or_default();
    for part in parts {
        let is_text = comment.is_some() || before.ends_with('\\');
        before = part;
        if let Some(end) = comment
            && part.contains(end)
        {
            comment = None;
        }
        if nests_too_deep(part) {
            return Some("its brackets nest deeper than 64");
        }
        let tag = part.trim_start_matches(['{', '~', ' ', '\t', '\r', '\n']);
        match tag.as_bytes().first() {
            Some(b'*') => return Some("decorators are not for Dockerfiles"),
            Some(b'#') if tag[1..].trim_start().starts_with(['*', '>']) => {
                return Some("inline partials and blocks of partials are not for Dockerfiles");
            }
            Some(b'>') if is_partial => return Some("a partial may call no other"),
            Some(b'#' | b'^') => blocks.push(1),
            Some(b'/') if !is_text => drop(blocks.pop()),
            Some(b'!') if !is_text => {
                let end = if tag.starts_with("!--") { "--" } else { "}}" };
                comment = Some(end).filter(|end| !tag[1..].trim_start_matches("--").contains(*end));
            }
            Some(b'e') if tag.starts_with("else") => {
                if let Some(count) = blocks.last_mut() {
                    *count += 1;
                }
            }
            _ => {}
        }
        if blocks.iter().sum::<usize>() > DEEPEST {
            return Some("its blocks nest deeper than 64");
        }
    }
    None
}

/// Whether brackets nest deeper than those of a tag may. What follows the tag is counted, too: nothing there nests like that.
fn nests_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Renders within the bounds: in a thread of its own, which is left behind where it does not end.
pub fn render(
    engine: &Arc<Handlebars<'static>>,
    name: &str,
    values: &Value,
    budget: &Budget,
) -> Result<String, TemplateError> {
    let failed = |reason: String| TemplateError::Render { name: name.to_owned(), reason };
    budget.ask(name)?;
    let (send, receive) = mpsc::channel();
    let (engine, values) = (Arc::clone(engine), values.clone());
    let work = move || {
        let mut text = Text::default();
        let done = engine.render_to_write(MAIN, &values, &mut text).map(|()| text);
        // One that took too long is not waited for.
        let _ = send.send(done);
    };
    thread::Builder::new().name("template".to_owned()).stack_size(STACK).spawn(work)?;
    match budget.wait(&receive, TIMEOUT, name)? {
        Some(Ok(text)) => text.whole().map_err(|error| failed(error.to_string())),
        Some(Err(error)) => Err(failed(error.to_string())),
        None => Err(failed("it takes longer than 10 s: loops in loops grow fast".to_owned())),
    }
}

/// A text that does not grow without end.
#[derive(Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// All of it.
    pub fn whole(self) -> io::Result<String> {
        String::from_utf8(self.0).map_err(io::Error::other)
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > LARGEST_TEXT {
            return Err(io::Error::other("it gives more than 4 MiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn what_nests_too_deep_or_calls_itself_is_refused() {
        let open = "{{#if a}}".repeat(65);
        let elses = format!("{{{{#if a}}}}{}", "{{else if b}}".repeat(64));
        for (text, said) in [
            ("{{#*inline \"a\"}}{{> b}}{{/inline}}", "inline partials"),
            ("{{~# *inline \"a\"}}", "inline partials"),
            ("{{#> install}}x{{/install}}", "inline partials"),
            ("{{* set a}}", "decorators"),
            (open.as_str(), "blocks nest deeper"),
            (elses.as_str(), "blocks nest deeper"),
            (&format!("{{{{x {}", "(".repeat(65)), "brackets nest deeper"),
            (&format!("{{{{x {}", "[".repeat(65)), "brackets nest deeper"),
        ] {
            assert!(refusal(text, false).is_some_and(|why| why.contains(said)), "{text}");
        }
        assert!(refusal("{{~> main}}", true).is_some());
        // What ends a block in a comment, or behind a backslash, ends none.
        for round in ["{{#if a}}{{!-- {{/if}} --}}", "{{#if a}}{{! {{/if}}", "{{#if a}}\\{{/if}}"] {
            assert!(refusal(&round.repeat(65), false).is_some_and(|why| why.contains("blocks nest deeper")), "{round}");
        }
        let comments = "{{#if a}}{{!-- x --}}{{! y }}{{/if}}".repeat(100);
        assert_eq!(refusal(&comments, false), None);
        assert_eq!(refusal(&"{{a}}".repeat(1001), false), Some("it has more than 1,000 tags"));
        assert_eq!(refusal(&" ".repeat(70_000), false), Some("it is larger than 64 KiB"));
        let many =
            "{{#if a}}{{else if b}}{{else}}{{/if}}{{json [[1]]}}\n".repeat(150) + "RUN case x in x) ;; esac ((((";
        assert_eq!(refusal(&many, false), None);
        for text in ["{{> install}}", "{{{a}}}", "{{!-- a comment --}}", ""] {
            assert_eq!(refusal(text, false), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_grows_is_refused() {
        let mut engine = Handlebars::new();
        let line = "x".repeat(100);
        let loops = format!(
            "{{{{#each all}}}}{{{{#each @root.all}}}}{{{{#each @root.all}}}}{line}{{{{/each}}}}{{{{/each}}}}{{{{/each}}}}"
        );
        engine.register_template_string(MAIN, &loops).unwrap();
        let engine = Arc::new(engine);
        let values = |count: usize| serde_json::json!({ "all": vec![1; count] });
        let render = |values: &Value| render(&engine, "x", values, &Budget::new(CancellationToken::new()));
        assert_eq!(render(&values(3)).unwrap().len(), 2700);
        let said = render(&values(200)).unwrap_err().to_string();
        assert!(said.contains("4 MiB"), "{said}");
    }
}
