//! Verdicts as a sheet. Pure.

use serde_json::{Value, json};

use crate::{
    format::reader::Verdict,
    report::{
        ListColumn,
        ListKind::{Text, Word},
        Section, Sheet, VerifiedView,
    },
};

/// Verdicts with the names of their files.
pub fn verified(verdicts: &[(String, Verdict)]) -> VerifiedView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |(file, it): &(String, Verdict)| {
        vec![file.clone(), state(it).to_owned(), it.package.clone(), it.signer.clone()]
    };
    let has_signers = verdicts.iter().any(|(_, verdict)| !verdict.signer.is_empty());
    let mut columns = vec![column("file", Text), column("state", Word), column("package", Word)];
    columns.extend(has_signers.then_some(column("signer", Word)));
    let rows = verdicts.iter().map(row).collect();
    let good = verdicts.iter().filter(|(_, verdict)| verdict.is_good()).count();
    let mut summary = format!("{good} ok, {} refused", verdicts.len() - good);
    for line in unchecked(verdicts) {
        summary.push_str(&format!("\n{line}"));
    }
    VerifiedView(Sheet {
        title: String::new(),
        sections: vec![Section::Rows { heading: String::new(), columns, rows }],
        summary,
        data: json!({ "files": verdicts.iter().map(whole).collect::<Vec<_>>() }),
    })
}

const fn state(verdict: &Verdict) -> &'static str {
    if verdict.faults.is_empty() { "ok" } else { "refused" }
}

/// Everything that is said of one file.
fn whole((file, verdict): &(String, Verdict)) -> Value {
    let mut value = json!(verdict);
    value["file"] = json!(file);
    value["state"] = json!(state(verdict));
    value
}

/// What was not checked, each thing once, and in which files where it is not in all.
fn unchecked(verdicts: &[(String, Verdict)]) -> Vec<String> {
    let mut said: Vec<(&str, Vec<&str>)> = Vec::new();
    for (file, verdict) in verdicts {
        for what in &verdict.unchecked {
            match said.iter_mut().find(|(own, _)| own == what) {
                Some((_, files)) => files.push(file),
                None => said.push((what, vec![file])),
            }
        }
    }
    let line = |(what, files): (&str, Vec<&str>)| match files.len() {
        count if count == verdicts.len() => format!("not checked: {what}"),
        1..=3 => format!("not checked in {}: {what}", files.join(", ")),
        count => format!("not checked in {count} of them: {what}"),
    };
    said.into_iter().map(line).collect()
}
