//! [`Command`]: a line of `ExecStart=` and its kin (systemd.service(5), "Command Lines"): prefixes, words, specifiers,
//! and the variables that are put in when it runs.

use super::{Environment, UnitName, file::Assignment, specifier::expand, words::Words};

/// What a command runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// The service's `User=` and `Group=`.
    Service,
    /// root, whatever they say (`+`, `!`).
    Full,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program: absolute, or a name that is looked for in systemd's own path.
    pub program: String,
    /// The words behind it. Variables are in them as written.
    pub arguments: Vec<String>,
    /// A failure is taken for success (`-`).
    pub may_fail: bool,
    /// Whether variables are put in (not with `:`).
    pub expands: bool,
    /// What it runs as.
    pub privilege: Privilege,
    /// Where it is.
    pub place: String,
}

impl Command {
    /// The commands of one line: several are separated by a ` ; `.
    ///
    /// # Errors
    /// What systemd would not take.
    pub fn parse(line: &Assignment, unit: &UnitName, path: &str) -> Result<Vec<Self>, String> {
        let mut words = Words::new(&line.value);
        let mut commands = Vec::new();
        while let Some(first) = words.next()? {
            let mut command = Self::of_program(&first, unit, path)?;
            command.place.clone_from(&line.place);
            if first.starts_with(PREFIXES) && first[..first.len() - without_prefixes(&first).len()].contains('@') {
                // The name that the process sees as its own: it runs under the program's.
                words.next()?.ok_or("`@` wants a name behind the program")?;
            }
            loop {
                if words.take_mark(";") {
                    break;
                }
                if words.take_mark("\\;") {
                    command.arguments.push(";".to_owned());
                    continue;
                }
                let Some(word) = words.next()? else { break };
                command.arguments.push(expand(&word, unit, path)?);
            }
            commands.push(command);
        }
        Ok(commands)
    }

    fn of_program(word: &str, unit: &UnitName, path: &str) -> Result<Self, String> {
        let name = without_prefixes(word);
        let prefixes = &word[..word.len() - name.len()];
        let program = expand(name, unit, path)?;
        let refuse = |reason: &str| Err(format!("`{}` {reason}", word.escape_debug()));
        if program.is_empty() {
            return refuse("names no program");
        }
        if program.ends_with('/') {
            return refuse("is a folder");
        }
        if !program.starts_with('/') && program.contains('/') {
            return refuse("is neither absolute nor a plain name");
        }
        Ok(Self {
            program,
            arguments: Vec::new(),
            may_fail: prefixes.contains('-'),
            expands: !prefixes.contains(':'),
            // `!!` means the same as nothing wherever the kernel has ambient capabilities.
            privilege: if prefixes.replace("!!", "").contains(['+', '!']) {
                Privilege::Full
            } else {
                Privilege::Service
            },
            place: String::new(),
        })
    }

    /// The arguments with their variables put in: `${NAME}` anywhere, `$NAME` as a word of its own, which may become
    /// several words or none.
    ///
    /// # Errors
    /// A value that cannot be taken apart into words.
    pub fn arguments(&self, environment: &Environment) -> Result<Vec<String>, String> {
        if !self.expands {
            return Ok(self.arguments.clone());
        }
        let mut all = Vec::new();
        for argument in &self.arguments {
            match argument.strip_prefix('$').filter(|rest| !rest.starts_with(['{', '$']) && !rest.is_empty()) {
                Some(name) => all.extend(split(environment.get(name).unwrap_or_default())?),
                None => all.push(substitute(argument, environment)),
            }
        }
        Ok(all)
    }
}

const PREFIXES: [char; 5] = ['-', '@', ':', '+', '!'];

/// The program behind the prefixes. Each may be there once, and of `+`, `!` and `!!` only one: what follows is the name.
fn without_prefixes(word: &str) -> &str {
    let (mut rest, mut seen) = (word, String::new());
    while let Some(c) = rest.chars().next().filter(|c| PREFIXES.contains(c)) {
        let privileged = seen.contains(['+', '!']);
        let allowed = match c {
            '+' => !privileged,
            '!' => !privileged || (seen.ends_with('!') && seen.matches('!').count() == 1),
            c => !seen.contains(c),
        };
        if !allowed {
            break;
        }
        seen.push(c);
        rest = &rest[c.len_utf8()..];
    }
    rest
}

/// A variable's value as words.
fn split(value: &str) -> Result<Vec<String>, String> {
    // Of what a variable holds only the quotes count, not the escapes.
    Words::all(&value.replace('\\', "\\\\"))
}

