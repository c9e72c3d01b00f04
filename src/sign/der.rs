//! Just enough of DER to write certificates, and to see the exact bytes that were signed in one.

/// A tag with its length and content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
        out.extend(bytes);
    }
    out.extend(content);
    out
}

/// `SEQUENCE` of parts.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A number that is not negative.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let mut content = bytes[start..].to_vec();
    if content.first().is_none_or(|byte| *byte >= 0x80) {
        content.insert(0, 0);
    }
    tlv(2, &content)
}

/// The first element's content, and what follows it; nothing where the length does not fit.
pub fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = header(bytes)?;
    Some((bytes.get(header..header.checked_add(length)?)?, bytes.get(header + length..)?))
}

/// The whole first element, header included.
pub fn first(bytes: &[u8]) -> Option<&[u8]> {
    let (header, length) = header(bytes)?;
    bytes.get(..header.checked_add(length)?)
}

fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*bytes.get(1)?);
    if short < 0x80 {
        return Some((2, short));
    }
    let count = short - 0x80;
    let length = bytes.get(2..2 + count).filter(|digits| (1..=4).contains(&digits.len()))?;
    Some((2 + count, length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_go_there_and_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let mut whole = tlv(4, &vec![9; length]);
            whole.push(1);
            let (content, rest) = split(&whole).unwrap();
            assert_eq!((content.len(), rest), (length, &[1][..]));
            assert_eq!(first(&whole).unwrap().len(), whole.len() - 1);
        }
        assert_eq!(split(&[0x30, 5, 1]), None);
        assert_eq!(split(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0]), [2, 1, 0]);
    }
}
