//! The orders of dpkg (Debian policy 5.6.12) and, for tests, rpm (`rpmvercmp` of 4.15).

use std::cmp::Ordering;

/// As `dpkg --compare-versions` has it for upstream versions.
pub fn dpkg(one: &str, other: &str) -> Ordering {
    let rank = |c: Option<&u8>| match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_digit() => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    };
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !one.is_empty() || !other.is_empty() {
        while one.first().is_some_and(|c| !c.is_ascii_digit()) || other.first().is_some_and(|c| !c.is_ascii_digit()) {
            match rank(one.first()).cmp(&rank(other.first())) {
                Ordering::Equal => {}
                order => return order,
            }
            (one, other) = (one.get(1..).unwrap_or_default(), other.get(1..).unwrap_or_default());
        }
        let (first, second);
        ((first, one), (second, other)) = (run(one, u8::is_ascii_digit), run(other, u8::is_ascii_digit));
        match number(first, second) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    Ordering::Equal
}

/// As `rpm.vercmp` has it.
#[cfg(test)]
pub(super) fn rpm(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    let is_sign = |c: &u8| !c.is_ascii_alphanumeric() && *c != b'~';
    loop {
        (one, other) = (run(one, is_sign).1, run(other, is_sign).1);
        match (one.first() == Some(&b'~'), other.first() == Some(&b'~')) {
            (true, true) => {
                (one, other) = (&one[1..], &other[1..]);
                continue;
            }
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let (Some(first), Some(second)) = (one.first(), other.first()) else { return one.len().cmp(&other.len()) };
        let (is_number, other_is_number) = (first.is_ascii_digit(), second.is_ascii_digit());
        if is_number != other_is_number {
            return if is_number { Ordering::Greater } else { Ordering::Less };
        }
        let kin = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let (first, second);
        ((first, one), (second, other)) = (run(one, kin), run(other, kin));
        match if is_number { number(first, second) } else { first.cmp(second) } {
            Ordering::Equal => {}
            order => return order,
        }
    }
}

fn run(text: &[u8], is_in: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|c| !is_in(c)).unwrap_or(text.len()))
}

fn number(one: &[u8], other: &[u8]) -> Ordering {
    let (one, other) = (run(one, |c| *c == b'0').1, run(other, |c| *c == b'0').1);
    one.len().cmp(&other.len()).then(one.cmp(other))
}
