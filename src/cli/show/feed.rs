//! `factory show` of an update feed: its releases, and what is said of each.

use std::path::Path;

use factory_tuf::{Says, TargetPath};

use crate::{
    cli::context::Context,
    diag::{Exit, Failure},
    publish::feed::update::listed,
    report::{ListColumn, ListKind, ListView, units},
    util::clock,
};

/// Lists what a feed has, as its metadata says; no file of it is looked at.
pub fn show(folder: &Path, context: &Context) -> Result<(), Failure> {
    let shown = folder.display();
    let files = listed(folder, clock::now()).map_err(|why| {
        let help = format!("what is wrong with it: `factory verify {shown}`");
        Failure::new(Exit::CheckFailed, format!("`{shown}` is a feed that nobody can follow: {why}")).help(help)
    })?;
    context.reporter.print(view(&files));
    Ok(())
}

fn view(files: &[(TargetPath, u64, Option<Says>)]) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let releases = files.iter().filter(|(_, _, says)| says.is_some()).count();
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    ListView {
        title: String::new(),
        columns: vec![
            column("program", ListKind::Word),
            column("version", ListKind::Word),
            column("for", ListKind::Word),
            column("size", ListKind::Number),
            column("machines", ListKind::Number),
            column("channels", ListKind::Word),
            column("only", ListKind::Text),
        ],
        rows: files.iter().filter_map(|(_, size, says)| Some(row(says.as_ref()?, *size))).collect(),
        summary: format!("{}, {}", count(releases, "release"), count(files.len(), "file")),
    }
}

fn row(says: &Says, size: u64) -> Vec<String> {
    let who = if says.withdrawn { "withdrawn".to_owned() } else { format!("{} %", says.percent) };
    let from = says.minimum.as_ref().map(|minimum| format!("from {minimum}"));
    let hours = says.window.map(|window| format!("at {}", String::from(window)));
    vec![
        says.product.clone(),
        says.version.to_string(),
        says.platform.clone(),
        units::size(size),
        who,
        says.channels.join(","),
        from.into_iter().chain(hours).collect::<Vec<_>>().join(", "),
    ]
}
