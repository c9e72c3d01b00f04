//! Whether a file holds a private key, by its first bytes and by what stands in it. No key is read: what is recognised is how
//! the field's tools write them.

use super::{RsaKey, der, pem};

/// So much of a file is looked at: 1 MiB. Keys are small, and stand at the beginning of what holds more.
pub const LOOKED_AT: u64 = 1 << 20;

/// So many letters of base64 behind a `BEGIN` line make it a key: programs hold the line alone.
const SHORTEST: usize = 32;
/// How far behind a `BEGIN` line they begin: headers come first.
const HEADERS: usize = 1024;

const PKCS7_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const PKCS7_SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5];
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];

/// The kind of private key in a file, for people; `None` where none is seen. `start` is the beginning of the file
/// ([`LOOKED_AT`] bytes of it), `size` its whole size.
///
/// Recognised: PEM of every kind (`PRIVATE KEY`, `ENCRYPTED`, `RSA`, `EC`, `DSA`, `OPENSSH`, PGP, SSH2), also with `\n` for its line
/// ends as JSON has it; PuTTY's files; DER of PKCS#8, PKCS#1 and SEC1, and of PKCS#8 that is encrypted; PKCS#12, which may hold
/// one; Java's key stores; the keys of GnuPG. Not seen: what is compressed, encoded again, or in UTF-16.
#[must_use]
pub fn private_key(start: &[u8], size: u64) -> Option<&'static str> {
    let begins = |text: &[u8]| start.starts_with(text);
    if begins(b"PuTTY-User-Key-File-") {
        return Some("a private key of PuTTY");
    }
    if begins(b"(11:private-key") || begins(b"(21:protected-private-key") || begins(b"(20:shadowed-private-key") {
        return Some("a private key of GnuPG");
    }
    if begins(b"Created: ") && find(start, b"\nKey: (p").is_some() {
        return Some("a private key of GnuPG");
    }
    if begins(b"openssh-key-v1\0") {
        return Some("a private key of OpenSSH");
    }
    if begins(&[0xfe, 0xed, 0xfe, 0xed]) || begins(&[0xce, 0xce, 0xce, 0xce]) {
        return java(start).then_some("a Java key store with a private key");
    }
    text(start).or_else(|| binary(start, size))
}

/// Whether a file holds this very key: in PEM or DER, also encrypted with its own password.
#[must_use]
pub fn holds(start: &[u8], key: &RsaKey) -> bool {
    let password = key.password();
    let modulus = key.modulus();
    let is_it = |found: Result<RsaKey, _>| found.is_ok_and(|found: RsaKey| found.modulus() == modulus);
    if start.first() == Some(&0x30) {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
        return labels.iter().any(|label| is_it(RsaKey::read(pem::encode(label, start).as_bytes(), password)));
    }
    is_it(RsaKey::read(start, password)) || contains_factor(start, key)
}

/// Whether one of the numbers that only the key's owner knows stands in the bytes as it is: in a form that is not known here.
fn contains_factor(start: &[u8], key: &RsaKey) -> bool {
    key.secrets().iter().any(|secret| secret.len() >= 64 && find(start, secret).is_some())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

/// A `BEGIN` line of a private key with a body.
fn text(start: &[u8]) -> Option<&'static str> {
    for (begin, end) in [(&b"-----BEGIN "[..], &b"-----"[..]), (b"---- BEGIN ", b" ----")] {
        for at in memchr::memmem::find_iter(start, begin) {
            let rest = &start[at + begin.len()..];
            let label = &rest[..rest.len().min(64)];
            let Some(length) = find(label, end) else { continue };
            let (label, body) = (&label[..length], &rest[length + end.len()..]);
            let is_key = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
            if is_key && has_body(&body[..body.len().min(HEADERS)]) {
                return Some(match label {
                    b"OPENSSH PRIVATE KEY" => "a private key of OpenSSH",
                    b"PGP PRIVATE KEY BLOCK" => "a private key of OpenPGP",
                    b"ENCRYPTED PRIVATE KEY" => "an encrypted private key",
                    _ => "a private key",
                });
            }
        }
    }
    None
}

