//! What an interpreter is told to run: the script among its arguments, found as the manual of each says where its options end. Pure: it
//! reads no file. Where an argument only shows at run time (`$NAME`), nothing is said.

/// What a command line runs beside its first word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interpreted {
    /// Programs that it starts in turn (`env NAME`, `sh -c /opt/shop/run`): absolute, or names that are looked for.
    pub programs: Vec<String>,
    /// The script that the last of them reads.
    pub script: Option<Script>,
}

/// A file that an interpreter reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its path as it is written.
    pub path: String,
    /// Who reads it, as it is written.
    pub by: String,
    /// Whether a shell reads it, for which a carriage return is a part of a word.
    pub is_shell: bool,
    /// Whether it may be a folder (`python3 FOLDER` runs its `__main__.py`).
    pub may_be_folder: bool,
}

/// How the arguments of an interpreter are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Manner {
    names: &'static [&'static str],
    /// Letters behind which no script follows: code, a module, the standard input.
    ends: &'static str,
    /// Letters with a value, the rest of the word or the next one.
    takes: &'static str,
    /// Letters that take the rest of the word, where there is one.
    eats: &'static str,
    /// Long options with a value in the next word.
    long: &'static [&'static str],
    /// Long options behind which no script follows.
    long_ends: &'static [&'static str],
    /// Endings of scripts; of any other word it is not known what it stands for. Empty for all.
    endings: &'static [&'static str],
}

const PLAIN: Manner = Manner { names: &[], ends: "", takes: "", eats: "", long: &[], long_ends: &[], endings: &[] };

/// sh(1), bash(1), dash(1), zsh(1).
const SHELL: Manner = Manner {
    names: &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"],
    ends: "s",
    long: &["--rcfile", "--init-file"],
    long_ends: &["--help", "--version"],
    ..PLAIN
};

const OTHERS: [Manner; 5] = [
    // python3(1).
    Manner {
        names: &["python", "pypy"],
        ends: "cmhV?",
        takes: "WX",
        long: &["--check-hash-based-pycs"],
        long_ends: &["--help", "--version"],
        ..PLAIN
    },
    // perlrun(1).
    Manner { names: &["perl"], ends: "eEvVhS?", takes: "I", eats: "0CDFilMmx", ..PLAIN },
    // ruby(1).
    Manner {
        names: &["ruby"],
        ends: "ehvS",
        takes: "ICEr",
        eats: "0FKTWx",
        long_ends: &["--help", "--version"],
        ..PLAIN
    },
    // php(1).
    Manner { names: &["php"], ends: "rRBEimvhsSlw", takes: "cdtz", long_ends: &["--help", "--version"], ..PLAIN },
    // node(1): what a word without an ending names is a matter of its modules.
    Manner {
        names: &["node", "nodejs"],
        ends: "epivhc",
        takes: "rC",
        long: &["--require", "--import", "--loader", "--experimental-loader", "--conditions", "--env-file", "--title"],
        long_ends: &["--eval", "--print", "--interactive", "--version", "--help", "--test", "--run", "--check"],
        endings: &[".js", ".mjs", ".cjs"],
        ..PLAIN
    },
];

/// So many programs start each other in one line.
const DEEPEST: usize = 8;

/// What a program with these arguments runs beside itself.
#[must_use]
pub fn of(program: &str, arguments: &[String]) -> Interpreted {
    let mut found = Interpreted::default();
    let mut next = Some((program.to_owned(), arguments.to_vec()));
    for _ in 0..DEEPEST {
        let Some((program, arguments)) = next.take() else { break };
        let name = plain_name(&program);
        if name == "env" {
            next = of_env(&arguments);
        } else if name == "java" {
            found.script = of_java(&program, &arguments);
        } else if SHELL.names.contains(&name) {
            match of_shell(&program, &arguments) {
                Some(Shell::Script(script)) => found.script = Some(script),
                Some(Shell::Command(command, arguments)) => next = Some((command, arguments)),
                Some(Shell::Start(command)) => found.programs.push(command),
                None => {}
            }
        } else if let Some(manner) = OTHERS.iter().find(|manner| manner.names.contains(&name)) {
            found.script = operand(manner, &arguments).and_then(|(at, _)| {
                let path = arguments.get(at)?;
                let fits = manner.endings.is_empty() || manner.endings.iter().any(|ending| path.ends_with(ending));
                let may_be_folder = manner.names.contains(&"python");
                (fits && is_known(path)).then(|| Script {
                    path: path.clone(),
                    by: program.clone(),
                    is_shell: false,
                    may_be_folder,
                })
            });
        }
        found.programs.extend(next.as_ref().map(|(program, _)| program.clone()));
    }
    found
}

/// The name of an interpreter without its folder and its version: `python` for `/usr/bin/python3.11`.
fn plain_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or(program);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
}

/// Whether a word is what it will be when it runs.
fn is_known(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '`', '\n'])
}

/// What is run behind env(1)'s own options and variables.
fn of_env(arguments: &[String]) -> Option<(String, Vec<String>)> {
    let mut words = arguments.iter().enumerate();
    while let Some((at, word)) = words.next() {
        match word.as_str() {
            "-u" | "-C" | "--unset" | "--chdir" | "-a" | "--argv0" => {
                words.next();
            }
            // It takes the text apart itself.
            word if word.starts_with("-S") || word.starts_with("--split-string") => return None,
            word if word.starts_with('-') || word.contains('=') => {}
            word if !is_known(word) => return None,
            word => return Some((word.to_owned(), arguments[at + 1..].to_vec())),
        }
    }
    None
}

