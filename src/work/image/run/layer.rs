//! The last good layer of an image that did not build: the part of its Dockerfile before the instruction that failed. BuildKit
//! has all of that in its cache, so that it is an image in a moment.

use std::collections::BTreeMap;

use crate::{
    event::StepId,
    execute::{StepContext, keep::mark_image},
    plan::Record,
    work::image::ImageWork,
};

/// How to look around where an image failed: BuildKit keeps neither container nor image of it. It is an image of all that came
/// before the instruction that failed, or else the one that the failed one is made from.
pub async fn way_in(work: &ImageWork, at: StepContext<'_>, said: &[String]) -> String {
    match last_layer(work, at, said).await {
        Some(id) => format!(
            "an image of what came before the instruction that failed is kept until the next run of factory here: `docker run \
             --rm -it --entrypoint sh {id}`"
        ),
        None => from_parent(work, at.records),
    }
}

/// An image of the last good layer of a build that failed: its short id. `None` where the instruction that failed is not known
/// for sure, or the builder does not have the layers before it any more.
async fn last_layer(work: &ImageWork, at: StepContext<'_>, said: &[String]) -> Option<String> {
    let (stage, number) = failed_instruction(said)?;
    let dockerfile = before(&work.dockerfile, &stage, number)?;
    let built = at.session.until_stopped(super::build_until(dockerfile, work, at)).await;
    let id = built.ok()?.0;
    // Without the mark the next run does not look for it.
    mark_image(&id, at.session).ok()?;
    let digits = id.strip_prefix("sha256:").unwrap_or(&id);
    Some(digits.get(..12).unwrap_or(digits).to_owned())
}

fn from_parent(work: &ImageWork, records: &BTreeMap<StepId, Record>) -> String {
    let id = records.get(&work.parent).map_or(work.parent_name.as_str(), Record::image);
    let id = id.strip_prefix("sha256:").and_then(|digits| digits.get(..12)).unwrap_or(id);
    format!(
        "BuildKit keeps nothing of a failed build to look into; what it is made from: `docker run --rm -it --entrypoint sh \
         {id}`"
    )
}

/// The stage and the number of the instruction that failed, as BuildKit numbers them: `#7 [stage-1 3/5] RUN …` and, later,
/// `#7 ERROR: …`. The stage is empty where there is one only.
fn failed_instruction(said: &[String]) -> Option<(String, usize)> {
    let (number, _) = said.iter().rev().find_map(|line| line.split_once(" ERROR: "))?;
    let start = format!("{number} [");
    let title = said.iter().find_map(|line| line.strip_prefix(&start))?;
    let (place, _) = title.split_once("] ")?;
    let (stage, count) = place.rsplit_once(' ').unwrap_or(("", place));
    Some((stage.to_owned(), count.split_once('/')?.0.parse().ok()?))
}

/// What comes before that instruction; `None` when it cannot be told for sure (heredocs, another escape character).
fn before<'d>(dockerfile: &'d str, stage: &str, number: usize) -> Option<&'d str> {
    if dockerfile.contains("<<") || dockerfile.to_ascii_lowercase().contains("escape=") {
        return None;
    }
    let (mut stages, mut count): (Vec<String>, usize) = (Vec::new(), 0);
    for (at, instruction) in instructions(dockerfile) {
        let words: Vec<&str> = instruction.split_whitespace().collect();
        match words.first()?.to_ascii_uppercase().as_str() {
            "FROM" => {
                // A stage on nothing or on another stage does not count its beginning.
                let base = words.iter().skip(1).find(|word| !word.starts_with("--"))?;
                let known = stages.iter().any(|stage| stage.eq_ignore_ascii_case(base));
                count = usize::from(!known && *base != "scratch");
                let given = words.iter().position(|word| word.eq_ignore_ascii_case("as"));
                let given = given.and_then(|at| words.get(at + 1)).map(|name| (*name).to_owned());
                stages.push(given.unwrap_or_else(|| format!("stage-{}", stages.len())));
                continue;
            }
            "RUN" | "COPY" | "ADD" | "WORKDIR" => count += 1,
            _ => continue,
        }
        let here = stage.is_empty() || stages.last().is_some_and(|name| name.eq_ignore_ascii_case(stage));
        if here && count == number {
            return Some(&dockerfile[..at]);
        }
    }
    None
}

/// Every instruction with the place of its first byte.
fn instructions(dockerfile: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in dockerfile.split_inclusive('\n') {
        let text = line.trim();
        // Comments and empty lines do not end an instruction either.
        if !text.is_empty() && !text.starts_with('#') {
            match found.last_mut() {
                Some((_, instruction)) if goes_on => instruction.push_str(text),
                _ => found.push((at, text.to_owned())),
            }
            goes_on = text.ends_with('\\');
        }
        at += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# syntax\nFROM a AS wheels\nRUN one \\\n  # a remark\n  two\nCOPY x y\n\nfrom b\nLABEL a=b\nRUN three\n\
                       WORKDIR /c\nRUN four\n";

    #[test]
    fn what_comes_before_an_instruction() {
        let end = |stage: &str, number| before(TWO, stage, number).map(|text| text.lines().last().unwrap_or_default());
        assert_eq!(end("wheels", 2), Some("FROM a AS wheels"));
        assert_eq!(end("wheels", 3), Some("  two"));
        assert_eq!(end("stage-1", 2), Some("LABEL a=b"));
        assert_eq!(end("stage-1", 4), Some("WORKDIR /c"));
        for (stage, number) in [("stage-1", 5), ("stage-1", 1), ("stage-2", 2), ("wheels", 4), ("wheels", 0)] {
            assert_eq!(before(TWO, stage, number), None, "{stage} {number}");
        }
        assert_eq!(before("FROM a\nRUN <<EOF\nx\nEOF\nRUN y\n", "", 2), None);
        assert_eq!(before("# escape=`\nFROM a\nRUN y\n", "", 2), None);
        assert_eq!(before("FROM a\nRUN y\n", "", 2), Some("FROM a\n"));
        let chain = "FROM --platform=x a AS base\nRUN y\nFROM base AS app\nRUN z\nFROM scratch\nCOPY a b\n";
        assert_eq!(before(chain, "app", 1).map(str::len), chain.find("RUN z"));
        assert_eq!(before(chain, "stage-2", 1).map(str::len), chain.find("COPY a"));
    }

    #[test]
    fn which_one_failed() {
        let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
        let said =
            lines("#5 [wheels 2/3] RUN one\n#5 DONE 0.1s\n#7 [stage-1 3/5] RUN x\n#7 0.1 no\n#7 ERROR: exit code: 1");
        assert_eq!(failed_instruction(&said), Some(("stage-1".to_owned(), 3)));
        assert_eq!(failed_instruction(&lines("#4 [2/4] RUN y\n#4 ERROR: z")), Some((String::new(), 2)));
        for said in ["", "#3 [internal] load metadata for a\n#3 ERROR: no", "#9 ERROR: its title was long ago"] {
            assert_eq!(failed_instruction(&lines(said)), None, "{said}");
        }
    }
}
