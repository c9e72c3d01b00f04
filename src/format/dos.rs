//! Date and time as MS-DOS has them, in archives of its world: two seconds exact, from 1980 to 2107, of no time zone.

/// Date and time in UTC of seconds since 1970.
pub(super) fn time_of(epoch: i64) -> (u16, u16) {
    let time = jiff::Timestamp::from_second(epoch).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u16::try_from(number).unwrap_or_default();
    let year = u16::try_from(time.year() - 1980).unwrap_or_default().min(127);
    (
        (year << 9) | (part(time.month()) << 5) | part(time.day()),
        (part(time.hour()) << 11) | (part(time.minute()) << 5) | (part(time.second()) / 2),
    )
}

/// `2026-01-01T12:30:58`; nothing where the numbers are no day or no time.
pub(super) fn text_of(date: u16, time: u16) -> Option<String> {
    let part = |number: u16, mask: u16| i8::try_from(number & mask).ok();
    let year = i16::try_from(date >> 9).ok()?.checked_add(1980)?;
    let day = jiff::civil::Date::new(year, part(date >> 5, 15)?, part(date, 31)?).ok()?;
    let clock = jiff::civil::Time::new(part(time >> 11, 31)?, part(time >> 5, 63)?, part(time, 31)?.checked_mul(2)?, 0);
    Some(format!("{day}T{}", clock.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let read = |epoch| {
            let (date, time) = time_of(epoch);
            text_of(date, time)
        };
        assert_eq!(read(1_767_225_600).as_deref(), Some("2026-01-01T00:00:00"));
        assert_eq!(read(1_795_172_801).as_deref(), Some("2026-11-20T11:06:40"), "the second is even");
        assert_eq!(read(4_354_819_198).as_deref(), Some("2107-12-31T23:59:58"));
    }

    #[test]
    fn numbers_that_are_no_time() {
        for (date, time) in [(0, 0), (0x5c5f, 0), (0x5c21, 24 << 11), (0x5c21, 60 << 5), (0x5c21, 31)] {
            assert_eq!(text_of(date, time), None, "{date:x} {time:x}");
        }
    }
}
