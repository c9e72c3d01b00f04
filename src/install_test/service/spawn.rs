//! [`Spawn`]: how the commands of a service are run: as whom, where, with which variables.

use super::super::{
    Finding, InstallTestError,
    container::{TestContainer, argv},
};
use super::{LONGEST_START, process, seconds};
use crate::{
    engine::{ExecSpec, Output as _},
    execute::StepOutput,
    unit::{Command, Environment, EnvironmentFile, Privilege, Service, parse_environment_file},
};

/// Enters the working folder and gives way to the command.
const START: &str = include_str!("start.sh");
/// Looks for a program in a list of folders.
const FIND: &str = include_str!("find.sh");

/// How the commands of a service are run.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// What its unit says.
    pub service: &'a Service,
    user: String,
    folder: String,
    environment: Environment,
}

/// A line of passwd(5).
#[derive(Debug, PartialEq, Eq)]
struct Account {
    name: String,
    group: u32,
    home: String,
    shell: String,
}

impl<'a> Spawn<'a> {
    /// Looks up the user, makes the folders that systemd would make, and puts the variables together.
    ///
    /// # Errors
    /// The finding: a user, group or file of variables is not there.
    pub async fn prepare(container: &TestContainer<'_>, service: &'a Service) -> Result<Self, InstallTestError> {
        let account = account(container, service).await?;
        let user = user_word(container, service, account.as_ref()).await?;
        let mut environment = Environment::default();
        environment.set("PATH", container.target.manager.service_path);
        if let Some(account) = &account {
            let Account { name, home, shell, .. } = account;
            for (variable, value) in [("HOME", home), ("LOGNAME", name), ("USER", name), ("SHELL", shell)] {
                environment.set(variable, value);
            }
        }
        make_folders(container, service, account.as_ref(), &mut environment).await?;
        for (name, value) in &service.environment {
            environment.set(name, value);
        }
        for file in &service.environment_files {
            for (name, value) in variables(container, file).await? {
                environment.set(&name, &value);
            }
        }
        service.unset.iter().for_each(|name| environment.unset(name));
        let home = account.as_ref().map_or("/root", |account| account.home.as_str());
        let folder = service.working.path.clone().unwrap_or_else(|| home.to_owned());
        Ok(Self { service, user, folder, environment })
    }

    /// A command as the engine runs it.
    ///
    /// # Errors
    /// The finding: its words cannot be made, or there is no such program.
    pub async fn exec(
        &self,
        container: &TestContainer<'_>,
        command: &Command,
        output: &StepOutput,
    ) -> Result<ExecSpec, InstallTestError> {
        let refuse = |reason: String| InstallTestError::from(Finding::new(format!("{}: {reason}", command.place)));
        let words = command.arguments(&self.environment).map_err(refuse)?;
        let program = self.program(container, command).await?;
        if program.contains('=') {
            return Err(refuse(format!("`{program}` has a `=` in its path, which this test cannot run")));
        }
        let user = if command.privilege == Privilege::Full { "0:0" } else { &self.user };
        let shown = std::iter::once(&program).chain(&words).map(String::as_str).collect::<Vec<_>>().join(" ");
        output.line(&format!("as {user} in {}: {shown}", self.folder));
        let need = if self.service.working.optional { "optional" } else { "required" };
        let start =
            argv(&["/bin/sh", "-c", START, "start", &self.service.umask, &self.folder, need], self.environment.lines());
        Ok(ExecSpec {
            argv: start.into_iter().chain([program]).chain(words).collect(),
            user: user.to_owned(),
            env: std::collections::BTreeMap::new(),
            workdir: "/".to_owned(),
        })
    }

    async fn program(&self, container: &TestContainer<'_>, command: &Command) -> Result<String, InstallTestError> {
        if command.program.starts_with('/') {
            return Ok(command.program.clone());
        }
        let path = container.target.manager.service_path;
        let answer =
            container.ask(argv(&["/bin/sh", "-c", FIND, "find", &command.program, path], [] as [&str; 0])).await?;
        answer.lines.into_iter().next().filter(|_| answer.code == 0).ok_or_else(|| {
            Finding::new(format!("{}: there is no program `{}` in {path}", command.place, command.program)).into()
        })
    }

    /// Runs a command that has to end by itself, with success.
    ///
    /// # Errors
    /// The finding.
    pub async fn to_its_end(
        &self,
        container: &TestContainer<'_>,
        command: &Command,
        key: &str,
        lines: &StepOutput,
    ) -> Result<(), InstallTestError> {
        let output = process::Output::new(lines);
        let spec = self.exec(container, command, lines).await?;
        let ended = tokio::time::timeout(LONGEST_START, container.exec(spec, &output)).await;
        let expected = format!("{}: {key} should end with success", command.place);
        let message = match ended {
            Ok(code) => match code? {
                0 => return Ok(()),
                code if command.may_fail => {
                    lines.line(&format!("it {}, which it may", process::exit_words(code)));
                    return Ok(());
                }
                code => format!("{expected}, but it {}", process::exit_words(code)),
            },
            Err(_) => format!("{expected} within {}, but it still runs", seconds(LONGEST_START)),
        };
        Err(Finding::new(message).saying(&output.tail()).into())
    }
}