/// Whether a line of base64 follows, before the next dashes.
fn has_body(text: &[u8]) -> bool {
    let text = &text[..find(text, b"----").unwrap_or(text.len())];
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    // A `\n` of JSON or of a program's string ends a line, too.
    let mut lines = text.split(|byte| !letter(byte));
    lines.any(|line| line.strip_prefix(b"n").unwrap_or(line).len() >= SHORTEST)
}

/// What stands in an element of a tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if bytes.first() == Some(&tag) { der::split(bytes) } else { None }
}

/// Keys in DER: a sequence that is all of the file.
fn binary(start: &[u8], size: u64) -> Option<&'static str> {
    const OID: u8 = 6;
    let whole = der::first(start)?;
    if (whole.len() as u64) != size {
        return None;
    }
    let (content, _) = element(whole, 0x30)?;
    if let Some((version, rest)) = element(content, 2) {
        let algorithm = |bytes| element(bytes, 0x30).and_then(|(inner, rest)| Some((element(inner, OID)?.0, rest)));
        return match (version, rest.first()?) {
            ([3], 0x30) => {
                let (oid, _) = algorithm(rest)?;
                [PKCS7_DATA, PKCS7_SIGNED].contains(&oid).then_some("a PKCS#12 file, which may hold a private key")
            }
            ([0 | 1], 0x30) => algorithm(rest).and_then(|(_, rest)| element(rest, 4)).map(|_| "a private key in DER"),
            // The modulus, the exponent, and then what is secret.
            ([0], 2) => {
                let (modulus, rest) = element(rest, 2)?;
                let (_, rest) = element(rest, 2)?;
                (modulus.len() >= 64 && element(rest, 2).is_some()).then_some("a private key in DER")
            }
            ([1], 4) => {
                element(rest, 4).filter(|(key, _)| (16..=80).contains(&key.len())).map(|_| "a private key in DER")
            }
            _ => None,
        };
    }
    let (algorithm, rest) = element(content, 0x30)?;
    let (oid, _) = element(algorithm, OID)?;
    let is_encryption = oid.starts_with(PKCS5) || oid.starts_with(PKCS12_PBE);
    (is_encryption && element(rest, 4).is_some_and(|(_, behind)| behind.is_empty()))
        .then_some("an encrypted private key in DER")
}

