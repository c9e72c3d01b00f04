//! `WAPT/icon.png`: looked at before it is shipped.

use super::error::WaptError;

/// Where it is in a package.
pub const PATH: &str = "WAPT/icon.png";
/// No icon is larger, in bytes.
pub const LARGEST: u64 = 1 << 20;
/// Nor in pixels, on either side. Consoles show 48.
const MOST_PIXELS: u32 = 1024;

/// Width and height of a PNG file.
///
/// # Errors
/// [`WaptError::Icon`].
pub fn check(bytes: &[u8]) -> Result<(u32, u32), WaptError> {
    let refuse = |why: &str| Err(WaptError::Icon(why.to_owned()));
    if bytes.len() as u64 > LARGEST {
        return refuse("it is larger than 1 MiB");
    }
    let number = |at: usize| -> Option<u32> { Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)) };
    let is_png = bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16) == Some(b"IHDR");
    let (Some(width), Some(height), true) = (number(16), number(20), is_png) else {
        return refuse("it is not a PNG file");
    };
    if width == 0 || height == 0 || width > MOST_PIXELS || height > MOST_PIXELS {
        return refuse(&format!("it has {width}x{height} pixels"));
    }
    Ok((width, height))
}

/// Whether every part of a PNG file is there and undamaged (PNG 1.2, 3.2): each has a checksum, and `IEND` is the last one.
#[must_use]
pub fn is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    let mut has_picture = false;
    loop {
        let Some((head, after)) = rest.split_first_chunk::<8>() else { return false };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some((content, after)) = after.split_at_checked(length) else { return false };
        let Some((crc, after)) = after.split_first_chunk::<4>() else { return false };
        let mut own = crc32fast::Hasher::new();
        own.update(&head[4..]);
        own.update(content);
        if own.finalize() != u32::from_be_bytes(*crc) {
            return false;
        }
        match &head[4..] {
            b"IDAT" => has_picture = true,
            b"IEND" => return has_picture,
            _ => {}
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_break_off_are_not_whole() {
        let request = crate::format::wapt::SkeletonRequest {
            package: "tis-new".to_owned(),
            name: String::new(),
            maintainer: String::new(),
        };
        let files = crate::format::wapt::skeleton(&request);
        let icon = &files.iter().find(|(name, _)| *name == PATH).unwrap().1;
        assert!(is_whole(icon));
        for length in 0..icon.len() {
            assert!(!is_whole(&icon[..length]), "{length}");
        }
        let mut damaged = icon.clone();
        damaged[60] ^= 1;
        assert!(!is_whole(&damaged));
    }

    #[test]
    fn pictures_are_measured() {
        let png = |width: u32, height: u32| {
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &width.to_be_bytes()[..], &height.to_be_bytes(), b"\x08\x06"].concat()
        };
        assert_eq!(check(&png(48, 48)).unwrap(), (48, 48));
        for bad in [png(0, 48), png(48, 5000), b"GIF89a".to_vec(), Vec::new(), png(48, 48)[..18].to_vec()] {
            assert!(check(&bad).is_err());
        }
    }
}