/// The account of `User=`; `None` where the service is root's.
async fn account(container: &TestContainer<'_>, service: &Service) -> Result<Option<Account>, InstallTestError> {
    let Some(user) = &service.user else { return Ok(None) };
    let passwd = text_of(container, "/etc/passwd").await?;
    let account = passwd.lines().find_map(|line| account_line(line, user));
    let missing = || Finding::new(format!("the service runs as the user `{user}`, who is not in /etc/passwd"));
    account.map(Some).ok_or_else(|| missing().help("declare it in `[[user]]`, and in the package's `users`").into())
}

fn account_line(line: &str, user: &str) -> Option<Account> {
    let mut fields = line.split(':').map(str::to_owned);
    let name = fields.next()?;
    let number = fields.nth(1)?;
    if name != user && number != user {
        return None;
    }
    let group = fields.next()?.parse().ok()?;
    Some(Account { name, group, home: fields.nth(1)?, shell: fields.next()? })
}

/// User and group as the engine wants them. A user alone gets all of its groups.
async fn user_word(
    container: &TestContainer<'_>,
    service: &Service,
    account: Option<&Account>,
) -> Result<String, InstallTestError> {
    let name = account.map_or("0", |account| account.name.as_str());
    let Some(group) = &service.group else {
        return Ok(if account.is_some() { name.to_owned() } else { "0:0".to_owned() });
    };
    let groups = text_of(container, "/etc/group").await?;
    let number = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (name == group || number == group).then(|| number.parse::<u32>().ok()).flatten()
    });
    let Some(number) = number else {
        return Err(Finding::new(format!("the service runs in the group `{group}`, which is not in /etc/group")).into());
    };
    Ok(match account {
        Some(account) if account.group == number => name.to_owned(),
        _ => format!("{name}:{number}"),
    })
}

/// `RuntimeDirectory=` and its kin.
async fn make_folders(
    container: &TestContainer<'_>,
    service: &Service,
    account: Option<&Account>,
    environment: &mut Environment,
) -> Result<(), InstallTestError> {
    let user = account.map_or_else(|| "0".to_owned(), |account| account.name.clone());
    let group = match (&service.group, account) {
        (Some(group), _) => group.clone(),
        (None, Some(account)) => account.group.to_string(),
        (None, None) => "0".to_owned(),
    };
    for folders in &service.folders {
        for folder in &folders.folders {
            let (user, group) = if folder.of_root { ("0", "0") } else { (user.as_str(), group.as_str()) };
            let command = ["install", "-d", "-m", &folder.mode, "-o", user, "-g", group, "--", &folder.path];
            let answer = container.ask(argv(&command, [] as [&str; 0])).await?;
            if answer.code != 0 {
                return Err(Finding::new(format!("{} could not be made", folder.path)).with_last(&answer.lines).into());
            }
        }
        let paths: Vec<&str> = folders.folders.iter().map(|folder| folder.path.as_str()).collect();
        environment.set(folders.variable, &paths.join(":"));
    }
    Ok(())
}

async fn variables(
    container: &TestContainer<'_>,
    file: &EnvironmentFile,
) -> Result<Vec<(String, String)>, InstallTestError> {
    match container.fetch(&file.path).await? {
        Some(fetched) => Ok(parse_environment_file(&String::from_utf8_lossy(&fetched.bytes))),
        None if file.optional => Ok(Vec::new()),
        None => Err(Finding::new(format!("{}: EnvironmentFile= {} is not there", file.place, file.path)).into()),
    }
}

async fn text_of(container: &TestContainer<'_>, path: &str) -> Result<String, InstallTestError> {
    let bytes = container.fetch(path).await?.map(|fetched| fetched.bytes).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_by_name_and_by_number() {
        let line = "canopsis:x:999:998:Canopsis,,,:/opt/canopsis:/bin/bash";
        let account = account_line(line, "canopsis").unwrap();
        assert_eq!((account.group, account.home.as_str(), account.shell.as_str()), (998, "/opt/canopsis", "/bin/bash"));
        assert_eq!(account_line(line, "999").as_ref(), Some(&account));
        for other in ["998", "canop", ""] {
            assert_eq!(account_line(line, other), None);
        }
        assert_eq!(account_line("short:x:1", "short"), None);
    }
}