/// Whether an entry of a Java key store is a private or a secret key; the others are certificates.
fn java(start: &[u8]) -> bool {
    let number = |at: usize| Some(u32::from_be_bytes(start.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize);
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(start.get(at..at.checked_add(2)?)?.try_into().ok()?)));
    let walk = || -> Option<bool> {
        let count = number(8)?;
        let mut at = 12;
        for _ in 0..count.min(10_000) {
            if number(at)? != 2 {
                return Some(true);
            }
            // Alias, date, type of certificate, certificate.
            at += 4;
            at += 2 + short(at)? + 8;
            at += 2 + short(at)?;
            at += 4 + number(at)?;
        }
        Some(false)
    };
    // One that cannot be read is not said to be harmless.
    walk().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Bits, Made, Password};

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        private_key(bytes, bytes.len() as u64)
    }

    fn der_of(pem: &str) -> Vec<u8> {
        pem::blocks(pem.as_bytes()).unwrap().remove(0).bytes
    }

    #[test]
    fn keys_of_every_form_are_seen() {
        let made = Made::new(Bits::B2048).unwrap();
        let password = Password::new("pw");
        let (pkcs1, pkcs8) = (made.to_pkcs1(), made.to_pkcs8(None).unwrap());
        let encrypted = made.to_pkcs8(Some(&password)).unwrap();
        assert_eq!(kind(pkcs1.as_bytes()), Some("a private key"));
        assert_eq!(kind(encrypted.as_bytes()), Some("an encrypted private key"));
        let within = format!("# text\n{}\n{pkcs8}", "x".repeat(5000));
        assert_eq!(kind(within.as_bytes()), Some("a private key"));
        let json = format!("{{\"private_key\": \"{}\"}}", pkcs8.replace('\n', "\\n"));
        assert_eq!(kind(json.as_bytes()), Some("a private key"));
        for pem in [&pkcs1, &pkcs8] {
            assert_eq!(kind(&der_of(pem)), Some("a private key in DER"));
        }
        assert_eq!(kind(&der_of(&encrypted)), Some("an encrypted private key in DER"));
        let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
        let ssh = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n");
        assert_eq!(kind(ssh.as_bytes()), Some("a private key of OpenSSH"));
        let pgp = format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{body}\n-----END PGP PRIVATE KEY BLOCK-----\n"
        );
        assert_eq!(kind(pgp.as_bytes()), Some("a private key of OpenPGP"));
        let old = format!(
            "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,00\r\n\r\n{body}\r\n"
        );
        assert_eq!(kind(old.as_bytes()), Some("a private key"));
        let ssh2 = format!("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"x\"\n{body}\n");
        assert_eq!(kind(ssh2.as_bytes()), Some("a private key"));
        assert_eq!(kind(b"PuTTY-User-Key-File-3: ssh-ed25519\n"), Some("a private key of PuTTY"));
        let p12 = der::sequence(&[
            &der::integer(&[3]),
            &der::sequence(&[&der::tlv(6, PKCS7_DATA), &der::tlv(0xa0, &[4, 0])]),
        ]);
        assert_eq!(kind(&p12), Some("a PKCS#12 file, which may hold a private key"));
        let ec = der::sequence(&[&der::integer(&[1]), &der::tlv(4, &[7; 32])]);
        assert_eq!(kind(&ec), Some("a private key in DER"));
        assert_eq!(
            kind(b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x01"),
            Some("a Java key store with a private key")
        );
        assert_eq!(kind(b"(21:protected-private-key(3:rsa"), Some("a private key of GnuPG"));
    }

    #[test]
    fn what_is_no_key_is_not_called_one() {
        let certificate = pem::encode("CERTIFICATE", &[7; 500]);
        let public = pem::encode("PUBLIC KEY", &[7; 300]);
        let program = "if text.startswith(\"-----BEGIN RSA PRIVATE KEY-----\"):\n    raise ValueError(\"-----END RSA PRIVATE KEY-----\")\n";
        let binary =
            b"\0-----BEGIN PRIVATE KEY-----\0-----END PRIVATE KEY-----\0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let trusted = b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x01a\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x01x";
        let signature = der::sequence(&[&der::tlv(6, PKCS7_SIGNED), &der::tlv(0xa0, &[4, 0])]);
        for other in
            [certificate.as_bytes(), public.as_bytes(), program.as_bytes(), binary, trusted, &signature, b"", b"0"]
        {
            assert_eq!(kind(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn one_s_own_key_is_known_in_every_form() {
        let (made, other) = (Made::new(Bits::B2048).unwrap(), Made::new(Bits::B2048).unwrap());
        let password = Password::new("pw");
        let (pkcs1, encrypted) = (made.to_pkcs1(), made.to_pkcs8(Some(&password)).unwrap());
        let key = RsaKey::read(encrypted.as_bytes(), Some(&password)).unwrap();
        for form in [pkcs1.clone().into_bytes(), der_of(&pkcs1), encrypted.clone().into_bytes(), der_of(&encrypted)] {
            assert!(holds(&form, &key));
            assert!(!holds(&form, &other.key().unwrap()));
        }
        let raw = [b"some other form: ", &key.secrets()[0][..]].concat();
        assert!(holds(&raw, &key) && !holds(b"", &key));
    }
}
