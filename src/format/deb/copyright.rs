//! `usr/share/doc/<package>/copyright` in the machine-readable form 1.0 (policy 12.5, DEP-5).
//!
//! A licence that every Debian system has under `/usr/share/common-licenses` is referred to, never repeated, as policy
//! demands; of any other one the project's own text is included.

use std::fmt::Write as _;

use super::{
    super::{FormatError, Meta},
    text,
};

const FORMAT: &str = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/";

/// A licence that base-files ships.
struct Common {
    /// The beginning of its SPDX identifier; `-only`, `-or-later`, `+` or nothing may follow.
    spdx: &'static str,
    /// Its file in `/usr/share/common-licenses`, and its short name in DEP-5.
    file: &'static str,
    /// Its name in words.
    words: &'static str,
    /// Whether every supported Debian has the file: base-files of Debian 8 lacks some, so a text is better there.
    everywhere: bool,
}

const fn common(spdx: &'static str, file: &'static str, words: &'static str, everywhere: bool) -> Common {
    Common { spdx, file, words, everywhere }
}

/// What base-files ships. AGPL is not in it.
const COMMON: [Common; 12] = [
    common("Apache-2.0", "Apache-2.0", "Apache License, Version 2.0", true),
    common("CC0-1.0", "CC0-1.0", "Creative Commons CC0 1.0 Universal dedication", false),
    common("GFDL-1.2", "GFDL-1.2", "GNU Free Documentation License, Version 1.2", true),
    common("GFDL-1.3", "GFDL-1.3", "GNU Free Documentation License, Version 1.3", true),
    common("GPL-1.0", "GPL-1", "GNU General Public License, Version 1", true),
    common("GPL-2.0", "GPL-2", "GNU General Public License, Version 2", true),
    common("GPL-3.0", "GPL-3", "GNU General Public License, Version 3", true),
    common("LGPL-2.0", "LGPL-2", "GNU Library General Public License, Version 2", true),
    common("LGPL-2.1", "LGPL-2.1", "GNU Lesser General Public License, Version 2.1", true),
    common("LGPL-3.0", "LGPL-3", "GNU Lesser General Public License, Version 3", true),
    common("MPL-1.1", "MPL-1.1", "Mozilla Public License, Version 1.1", false),
    common("MPL-2.0", "MPL-2.0", "Mozilla Public License, Version 2.0", false),
];

/// SPDX identifiers that DEP-5 calls otherwise, beside those of [`COMMON`].
const RENAMED: [(&str, &str); 5] = [
    ("MIT", "Expat"),
    ("BSD-2-Clause", "BSD-2-clause"),
    ("BSD-3-Clause", "BSD-3-clause"),
    ("AGPL-3.0-only", "AGPL-3"),
    ("AGPL-3.0-or-later", "AGPL-3+"),
];

/// The text of the copyright file.
///
/// # Errors
/// No copyright line, no licence, or a line end in a field of one line.
pub(super) fn copyright(meta: &Meta) -> Result<String, FormatError> {
    let holder = text::line("copyright", &meta.copyright)?;
    let expression = text::line("license", &meta.license)?;
    let homepage = text::optional_line("homepage", &meta.homepage)?;
    let licenses = licenses(expression);

    let mut out = format!("Format: {FORMAT}\nUpstream-Name: {}\n", meta.name);
    if !homepage.is_empty() {
        let _ = writeln!(out, "Source: {homepage}");
    }
    let short = licenses.as_ref().map_or_else(|| "other".to_owned(), |words| words.join(" "));
    let _ = write!(out, "\nFiles: *\nCopyright: {holder}\nLicense: {short}\n");
    let Some(words) = licenses else {
        let mut lines =
            vec![" The licence is, as an SPDX expression:".to_owned(), format!("  {expression}"), " .".to_owned()];
        lines.extend(own_text(&meta.license_text));
        paragraph(&mut out, "other", &lines);
        return Ok(out);
    };
    let mut seen: Vec<&str> = Vec::new();
    for (spdx, short) in expression.split_whitespace().zip(&words) {
        if !is_operator(spdx) && !seen.contains(&short.as_str()) {
            seen.push(short);
            paragraph(&mut out, short, &body(spdx, &meta.license_text));
        }
    }
    Ok(out)
}

/// The DEP-5 words of an SPDX expression, one for each of its words; `None` for what DEP-5 has no words for
/// (parentheses, exceptions).
fn licenses(expression: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = expression.split_whitespace().collect();
    let alternates = words.iter().enumerate().all(|(at, word)| is_operator(word) == (at % 2 == 1));
    let ends_well = words.len() % 2 == 1;
    // DEP-5 reads a mix of both without parentheses from left to right, SPDX does not.
    let mixed = words.contains(&"AND") && words.contains(&"OR");
    let plain = |word: &&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+:".contains(&b));
    if !alternates || !ends_well || mixed || !words.iter().all(plain) {
        return None;
    }
    Some(words.iter().map(|word| short_name(word)).collect())
}

