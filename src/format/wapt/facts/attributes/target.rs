//! `target_os`: systems with conditions on their versions, WAPT 2.x's grammar.

use super::Refused;

const HELP: &str =
    "e.g. `windows`, `windows,linux`, `windows(>=10 <11)`, `debian(>=11)`: conditions with one blank between them";

const OPERATORS: [&str; 8] = ["==", "<=", ">=", "<>", "!=", "<", ">", "="];

pub(super) fn check(value: &str) -> Result<(), Refused> {
    let words: Vec<&str> = value.split(',').collect();
    for word in &words {
        if !is_target(word.trim()) {
            let shown: String = word.escape_debug().take(60).collect();
            return Err(Refused::new(format!("`{shown}` is not a system"), HELP));
        }
    }
    if value != value.to_lowercase() {
        return Err(Refused::new("systems are written in lower case", HELP));
    }
    if words.len() > 1 && words.iter().any(|word| word.trim() == "all") {
        return Err(Refused::new("`all` means every system", "write `all` alone, or leave it out"));
    }
    Ok(())
}

fn is_target(word: &str) -> bool {
    let is_tag = |tag: &str| !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    match word.split_once('(') {
        None => is_tag(word),
        Some((tag, rest)) => rest.strip_suffix(')').is_some_and(|all| is_tag(tag) && all.split(' ').all(is_condition)),
    }
}

fn is_condition(text: &str) -> bool {
    let version = OPERATORS.iter().find_map(|operator| text.strip_prefix(operator));
    version.is_some_and(|version| !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'))
}
