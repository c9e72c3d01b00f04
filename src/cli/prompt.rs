//! A password, typed without being shown.

use std::io::{self, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::{
    diag::{Exit, Failure},
    sign::Password,
};

/// No password is longer, in bytes.
const LONGEST: usize = 1024;

/// The terminal as it was, given back whatever happens.
struct Restored<'f>(&'f std::fs::File, Termios);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Asks on the terminal itself, so that stdin and stdout stay free.
///
/// # Errors
/// Exit code 2 where there is no terminal, 130 on Ctrl-C.
pub fn password(question: &str) -> Result<Password, Failure> {
    let terminal = fs_err::OpenOptions::new().read(true).write(true).open("/dev/tty");
    let (terminal, _) = terminal.map_err(|error| no_terminal(&error))?.into_parts();
    let before = tcgetattr(&terminal).map_err(|error| no_terminal(&error.into()))?;
    let mut raw = before.clone();
    // Signals come as bytes, too: one that ended the program would leave the terminal without echo.
    raw.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&terminal, OptionalActions::Flush, &raw).map_err(|error| no_terminal(&error.into()))?;
    let restored = Restored(&terminal, before);
    let typed = write!(&terminal, "{question}: ").and_then(|()| read(&terminal));
    drop(restored);
    let _ = writeln!(&terminal);
    match typed.map_err(|error| no_terminal(&error))? {
        Some(text) => Ok(Password::new(&text)),
        None => Err(Failure::new(Exit::Interrupted, "interrupted")),
    }
}

/// The bytes up to the line's end; `None` on Ctrl-C.
fn read(mut terminal: &std::fs::File) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while terminal.read(&mut byte)? == 1 {
        match byte[0] {
            b'\n' | b'\r' | 4 => break,
            3 => return Ok(None),
            // Backspace: a whole letter of UTF-8.
            8 | 0x7f => while bytes.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {},
            21 => bytes.clear(),
            other if bytes.len() < LONGEST => bytes.push(other),
            _ => {}
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn no_terminal(error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("the password cannot be asked for: {error}"))
        .help("write it into a file that only you may read, and name that: `--password-file FILE`")
}
