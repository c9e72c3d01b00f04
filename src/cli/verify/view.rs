//! Verdicts as a sheet. Pure.

use serde_json::{Value, json};

use super::Judged;
use crate::{
    format::reader::Verdict,
    report::{
        ListColumn,
        ListKind::{Text, Word},
        Section, Sheet, VerifiedView,
    },
};

/// Verdicts with the names of their files.
pub fn verified(all: &[Judged]) -> VerifiedView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |one: &Judged| {
        let Verdict { package, signer, .. } = &one.verdict;
        vec![one.file.clone(), state(one).to_owned(), package.clone(), signer.clone()]
    };
    let has_signers = all.iter().any(|one| !one.verdict.signer.is_empty());
    let mut columns = vec![column("file", Text), column("state", Word), column("package", Word)];
    columns.extend(has_signers.then_some(column("signer", Word)));
    let rows = all.iter().map(row).collect();
    let count = |wanted: &str| all.iter().filter(|one| state(one) == wanted).count();
    let mut summary = format!("{} ok, {} refused", count(OK), count(REFUSED));
    match count(UNREAD) {
        0 => {}
        unread => summary.push_str(&format!(", {unread} not read")),
    }
    for line in unchecked(all) {
        summary.push_str(&format!("\n{line}"));
    }
    VerifiedView(Sheet {
        title: String::new(),
        sections: vec![Section::Rows { heading: String::new(), columns, rows }],
        summary,
        data: json!({ "files": all.iter().map(whole).collect::<Vec<_>>() }),
    })
}

const OK: &str = "ok";
const REFUSED: &str = "refused";
const UNREAD: &str = "not read";

const fn state(one: &Judged) -> &'static str {
    match (one.is_read, one.verdict.faults.is_empty()) {
        (true, true) => OK,
        (true, false) => REFUSED,
        (false, _) => UNREAD,
    }
}

/// Everything that is said of one file.
fn whole(one: &Judged) -> Value {
    let mut value = json!(one.verdict);
    value["file"] = json!(one.file);
    value["state"] = json!(state(one));
    value
}

/// What was not checked, each thing once, and in which files where it is not in all.
fn unchecked(all: &[Judged]) -> Vec<String> {
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for Judged { file, verdict, .. } in all {
        for what in &verdict.unchecked {
            match said.iter_mut().find(|(own, _)| own == what) {
                Some((_, files)) => files.push(file),
                None => said.push((what, vec![file])),
            }
        }
    }
    let judged = all.iter().filter(|one| one.is_read).count();
    let line = |(what, files): (&str, Vec<&str>)| match files.len() {
        count if count == judged => format!("not checked: {what}"),
        1..=3 => format!("not checked in {}: {what}", files.join(", ")),
        count => format!("not checked in {count} of them: {what}"),
    };
    said.into_iter().map(line).collect()
}