/// The archive behind `-jar`.
fn of_java(program: &str, arguments: &[String]) -> Option<Script> {
    let at = arguments.iter().position(|word| word == "-jar")?;
    let path = arguments.get(at + 1).filter(|path| is_known(path))?.clone();
    Some(Script { path, by: program.to_owned(), is_shell: false, may_be_folder: false })
}

/// What a shell is told to run.
enum Shell {
    Script(Script),
    /// A whole command of plain words.
    Command(String, Vec<String>),
    /// The first program of a command with more to it.
    Start(String),
}

fn of_shell(program: &str, arguments: &[String]) -> Option<Shell> {
    let (at, is_command) = operand(&SHELL, arguments)?;
    let word = arguments.get(at)?;
    if is_command {
        return of_command(word);
    }
    // A plain name may be one that the shell looks for.
    (is_known(word) && word.contains('/')).then(|| {
        let (path, by) = (word.clone(), program.to_owned());
        Shell::Script(Script { path, by, is_shell: true, may_be_folder: false })
    })
}

/// The first thing that a command of a shell starts, where that is plain: an absolute path, or an interpreter with its script.
fn of_command(text: &str) -> Option<Shell> {
    let text = text.trim().strip_prefix("exec ").unwrap_or(text).trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._+-,@:%= ".contains(c);
    if text.chars().all(is_plain) {
        let mut words = text.split_whitespace().map(str::to_owned);
        let first = words.next()?;
        let is_told = first.starts_with('/') || is_interpreter(&first);
        return is_told.then(|| Shell::Command(first, words.collect()));
    }
    // What fails may be meant to.
    let first = text.split([' ', '\t', ';', '&', '|', '>', '<']).next()?;
    let is_sure = first.starts_with('/') && first.chars().all(is_plain) && !text.contains("||");
    is_sure.then(|| Shell::Start(first.to_owned()))
}

fn is_interpreter(word: &str) -> bool {
    let name = plain_name(word);
    name == "env"
        || name == "java"
        || SHELL.names.contains(&name)
        || OTHERS.iter().any(|manner| manner.names.contains(&name))
}

/// The place of the first word that is no option, and whether it is a shell's command (`-c`). `None` where no script follows.
fn operand(manner: &Manner, arguments: &[String]) -> Option<(usize, bool)> {
    let is_shell = manner.names.contains(&"sh");
    let (mut at, mut is_command) = (0, false);
    while let Some(word) = arguments.get(at) {
        if word == "--" {
            return Some((at + 1, is_command));
        }
        if let Some(long) = word.strip_prefix("--") {
            let name = word.split('=').next().unwrap_or(word);
            if manner.long_ends.contains(&name) {
                return None;
            }
            at += usize::from(manner.long.contains(&name) && !long.contains('='));
        } else if let Some(letters) = word.strip_prefix('-').or_else(|| word.strip_prefix('+').filter(|_| is_shell)) {
            if letters.is_empty() {
                return None;
            }
            for (place, letter) in letters.char_indices() {
                let is_last = place + letter.len_utf8() == letters.len();
                match letter {
                    'c' if is_shell => is_command = true,
                    'o' | 'O' if is_shell => at += 1,
                    letter if manner.ends.contains(letter) => return None,
                    letter if manner.takes.contains(letter) => {
                        at += usize::from(is_last);
                        break;
                    }
                    letter if manner.eats.contains(letter) => break,
                    _ => {}
                }
            }
        } else {
            return Some((at, is_command));
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> String {
        let words = shlex::split(line).unwrap();
        let found = of(&words[0], &words[1..]);
        let script = found.script.map(|script| format!("{} <{}", script.path, script.by));
        found.programs.into_iter().chain(script).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scripts_of_interpreters() {
        for (line, expected) in [
            ("/bin/sh /x", "/x </bin/sh"),
            ("/bin/bash -eu -o pipefail /x --all", "/x </bin/bash"),
            ("/bin/bash -euo pipefail -- /x", "/x </bin/bash"),
            ("/bin/bash --rcfile /r --posix /x", "/x </bin/bash"),
            ("/bin/sh run", ""),
            ("/bin/sh -s /x", ""),
            ("/bin/sh - /x", ""),
            ("/bin/sh $SCRIPT", ""),
            ("/usr/bin/python3.11 -u -W ignore -Xdev /x.py", "/x.py </usr/bin/python3.11"),
            ("python3 manage.py runserver", "manage.py <python3"),
            ("python3 -m shop /x", ""),
            ("python3 -Im shop", ""),
            ("python3 -c 'import x' /x", ""),
            ("perl -w -I /lib -Mstrict /x.pl", "/x.pl <perl"),
            ("perl -ne 'print' /x", ""),
            ("ruby -r json /x.rb", "/x.rb <ruby"),
            ("php -d a=b -f /x.php", "/x.php <php"),
            ("node --require x /srv/a.js", "/srv/a.js <node"),
            ("node /srv/a", ""),
            ("java -Xmx1g -cp a -jar /x.jar", "/x.jar <java"),
            ("/usr/bin/env -u A B=c python3 /x.py", "python3 /x.py <python3"),
            ("/usr/bin/env -S python3 /x", ""),
            ("/usr/bin/env $PROGRAM", ""),
            ("/opt/shop/bin/run /x", ""),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn commands_of_a_shell() {
        for (line, expected) in [
            ("sh -c /x", "/x"),
            ("sh -ec 'exec /x --all'", "/x"),
            ("sh -c 'exec python3 /x.py'", "python3 /x.py <python3"),
            ("sh -c '/x > /log 2>&1'", "/x"),
            ("sh -c '/x || true'", ""),
            ("sh -c 'cd /y && ./x'", ""),
            ("sh -c '$X/y'", ""),
            ("sh -c 'echo /x'", ""),
            ("env sh -c '/bin/sh /x'", "sh /bin/sh /x </bin/sh"),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }
}
