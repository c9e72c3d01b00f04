//! Whether a file holds a private key, by its first bytes and by what is in it. No key is read: what is recognised is how
//! the field's tools write them.

mod binary;
mod text;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{RsaKey, der, pem};

/// So much of a file is looked at: 1 MiB. Keys are small, and are at the beginning of what holds more.
pub const LOOKED_AT: u64 = 1 << 20;

/// The kind of private key in a file, for people; `None` where none is seen. `start` is the beginning of the file
/// ([`LOOKED_AT`] bytes of it).
///
/// Recognised: PEM of every kind (`PRIVATE KEY`, `ENCRYPTED`, `RSA`, `EC`, `DSA`, `OPENSSH`, PGP, SSH2, OpenVPN), also with `\n` for
/// its line ends as JSON has it, and in lines of any length; DER of PKCS#8, PKCS#1 and SEC1, and of PKCS#8 that is encrypted;
/// PKCS#12, which may hold one; Java's key stores; secret keys of OpenPGP and of GnuPG's folders; the files of PuTTY, SSH 1, PVK,
/// DNSSEC, minisign and signify; fields of age, WireGuard, JSON Web Keys and XML. Not seen: what is compressed, encoded again, or
/// in UTF-16.
#[must_use]
pub fn private_key(start: &[u8]) -> Option<&'static str> {
    text::kind(start).or_else(|| binary::kind(start))
}

/// Whether a file holds this very key: in PEM or DER, also encrypted with its own password.
#[must_use]
pub fn holds(start: &[u8], key: &RsaKey) -> bool {
    let password = key.password();
    let modulus = key.modulus();
    let is_it = |found: Result<RsaKey, _>| found.is_ok_and(|found: RsaKey| found.modulus() == modulus);
    let in_der = |bytes: &[u8]| {
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
        der::first(bytes).is_some_and(|whole| {
            labels.iter().any(|label| is_it(RsaKey::read(pem::encode(label, whole).as_bytes(), password)))
        })
    };
    is_it(RsaKey::read(start, password))
        || in_der(start)
        || contains_factor(start, key)
        || base64_in(start).iter().any(|bytes| in_der(bytes) || contains_factor(bytes, key))
}

/// What is in base64 in a text, in lines of any length: runs of its letters, blanks and line ends left out.
fn base64_in(start: &[u8]) -> Vec<Vec<u8>> {
    /// The letters that a key takes at least, in base64: half of the smallest key's.
    const LEAST: usize = 256;
    let mut found = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    for byte in start.iter().chain(b"-") {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => run.push(*byte),
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\\' | b',' => {}
            _ => {
                if run.len() >= LEAST {
                    // Where it began is not known: at one of four letters.
                    found.extend((0..4).filter_map(|at| {
                        let letters = &run[at..];
                        STANDARD_NO_PAD.decode(&letters[..letters.len() / 4 * 4]).ok()
                    }));
                }
                run.clear();
            }
        }
    }
    found
}

