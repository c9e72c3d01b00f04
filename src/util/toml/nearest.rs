//! The nearest valid word to a misspelt one, and lists of words. Text only.

/// The word of `known` that `word` most likely stands for, if any is near enough.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase();
    let length = word.chars().count();
    let allowed = (length / 3).max(1);
    known
        .into_iter()
        // One letter more or less is one change at least. A letter has four bytes at most.
        .filter(|candidate| candidate.len() <= 4 * (length + allowed))
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// So many words are listed: more are not read.
const LISTED: usize = 60;

/// Words as a list for people: `a`, `b`, `c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let mut all: Vec<String> = words.iter().take(LISTED).map(|word| format!("`{}`", word.as_ref())).collect();
    if words.len() > LISTED {
        all.push(format!("and {} more", words.len() - LISTED));
    }
    all.join(", ")
}

/// The first words of a list for people, and how many more there are in all of it: `a, b and 4 more`.
pub(crate) fn some_of(first: &[String], all: usize) -> String {
    match all.saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["debian-12", "rocky-9", "centos-7"];
        assert_eq!(nearest("debain-12", known), Some("debian-12"));
        assert_eq!(nearest("Rocky9", known), Some("rocky-9"));
        assert_eq!(nearest("windows", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("İstanbul", ["i\u{307}stanbul"]), Some("i\u{307}stanbul"), "longer in lower case");
    }

    #[test]
    fn some_of_many_are_named() {
        let first = ["a".to_owned(), "b".to_owned()];
        assert_eq!(some_of(&first, 2), "a, b");
        assert_eq!(some_of(&first, 6), "a, b and 4 more");
    }

    #[test]
    fn long_lists_are_cut() {
        let words: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        assert!(listed(&words).ends_with("`59`, and 40 more"));
    }
}
