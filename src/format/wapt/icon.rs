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

#[cfg(test)]
mod tests {
    use super::*;

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
