//! The signature header of a package that is not signed yet: digests of what follows, and sizes.

use md5::Digest as _;

use super::{
    super::FormatError,
    header::{Header, Value},
    payload::Payload,
    tags::{self, signature},
};

/// The signature header, padded to 8 bytes. `md5` is of the header and the payload; it may come later, in place.
///
/// - SHA-1 of the header: checked by rpm before 4.14, EL 7's among them.
/// - SHA-256 of the header, which holds the payload's digests: rpm 4.14 and later.
/// - MD5 and size of header and payload: all that rpm before 4.14 can check a payload with; rpm 6 ignores the MD5.
/// - The size of the archive, for progress. Beyond 4 GiB both sizes have 64 bits.
///
/// # Errors
/// As [`Header::bytes`].
pub(super) fn signature(header: &[u8], payload: &Payload, md5: [u8; 16]) -> Result<Vec<u8>, FormatError> {
    let whole = header.len() as u64 + payload.packed.size;
    let archive = payload.plain.size;
    let mut signature = Header::default();
    signature.text(signature::SHA1_HEADER, &hex::encode(sha1::Sha1::digest(header)));
    signature.text(signature::SHA256_HEADER, &hex::encode(sha2::Sha256::digest(header)));
    signature.set(signature::MD5, Value::Bin(md5.to_vec()));
    if let (Ok(whole), Ok(archive)) = (u32::try_from(whole), u32::try_from(archive)) {
        signature.number(signature::SIZE, whole);
        signature.number(signature::PAYLOAD_SIZE, archive);
    } else {
        signature.set(signature::LONG_SIZE, Value::Int64(vec![whole]));
        signature.set(signature::LONG_ARCHIVE_SIZE, Value::Int64(vec![archive]));
    }
    let mut bytes = signature.bytes(tags::HEADER_SIGNATURES)?;
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    Ok(bytes)
}
