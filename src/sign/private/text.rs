//! Private keys in text: between `BEGIN` and `END` lines, and as fields of what single programs write.

/// So many letters of base64 behind a `BEGIN` line make it a key: programs hold the line alone.
const SHORTEST: usize = 32;
/// So many letters in lines that follow each other: the smallest key has 64.
const SHORT_LINES: usize = 48;
/// How far behind a `BEGIN` line they begin: headers come first.
const HEADERS: usize = 1024;

/// The kind of private key in a text.
pub(super) fn kind(start: &[u8]) -> Option<&'static str> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let begins = |text: &[u8]| start.starts_with(text);
    if begins(b"PuTTY-User-Key-File-") {
        return Some("a private key of PuTTY");
    }
    if begins(b"Created: ") && find(start, b"\nKey: (p").is_some() {
        return Some("a private key of GnuPG");
    }
    if begins(b"Private-key-format: v1.") {
        return Some("a private key of DNSSEC");
    }
    // Their first line is a comment; the second begins with the algorithm: `Ed`, and how the key is derived.
    let second = start.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
    if begins(b"untrusted comment: ") && [&b"RWRTY0Iy"[..], b"RWRCS"].iter().any(|word| second.starts_with(word)) {
        return Some("a private key of minisign or signify");
    }
    armoured(start).or_else(|| field(start))
}

/// A value of so many letters behind a word, with what may be between them.
struct Field {
    word: &'static [u8],
    between: &'static [u8],
    letters: usize,
    kind: &'static str,
}

const FIELDS: [Field; 4] = [
    Field { word: b"AGE-SECRET-KEY-1", between: b"", letters: 50, kind: "a private key of age" },
    Field { word: b"PrivateKey", between: b" \t=", letters: 43, kind: "a private key of WireGuard" },
    Field { word: b"<D>", between: b" \t\r\n", letters: 64, kind: "a private key in XML" },
    // A JSON Web Key (RFC 7517): `d` of an RSA or EC key.
    Field { word: b"\"d\"", between: b" \t\r\n:\"", letters: 43, kind: "a private key in a JSON Web Key" },
];

/// A field that holds nothing but a key.
fn field(start: &[u8]) -> Option<&'static str> {
    let is_value = |field: &&Field| {
        memchr::memmem::find_iter(start, field.word).any(|at| {
            let rest = &start[at + field.word.len()..];
            let blanks = rest.iter().take(16).take_while(|byte| field.between.contains(byte)).count();
            let value = &rest[blanks..rest.len().min(blanks + field.letters)];
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
            value.len() == field.letters && value.iter().all(letter)
        })
    };
    let found = FIELDS.iter().find(is_value)?;
    // `"d"` is a word of much else.
    (found.word != b"\"d\"" || find(start, b"\"kty\"").is_some()).then_some(found.kind)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

/// A `BEGIN` line of a private key with a body.
fn armoured(start: &[u8]) -> Option<&'static str> {
    for (begin, end) in [(&b"-----BEGIN "[..], &b"-----"[..]), (b"---- BEGIN ", b" ----")] {
        for at in memchr::memmem::find_iter(start, begin) {
            let rest = &start[at + begin.len()..];
            let label = &rest[..rest.len().min(64)];
            let Some(length) = find(label, end) else { continue };
            let (label, body) = (&label[..length], &rest[length + end.len()..]);
            let is_key = label.ends_with(b"PRIVATE KEY")
                || label.ends_with(b"PRIVATE KEY BLOCK")
                || label == b"OpenVPN Static key V1"
                || (label.starts_with(b"OpenVPN tls-crypt") && label.ends_with(b" key"));
            if is_key && has_body(&body[..body.len().min(HEADERS)]) {
                return Some(match label {
                    b"OPENSSH PRIVATE KEY" => "a private key of OpenSSH",
                    b"PGP PRIVATE KEY BLOCK" => "a private key of OpenPGP",
                    b"ENCRYPTED PRIVATE KEY" => "an encrypted private key",
                    _ if label.starts_with(b"OpenVPN") => "a private key of OpenVPN",
                    _ => "a private key",
                });
            }
        }
    }
    None
}

/// Whether base64 follows before the next dashes: a long line of it, or shorter ones that are together as long.
fn has_body(text: &[u8]) -> bool {
    let text = &text[..find(text, b"----").unwrap_or(text.len())];
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    // A `\n` of JSON or of a program's string ends a line, too.
    let mut lines = text.split(|byte| !letter(byte));
    lines.any(|line| line.strip_prefix(b"n").unwrap_or(line).len() >= SHORTEST) || has_short_lines(text)
}

/// Whether lines of nothing but base64 follow each other, whatever their length.
fn has_short_lines(text: &[u8]) -> bool {
    let mut together = 0;
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).any(|line| {
        let whole = line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
        together = if whole { together + line.len() } else { 0 };
        together >= SHORT_LINES
    })
}
