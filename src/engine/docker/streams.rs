//! The two streams of a container, each put together to lines for itself, and the place in its log that was reached.

use bollard::container::LogOutput;
use jiff::Timestamp;

use super::lines::Lines;
use crate::engine::Output;

/// Seconds by which a log is read again before the last entry seen: parts of a long line have the time of its start.
const OVERLAP: i64 = 60;

/// Standard output and standard error.
#[derive(Debug, Default)]
pub(super) struct Streams {
    stdout: Side,
    stderr: Side,
    /// The daemon does not put times in front of entries, so no place in the log is known.
    unstamped: bool,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub lines: Lines,
    /// The time of its last entry and how many entries it has of that time.
    reached: Option<(Timestamp, usize)>,
    /// When the log is read again: entries of the time reached that were met again.
    again: Option<usize>,
}

impl Streams {
    pub(super) fn of(&mut self, frame: &LogOutput) -> &mut Side {
        match frame {
            LogOutput::StdErr { .. } => &mut self.stderr,
            _ => &mut self.stdout,
        }
    }

    /// Takes an entry of a log that is read with times.
    pub(super) fn take_stamped(&mut self, frame: &LogOutput, out: &dyn Output) {
        let bytes: &[u8] = frame.as_ref();
        let stamp = stamp(bytes);
        self.unstamped |= stamp.is_none();
        let side = self.of(frame);
        let text = match stamp {
            Some((time, text)) if side.is_new(time) => text,
            Some(_) => return,
            None => bytes,
        };
        side.lines.push(text, &mut |line| out.line(line));
    }

    /// Prepares for reading the log again, from the time given back, seconds since the epoch (0 is its beginning);
    /// `None` when that would tell things twice.
    pub(super) fn rewind(&mut self) -> Option<i32> {
        if self.unstamped {
            return None;
        }
        let mut since = None;
        for side in [&mut self.stdout, &mut self.stderr] {
            side.again = Some(0);
            let reached = side.reached.map(|(time, _)| time.as_second() - OVERLAP);
            since = since.into_iter().chain(reached).min();
        }
        Some(since.and_then(|since| i32::try_from(since).ok()).unwrap_or_default().max(0))
    }

    /// Both are over: hands out lines without an end.
    pub(super) fn finish(&mut self, out: &dyn Output) {
        self.stdout.lines.finish(&mut |line| out.line(line));
        self.stderr.lines.finish(&mut |line| out.line(line));
    }
}

impl Side {
    /// Whether an entry of this time was not taken before; notes it if so.
    fn is_new(&mut self, time: Timestamp) -> bool {
        if let (Some(again), Some((reached, count))) = (&mut self.again, self.reached) {
            if time < reached {
                return false;
            }
            if time == reached && *again < count {
                *again += 1;
                return false;
            }
            self.again = None;
        }
        self.reached = match self.reached {
            Some((reached, count)) if reached == time => Some((reached, count + 1)),
            _ => Some((time, 1)),
        };
        true
    }
}

/// Splits `2024-01-31T12:00:00.123456789Z text`.
fn stamp(entry: &[u8]) -> Option<(Timestamp, &[u8])> {
    let end = entry.iter().take(64).position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(&entry[..end]).ok()?.parse().ok()?;
    Some((time, &entry[end + 1..]))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::Progress;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Output for Kept {
        fn line(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
        fn progress(&self, _progress: Progress) {}
    }

    fn out(second: u32, text: &str) -> LogOutput {
        LogOutput::StdOut { message: format!("2024-01-31T12:02:{second:02}.5Z {text}").into_bytes().into() }
    }

    fn err(second: u32, text: &str) -> LogOutput {
        LogOutput::StdErr { message: format!("2024-01-31T12:02:{second:02}.5Z {text}").into_bytes().into() }
    }

    #[test]
    fn a_log_read_again_adds_only_what_is_new() {
        let log =
            [out(1, "a\n"), err(1, "x\n"), out(2, "b\n"), out(2, "b\n"), out(2, "b\n"), err(3, "y\n"), out(4, "z")];
        for seen in 0..=log.len() {
            let (mut streams, kept) = (Streams::default(), Kept::default());
            for frame in &log[..seen] {
                streams.take_stamped(frame, &kept);
            }
            let since = streams.rewind().unwrap();
            assert_eq!(since > 0, seen > 0);
            for frame in &log {
                streams.take_stamped(frame, &kept);
            }
            streams.finish(&kept);
            let mut lines = kept.0.into_inner().unwrap();
            lines.sort();
            assert_eq!(lines, ["a", "b", "b", "b", "x", "y", "z"], "{seen} seen before");
        }
    }

    #[test]
    fn without_times_nothing_is_read_again() {
        let (mut streams, kept) = (Streams::default(), Kept::default());
        streams.take_stamped(&LogOutput::StdOut { message: "no time here\n".into() }, &kept);
        assert_eq!(streams.rewind(), None);
        assert_eq!(*kept.0.lock().unwrap(), ["no time here"]);
    }
}