fn is_operator(word: &str) -> bool {
    matches!(word, "AND" | "OR")
}

fn short_name(spdx: &str) -> String {
    if is_operator(spdx) {
        return spdx.to_ascii_lowercase();
    }
    if let Some((common, later)) = common_of(spdx) {
        return format!("{}{}", common.file, if later { "+" } else { "" });
    }
    RENAMED.iter().find(|(from, _)| *from == spdx).map_or(spdx, |(_, to)| to).to_owned()
}

/// The common licence behind an identifier, and whether a later version will do.
fn common_of(spdx: &str) -> Option<(&'static Common, bool)> {
    COMMON.iter().find_map(|common| match spdx.strip_prefix(common.spdx)? {
        "" | "-only" => Some((common, false)),
        "+" | "-or-later" => Some((common, true)),
        _ => None,
    })
}

/// The lines below a licence's name.
fn body(spdx: &str, license_text: &str) -> Vec<String> {
    match common_of(spdx) {
        Some((common, later)) if common.everywhere || license_text.trim().is_empty() => {
            let later = if later { ", or (at your option) any later version" } else { "" };
            let terms = format!("This package may be used under the terms of the {}{later}.", common.words);
            let place = format!(
                "On Debian systems, the complete text of the license can be found in /usr/share/common-licenses/{}.",
                common.file
            );
            let mut lines = text::wrap(&terms, " ", " ");
            lines.push(" .".to_owned());
            lines.extend(text::wrap(&place, " ", " "));
            lines
        }
        _ if license_text.trim().is_empty() && !spdx.starts_with("LicenseRef-") => {
            let terms = format!(
                "This package may be used under the terms of the licence with the SPDX identifier {spdx}. Its text is \
                 at https://spdx.org/licenses/{spdx}.html"
            );
            text::wrap(&terms, " ", " ")
        }
        _ => own_text(license_text),
    }
}

fn own_text(license_text: &str) -> Vec<String> {
    let lines = text::verbatim(license_text);
    if lines.is_empty() { vec![" The project ships no text of its licence.".to_owned()] } else { lines }
}

fn paragraph(out: &mut String, short: &str, lines: &[String]) {
    let _ = write!(out, "\nLicense: {short}\n{}\n", lines.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    fn of(license: &str, license_text: &str) -> String {
        let meta = Meta { license: license.to_owned(), license_text: license_text.to_owned(), ..sample::meta() };
        let text = copyright(&meta).unwrap();
        text[text.find("License:").unwrap()..].to_owned()
    }

    #[test]
    fn common_licences_are_referred_to() {
        insta::assert_snapshot!(of("GPL-2.0-or-later", "GNU GENERAL PUBLIC LICENSE …"), @r"
        License: GPL-2+

        License: GPL-2+
         This package may be used under the terms of the GNU General Public License,
         Version 2, or (at your option) any later version.
         .
         On Debian systems, the complete text of the license can be found in
         /usr/share/common-licenses/GPL-2.
        ");
        assert!(of("MPL-2.0", "Mozilla").ends_with("License: MPL-2.0\n Mozilla\n"));
        assert!(of("MPL-2.0", "").contains("/usr/share/common-licenses/MPL-2.0."));
    }

    #[test]
    fn other_licences_bring_their_text() {
        assert_eq!(of("AGPL-3.0-only", "A\n\nB"), "License: AGPL-3\n\nLicense: AGPL-3\n A\n .\n B\n");
        insta::assert_snapshot!(of("ISC OR Apache-2.0", ""), @r"
        License: ISC or Apache-2.0

        License: ISC
         This package may be used under the terms of the licence with the SPDX
         identifier ISC. Its text is at https://spdx.org/licenses/ISC.html

        License: Apache-2.0
         This package may be used under the terms of the Apache License, Version 2.0.
         .
         On Debian systems, the complete text of the license can be found in
         /usr/share/common-licenses/Apache-2.0.
        ");
        let refs = of("LicenseRef-Proprietary", "");
        assert!(refs.ends_with("License: LicenseRef-Proprietary\n The project ships no text of its licence.\n"));
    }

    #[test]
    fn what_has_no_word_is_quoted() {
        for expression in ["(MIT OR ISC) AND 0BSD", "GPL-2.0-only WITH Classpath-exception-2.0", "MIT AND ISC OR 0BSD"]
        {
            let text = of(expression, "Terms.");
            assert!(text.starts_with("License: other\n\nLicense: other\n The licence is, as an SPDX expression:\n  "));
            assert!(text.ends_with(&format!("{expression}\n .\n Terms.\n")), "{text}");
        }
    }

    #[test]
    fn a_holder_is_needed() {
        assert!(copyright(&Meta { copyright: String::new(), ..sample::meta() }).is_err());
        assert!(copyright(&Meta { license: "MIT\nFiles: x".to_owned(), ..sample::meta() }).is_err());
    }
}
