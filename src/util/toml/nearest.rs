//! The nearest valid word to a misspelt one. Text only.

/// The word of `known` that `word` most likely stands for, if any is near enough.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words as a list for people: `a`, `b`, `c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
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
    }
}
