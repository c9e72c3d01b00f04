//! PAX extension headers: the records that change an entry, and the few words about extended attributes that are worth
//! a warning. Everything else is passed over.

/// The records of a PAX header that mean something here.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    pub user: Option<Vec<u8>>,
    pub group: Option<Vec<u8>>,
    pub mtime: Option<i64>,
    pub capability: bool,
    pub sparse: bool,
}

impl Pax {
    /// Reads `<length> <key>=<value>\n` records by their lengths; of a repeated key the last one is taken.
    pub(super) fn parse(mut records: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !records.is_empty() {
            let blank = records.iter().take(20).position(|&b| b == b' ')?;
            let length: usize = digits(&records[..blank])?.try_into().ok()?;
            let record = records.get(blank + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|&b| b == b'=')?;
            pax.set(&record[..equals], &record[equals + 1..])?;
            records = &records[length..];
        }
        Some(pax)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(digits(value)?),
            b"uid" => self.uid = Some(digits(value)?),
            b"gid" => self.gid = Some(digits(value)?),
            b"uname" => self.user = Some(value.to_vec()),
            b"gname" => self.group = Some(value.to_vec()),
            b"mtime" => self.mtime = Some(seconds(value)?),
            b"SCHILY.xattr.security.capability" => self.capability = true,
            _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
            _ => {}
        }
        Some(())
    }

    /// Whether it says anything that an entry heeds.
    pub(super) fn says_something(&self) -> bool {
        self.path.is_some()
            || self.link.is_some()
            || self.size.is_some()
            || self.uid.is_some()
            || self.gid.is_some()
            || self.user.is_some()
            || self.group.is_some()
            || self.mtime.is_some()
            || self.capability
            || self.sparse
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// PAX times are decimal fractions; the whole second before it is taken.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let before_zero = whole.starts_with('-') && fraction.bytes().any(|b| b != b'0');
    Some(if before_zero { seconds.checked_sub(1)? } else { seconds })
}
