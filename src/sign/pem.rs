//! PEM (RFC 7468), with the headers of older OpenSSL keys (RFC 1421), read line by line as the field does: text around
//! the blocks is ignored.

use super::{SignError, from_base64, to_base64};

/// No PEM file is larger: 1 MiB.
const LARGEST: usize = 1 << 20;

/// One block of a PEM file.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// What follows `BEGIN`.
    pub label: String,
    /// `Proc-Type`, `DEK-Info`.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// All blocks of a file.
///
/// # Errors
/// [`SignError::Pem`] for a block that breaks off, [`SignError::Base64`] for one that is not base64.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, SignError> {
    if text.len() > LARGEST {
        return Err(SignError::Pem("it is larger than 1 MiB"));
    }
    let text = String::from_utf8_lossy(text);
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        let (mut headers, mut body, mut whole) = (Vec::new(), String::new(), false);
        for line in lines.by_ref() {
            if line.strip_prefix("-----END ").and_then(|rest| rest.strip_suffix("-----")) == Some(label) {
                whole = true;
                break;
            }
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => body.push_str(line),
            }
        }
        if !whole {
            return Err(SignError::Pem("a block breaks off"));
        }
        blocks.push(Block { label: label.to_owned(), headers, bytes: from_base64(&body)? });
    }
    Ok(blocks)
}

/// The bytes of the first block of this kind; `None` where there is none.
///
/// # Errors
/// Where a block breaks off or is not base64.
pub fn bytes(text: &[u8], label: &str) -> Result<Option<Vec<u8>>, SignError> {
    Ok(blocks(text)?.into_iter().find(|block| block.label == label).map(|block| block.bytes))
}

/// A block as OpenSSL writes it: 64 letters a line, a line end behind the last.
#[must_use]
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let body = to_base64(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = format!("subject=CN = x\r\n{}\nrest", encode("CERTIFICATE", &[7; 100]).replace('\n', "\r\n"));
        let found = blocks(text.as_bytes()).unwrap();
        assert_eq!((found.len(), found[0].label.as_str(), &found[0].bytes), (1, "CERTIFICATE", &vec![7; 100]));
    }

    #[test]
    fn a_block_that_breaks_off() {
        let whole = encode("X", b"abc");
        let cut = &whole[..whole.len() - 5];
        assert!(matches!(blocks(cut.as_bytes()), Err(SignError::Pem(_))));
    }
}