/// `${NAME}` and `$$`, everywhere in a word; any other dollar sign stays.
fn substitute(text: &str, environment: &Environment) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let name = behind.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        rest = if let Some((name, rest)) = name {
            out.push_str(environment.get(name).unwrap_or_default());
            rest
        } else {
            out.push('$');
            behind.strip_prefix('$').unwrap_or(behind)
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(value: &str) -> Result<Vec<Command>, String> {
        let line = Assignment {
            section: "Service".to_owned(),
            key: "ExecStart".to_owned(),
            value: value.to_owned(),
            place: "x@.service:3".to_owned(),
        };
        Command::parse(&line, &UnitName::new("x@one-two.service").unwrap(), "/lib/systemd/system/x@.service")
    }

    /// The first command as it runs with these variables.
    fn argv(value: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.set(name, value);
        }
        let command = parse(value).unwrap().remove(0);
        std::iter::once(command.program.clone()).chain(command.arguments(&environment).unwrap()).collect()
    }

    #[test]
    fn the_examples_of_the_manual() {
        assert_eq!(argv("/bin/echo one ; /bin/echo \"two two\"", &[]), ["/bin/echo", "one"]);
        let second = &parse("/bin/echo one ; /bin/echo \"two two\"").unwrap()[1];
        assert_eq!((second.program.as_str(), &second.arguments[..]), ("/bin/echo", &["two two".to_owned()][..]));
        assert_eq!(argv("echo / >/dev/null & \\; ls", &[]), ["echo", "/", ">/dev/null", "&", ";", "ls"]);

        let environment = [("ONE", "one"), ("TWO", "two two"), ("THREE", "")];
        assert_eq!(argv("/bin/echo $ONE $TWO ${TWO}", &environment), ["/bin/echo", "one", "two", "two", "two two"]);
        assert_eq!(argv("/bin/echo $THREE ${THREE} ${FOUR} $FOUR", &environment), ["/bin/echo", "", ""]);
        assert_eq!(
            argv("/bin/echo a$ONE a${ONE}b $$ONE $$ $", &environment),
            ["/bin/echo", "a$ONE", "aoneb", "$ONE", "$", "$"]
        );
        let quoted = [("ONE", "'one'"), ("TWO", "'two two' too")];
        assert_eq!(
            argv("/bin/echo $ONE $TWO ${TWO}", &quoted),
            ["/bin/echo", "one", "two two", "too", "'two two' too"]
        );
        assert_eq!(argv(":/bin/echo $ONE ${ONE} $$", &environment), ["/bin/echo", "$ONE", "${ONE}", "$$"]);
    }

    #[test]
    fn specifiers_do_not_make_words() {
        assert_eq!(argv("/opt/bin/%p %i '%I %%' canopsis", &[]), ["/opt/bin/x", "one-two", "one/two %", "canopsis"]);
    }

    #[test]
    fn prefixes() {
        let of = |text: &str| {
            let command = parse(text).unwrap().remove(0);
            let full = command.privilege == Privilege::Full;
            (command.program, command.may_fail, command.expands, full)
        };
        let a = || "/bin/a".to_owned();
        assert_eq!(of("/bin/a"), (a(), false, true, false));
        assert_eq!(of("-/bin/a"), (a(), true, true, false));
        assert_eq!(of("-+:/bin/a"), (a(), true, false, true));
        assert_eq!(of("!/bin/a"), (a(), false, true, true));
        assert_eq!(of("!!/bin/a"), (a(), false, true, false));
        assert_eq!(of("@/bin/a b"), (a(), false, true, false));
        assert_eq!(parse("@/bin/a b c").unwrap()[0].arguments, ["c"]);
        assert_eq!(of("a"), ("a".to_owned(), false, true, false));
        assert_eq!(of("--a"), ("-a".to_owned(), true, true, false));
    }

    #[test]
    fn what_cannot_be_run() {
        for bad in ["-", "/bin/", "bin/a", "@/bin/a", "/bin/a %Q", "/bin/a \"b", "+!/bin/a"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("").unwrap(), []);
    }

    proptest! {
        #[test]
        fn no_line_panics(value in "[-@:+! ;\\\\\"'%${}=/a-cinx0-9é]{0,40}") {
            if let Ok(commands) = parse(&value) {
                let mut environment = Environment::default();
                environment.set("a", &value);
                for command in commands {
                    let _ = command.arguments(&environment);
                }
            }
        }
    }
}