/// Whether one of the numbers that only the key's owner knows is in the bytes as it is: in a form that is not known here.
fn contains_factor(start: &[u8], key: &RsaKey) -> bool {
    key.secrets().iter().any(|secret| secret.len() >= 64 && find(start, secret).is_some())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{Bits, Made, Password};

    const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    const SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        private_key(bytes)
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
        let p12 =
            der::sequence(&[&der::integer(&[3]), &der::sequence(&[&der::tlv(6, DATA), &der::tlv(0xa0, &[4, 0])])]);
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
        let signature = der::sequence(&[&der::tlv(6, SIGNED), &der::tlv(0xa0, &[4, 0])]);
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
        let folded = |text: &str, columns: usize| -> Vec<u8> {
            let lines =
                text.lines().flat_map(|line| line.as_bytes().chunks(if line.contains("--") { 99 } else { columns }));
            lines.flat_map(|line| [line, b"\n"].concat()).collect()
        };
        let bare: String = pkcs1.lines().filter(|line| !line.contains("--")).collect();
        for odd in [
            folded(&pkcs1, 24),
            folded(&encrypted, 24),
            folded(&pkcs1, 3),
            format!("x{bare}").into_bytes(),
            [der_of(&pkcs1), b"\n".to_vec()].concat(),
            [der_of(&encrypted), b"\n".to_vec()].concat(),
        ] {
            assert!(holds(&odd, &key), "{}", String::from_utf8_lossy(&odd));
            assert!(!holds(&odd, &other.key().unwrap()));
        }
        let raw = [b"some other form: ", &key.secrets()[0][..]].concat();
        assert!(holds(&raw, &key) && !holds(b"", &key));
    }

    #[test]
    fn what_single_programs_write_is_seen() {
        let bytes = |bytes: &[u8]| bytes.to_vec();
        let letters = "k5".repeat(40);
        let made = Made::new(Bits::B2048).unwrap();
        let pem = made.to_pkcs1();
        let lines = |columns: usize| {
            let body: String = pem.lines().filter(|line| !line.contains("--")).collect();
            let lines: Vec<_> = body.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect();
            let body = lines.join("\n");
            format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n").into_bytes()
        };
        let mut trailing = der_of(&pem);
        trailing.push(b'\n');
        let secret = [&[0x95, 3, 0x98, 4][..], &1_700_000_000_u32.to_be_bytes(), &[1, 8, 0]].concat();
        let new_form = [&[0xc7, 0xc1, 0x10, 6][..], &1_700_000_000_u32.to_be_bytes(), &[27, 0]].concat();
        let ber = [&[0x30, 0x80, 2, 1, 3, 0x30, 0x80, 6, 9][..], DATA].concat();
        for (form, wanted) in [
            (lines(24), "a private key"),
            (lines(4), "a private key"),
            (trailing, "a private key in DER"),
            (secret, "a private key of OpenPGP"),
            (new_form, "a private key of OpenPGP"),
            (ber, "a PKCS#12 file, which may hold a private key"),
            (bytes(b"\xef\xbb\xbfPuTTY-User-Key-File-2: ssh-rsa"), "a private key of PuTTY"),
            (bytes(b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0"), "a private key of SSH 1"),
            (bytes(&[0x1e, 0xf1, 0xb5, 0xb0, 0, 0]), "a private key in PVK"),
            (bytes(b"Private-key-format: v1.3\nAlgorithm: 13\n"), "a private key of DNSSEC"),
            (
                bytes(b"untrusted comment: minisign encrypted secret key\nRWRTY0IyAAA"),
                "a private key of minisign or signify",
            ),
            (format!("# created\nAGE-SECRET-KEY-1{}\n", letters.to_uppercase()).into_bytes(), "a private key of age"),
            (format!("[Interface]\nPrivateKey = {}=\n", &letters[..43]).into_bytes(), "a private key of WireGuard"),
            (format!("<RSAKeyValue><D>{letters}</D>").into_bytes(), "a private key in XML"),
            (format!("{{\"kty\":\"EC\", \"d\": \"{letters}\"}}").into_bytes(), "a private key in a JSON Web Key"),
            (
                format!("-----BEGIN OpenVPN Static key V1-----\n{}\n", "0f".repeat(16)).into_bytes(),
                "a private key of OpenVPN",
            ),
        ] {
            assert_eq!(kind(&form), Some(wanted), "{}", String::from_utf8_lossy(&form));
        }
        // A program or a text that only speaks of them; a public key of OpenPGP; an archive.
        let public = [&[0x99, 1, 0x0d, 4][..], &1_700_000_000_u32.to_be_bytes(), &[1, 8, 0]].concat();
        for other in [
            &public[..],
            b"if text.startswith(\"AGE-SECRET-KEY-1\"):\n    return",
            b"PrivateKey = private_key()\n",
            b"{\"d\": \"a long value that is no key at all, of many words\"}",
            b"0\x82\x01\x00PK",
            b"PK\x03\x04",
        ] {
            assert_eq!(kind(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
