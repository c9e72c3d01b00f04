//! `entry_points.txt`: the programs that a distribution brings, as the [entry points specification] has them.
//!
//! [entry points specification]: https://packaging.python.org/en/latest/specifications/entry-points/

use super::{WheelError, malformed};

/// What a program opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A console.
    Console,
    /// Windows alone.
    Gui,
}

impl Surface {
    /// By its section.
    fn of(section: &str) -> Option<Self> {
        match section {
            "console_scripts" => Some(Self::Console),
            "gui_scripts" => Some(Self::Gui),
            _ => None,
        }
    }
}

/// One program: a function of a module. All of it is names, so that it can be in a program's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// What it is called: letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// What it opens.
    pub surface: Surface,
    /// `package.module`.
    pub module: String,
    /// `function`, or `Class.function`.
    pub function: String,
}

/// The programs; other entry points are for those who look for them.
pub(super) fn read(text: &str) -> Result<Vec<EntryPoint>, WheelError> {
    let mut programs: Vec<EntryPoint> = Vec::new();
    let mut surface = None;
    for line in text.lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            surface = Surface::of(section.trim());
            continue;
        }
        let Some(surface) = surface else { continue };
        let program = program(plain, surface).filter(|_| !line.starts_with([' ', '\t']));
        let program = program.ok_or_else(|| {
            let shown: String = line.escape_debug().take(200).collect();
            malformed(format!("a line of its entry points is no program: `{shown}`"))
        })?;
        programs.push(program);
    }
    Ok(programs)
}

/// `name = package.module:function [extra]`.
fn program(line: &str, surface: Surface) -> Option<EntryPoint> {
    let (name, value) = line.split_once('=')?;
    let value = value.split('[').next()?.trim();
    let (module, function) = value.split_once(':')?;
    let (name, module, function) = (name.trim(), module.trim(), function.trim());
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let is_program = is_name && is_dotted(module) && is_dotted(function);
    let program =
        EntryPoint { name: name.to_owned(), surface, module: module.to_owned(), function: function.to_owned() };
    is_program.then_some(program)
}

/// Python's names, with dots between them.
fn is_dotted(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.len() <= 1000 && text.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_names() {
        let text = "# all\n[console_scripts]\nchardetect = chardet.cli:main\npip3.12=pip._internal.cli.main:cli [a, b]\n\n\
                    [other]\nx = what!ever\n[gui_scripts]\nw = m:Class.run\n";
        let said: Vec<String> = read(text)
            .unwrap()
            .into_iter()
            .map(|it| format!("{} {:?} {} {}", it.name, it.surface, it.module, it.function))
            .collect();
        assert_eq!(
            said,
            ["chardetect Console chardet.cli main", "pip3.12 Console pip._internal.cli.main cli", "w Gui m Class.run"]
        );
    }

    #[test]
    fn what_would_be_code_is_none() {
        for bad in [
            "x",
            "x = m",
            "x = m:",
            "x = :f",
            "a b = m:f",
            "a/b = m:f",
            "..\\x = m:f",
            "x = m:f()",
            "x = m;import os:f",
            "x = m:f\u{2028}g",
            "x = 1m:f",
            "x = m..n:f",
            " x = m:f",
            "x = m:f, y",
            "= m:f",
        ] {
            assert!(read(&format!("[console_scripts]\n{bad}\n")).is_err(), "{bad}");
        }
    }
}
