//! Private keys in forms that are no text: DER and BER, Java's key stores, OpenPGP, and what single programs write.

use super::super::der;

const PKCS7_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const PKCS7_SIGNED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5];
const PKCS12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];

/// The kind of private key that a file begins with.
pub(super) fn kind(start: &[u8]) -> Option<&'static str> {
    let begins = |text: &[u8]| start.starts_with(text);
    if begins(b"(11:private-key") || begins(b"(21:protected-private-key") || begins(b"(20:shadowed-private-key") {
        return Some("a private key of GnuPG");
    }
    if begins(b"openssh-key-v1\0") {
        return Some("a private key of OpenSSH");
    }
    if begins(b"SSH PRIVATE KEY FILE FORMAT 1.1\n\0") {
        return Some("a private key of SSH 1");
    }
    // Microsoft's PVK.
    if begins(&[0x1e, 0xf1, 0xb5, 0xb0]) {
        return Some("a private key in PVK");
    }
    if begins(&[0xfe, 0xed, 0xfe, 0xed]) || begins(&[0xce, 0xce, 0xce, 0xce]) {
        return java(start).then_some("a Java key store with a private key");
    }
    asn1(start).or_else(|| openpgp(start))
}

/// What is in an element of a tag, and what follows it.
pub(super) fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if bytes.first() == Some(&tag) { der::split(bytes) } else { None }
}

/// A key in DER, whatever follows it; PKCS#12 also with lengths that are not said (BER), as some tools write it.
fn asn1(start: &[u8]) -> Option<&'static str> {
    const OID: u8 = 6;
    if begins_ber_pkcs12(start) {
        return Some("a PKCS#12 file, which may hold a private key");
    }
    let (content, _) = element(start, 0x30)?;
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

/// PKCS#12 with lengths that are not said: a sequence, the version 3, a sequence, and what its content is.
fn begins_ber_pkcs12(start: &[u8]) -> bool {
    let rest = start.strip_prefix(&[0x30, 0x80, 2, 1, 3, 0x30]);
    let behind = rest.and_then(|rest| match rest.first()? {
        0x80 => rest.get(1..),
        short @ 0..0x80 => Some((rest, short)).and_then(|(rest, _)| rest.get(1..)),
        more => rest.get(1 + usize::from(more - 0x80)..),
    });
    let oid = behind.and_then(|behind| element(behind, 6));
    oid.is_some_and(|(oid, _)| [PKCS7_DATA, PKCS7_SIGNED].contains(&oid))
}

/// A secret key or subkey of OpenPGP (RFC 9580, 5.5): the packet's tag, its length, a version, a time and an algorithm that
/// there are.
fn openpgp(start: &[u8]) -> Option<&'static str> {
    let first = *start.first()?;
    let (tag, header) = match first {
        // The new form has a length of one, two or five bytes.
        0xc0.. => (
            first & 0x3f,
            match start.get(1)? {
                0..192 => 2,
                192..224 => 3,
                255 => 6,
                // A part of a packet, which keys never are.
                224..255 => return None,
            },
        ),
        0x80..0xc0 => ((first >> 2) & 0xf, [2, 3, 5, 1][usize::from(first & 3)]),
        _ => return None,
    };
    let version = start.get(header)?;
    let algorithm = start.get(header + if *version == 3 { 7 } else { 5 })?;
    let is_key = matches!(tag, 5 | 7)
        && (2..=6).contains(version)
        && matches!(algorithm, 1..=3 | 16..=19 | 22 | 25..=28)
        // No key is older than PGP itself: 1991.
        && start.get(header + 1..header + 5).is_some_and(|time| u32::from_be_bytes([time[0], time[1], time[2], time[3]]) > 662_688_000);
    is_key.then_some("a private key of OpenPGP")
}
