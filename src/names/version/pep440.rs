//! What PEP 440 has behind the numbers, in all its spellings (packaging.python.org, "Version specifiers",
//! "Normalization"): a pre-release, a post-release, a development release. Epochs and local versions cannot be in a tag.

/// The pre-releases, longest spelling first where one begins another.
const PRE: [(&str, &str); 8] = [
    ("alpha", "alpha"),
    ("a", "alpha"),
    ("beta", "beta"),
    ("b", "beta"),
    ("preview", "rc"),
    ("pre", "rc"),
    ("rc", "rc"),
    ("c", "rc"),
];
const POST: [(&str, &str); 3] = [("post", "post"), ("rev", "post"), ("r", "post")];
const DEV: [(&str, &str); 1] = [("dev", "dev")];

/// In words of dpkg and rpm; `None` where PEP 440 does not know it.
///
/// The order is `1.0.dev1`, `1.0a1.dev1`, `1.0a1`, `1.0`, `1.0.post1.dev1`, `1.0.post1`. A development release of a
/// pre- or post-release sorts before that one; of the release itself, before all of its pre-releases: hence `~~`.
pub(super) fn suffix(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    // Maven's release candidate: by the letter, `c` and the post-release `r1`.
    if text.trim_start_matches(['-', '_', '.']).starts_with("cr") {
        return None;
    }
    let mut rest = text.as_str();
    let mut out = String::new();
    if let Some((word, number)) = part(&mut rest, &PRE) {
        out.push_str(&format!("~{word}{number}"));
    }
    if let Some(number) = implicit_post(&mut rest).or_else(|| Some(part(&mut rest, &POST)?.1)) {
        out.push_str(&format!("+post{number}"));
    }
    if let Some((_, number)) = part(&mut rest, &DEV) {
        out.push_str(&format!("{}dev{number}", if out.is_empty() { "~~" } else { "~" }));
    }
    rest.is_empty().then_some(out)
}

/// A separator or none, a word, a separator or none, a number or none, which is 0.
fn part<'w>(rest: &mut &str, words: &[(&str, &'w str)]) -> Option<(&'w str, String)> {
    let text = rest.strip_prefix(['-', '_', '.']).unwrap_or(rest);
    let (tail, word) = words.iter().find_map(|(spelled, word)| Some((text.strip_prefix(spelled)?, *word)))?;
    let number = tail.strip_prefix(['-', '_', '.']).unwrap_or(tail);
    let (number, after) = match digits(number) {
        ("", _) => ("0", tail),
        (number, after) => (number, after),
    };
    *rest = after;
    Some((word, plain(number)))
}

/// `1.0-1`, the post-release without a word.
fn implicit_post(rest: &mut &str) -> Option<String> {
    let (number, after) = digits(rest.strip_prefix('-')?);
    if number.is_empty() {
        return None;
    }
    *rest = after;
    Some(plain(number))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A number without leading zeros.
pub(super) fn plain(number: &str) -> String {
    match number.trim_start_matches('0') {
        "" => "0".to_owned(),
        number => number.to_owned(),
    }
}
