//! `factory explain`.

use super::context::Context;
use crate::{
    diag::{Exit, Failure},
    names::{Concern, Topic},
    report::{LintView, ListColumn, ListKind, ListView},
    util::{
        allowance,
        toml::{listed, nearest},
    },
};

/// Say what a lint finds, why that matters, how it is mended, and the line of a recipe that allows it
///
/// Lints look at what a package or an image would ship. Each has an id, which is in brackets behind what it has found.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::EXPLAIN)]
pub struct Args {
    /// The lint's id, as messages have it: `unit-file`. Without it, all of them
    #[arg(value_name = "ID")]
    id: Option<String>,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    match &args.id {
        Some(id) => context.reporter.print(of_one(find(id)?)),
        None => context.reporter.print(all()),
    }
    Ok(())
}

/// The lint of an id, in brackets or without.
fn find(id: &str) -> Result<Concern, Failure> {
    let id = id.trim_matches(['[', ']']);
    let known = Concern::WORDS.iter().find(|(word, _)| *word == id);
    known.map(|(_, concern)| *concern).ok_or_else(|| {
        let words: Vec<&str> = Concern::WORDS.iter().map(|(word, _)| *word).collect();
        let failure = Failure::new(Exit::Usage, format!("there is no lint `{}`", id.escape_debug()));
        match nearest(id, words.iter().copied()) {
            Some(near) => failure.help(format!("did you mean `factory explain {near}`?")),
            None => failure.help(format!("there are {}", listed(&words))),
        }
    })
}

fn of_one(concern: Concern) -> LintView {
    let text = |text: &str| text.to_owned();
    LintView {
        id: text(concern.as_str()),
        severity: text(concern.severity().as_str()),
        what: text(concern.what()),
        why: text(concern.why()),
        mend: text(concern.mend()),
        allow: allowance::line(concern, if concern.topic() == Topic::Recipe { "…" } else { "/…" })
            .trim_matches('`')
            .to_owned(),
    }
}

fn all() -> ListView {
    let row = |(word, concern): &(&str, Concern)| {
        [*word, concern.severity().as_str(), concern.what()].map(str::to_owned).to_vec()
    };
    ListView {
        title: String::new(),
        columns: vec![
            ListColumn { name: "id", kind: ListKind::Word },
            ListColumn { name: "severity", kind: ListKind::Word },
            ListColumn { name: "finds", kind: ListKind::Text },
        ],
        rows: Concern::WORDS.iter().map(row).collect(),
        summary: "`factory explain ID` says why that matters, how it is mended, and what allows it".to_owned(),
    }
}
