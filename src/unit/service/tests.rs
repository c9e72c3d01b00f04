//! Tests of the `[Service]` section of units.

use proptest::prelude::*;

use super::*;

fn service(lines: &str) -> Result<Service, UnitError> {
    let path = "/lib/systemd/system/x@.service";
    let file = UnitFile::parse(&format!("[Service]\nExecStart=/bin/x %i\n{lines}"), path)?;
    Service::from_file(&file, &UnitName::new("x@one.service").unwrap(), path)
}

#[test]
fn what_nothing_says() {
    let service = service("").unwrap();
    assert_eq!((service.kind, service.user, service.umask.as_str()), (Kind::Running, None, "0022"));
    assert_eq!(service.working, WorkingDirectory { path: Some("/".to_owned()), optional: false });
    assert_eq!(service.start[0].arguments, ["one"]);
    assert!(service.left_out.is_empty() && service.folders.is_empty());
}

#[test]
fn what_the_unit_says() {
    let service = service(
        "User=%p\nGroup=g\nWorkingDirectory=-~\nEnvironment=A=1 \"B=2 3\"\nEnvironment=C=%i\n\
         EnvironmentFile=-/etc/default/%p\nUnsetEnvironment=B\nUMask=0027\nRuntimeDirectory=a b/c\n\
         RuntimeDirectoryMode=0750\nConfigurationDirectory=x\nExecStartPre=-/bin/a\nExecStartPre=+/bin/b\n\
         Type=notify\nPrivateTmp=true\nNice=5\n",
    )
    .unwrap();
    assert_eq!((service.user.as_deref(), service.group.as_deref()), (Some("x"), Some("g")));
    assert_eq!(service.working, WorkingDirectory { path: None, optional: true });
    let variables: Vec<String> = service.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(variables, ["A=1", "B=2 3", "C=one"]);
    assert_eq!(service.environment_files[0].path, "/etc/default/x");
    assert!(service.environment_files[0].optional);
    let runtime = &service.folders[0];
    let paths: Vec<&str> = runtime.folders.iter().map(|folder| folder.path.as_str()).collect();
    assert_eq!((runtime.variable, &paths[..]), ("RUNTIME_DIRECTORY", &["/run/a", "/run/b/c"][..]));
    assert_eq!(runtime.folders[0].mode, "0750");
    assert!(service.folders[1].folders[0].of_root);
    assert_eq!(service.before.len(), 2);
    assert_eq!(service.left_out, ["PrivateTmp", "Nice"]);
}

#[test]
fn what_cannot_be_run_is_said_with_its_line() {
    let error = |lines: &str| service(lines).unwrap_err().to_string();
    for (lines, expected) in [
        ("Type=forking", "3: Type=forking cannot be run by this test; use Type=exec without forking"),
        ("DynamicUser=yes", "3: DynamicUser= needs systemd itself"),
        ("User=%Q", "3: User= `%Q` is no specifier; a percent sign is written `%%`"),
        ("WorkingDirectory=opt", "3: WorkingDirectory= `opt` is not absolute"),
        ("EnvironmentFile=/etc/*.env", "3: EnvironmentFile= with a pattern cannot be read by this test"),
        ("UMask=9", "3: UMask= is no octal mode"),
        ("StateDirectory=../x", "3: StateDirectory= names no folder below /var/lib"),
        ("ExecStartPre=/bin/a 'b", "3: ExecStartPre= the quote ' does not end"),
        ("KillMode=none", "3: KillMode= `none` leaves the service running when it is stopped"),
    ] {
        assert_eq!(error(lines), format!("/lib/systemd/system/x@.service:{expected}"));
    }
    assert_eq!(error("ExecStart="), "x@one.service: there is no ExecStart=");
    assert_eq!(error("ExecStart=/bin/y"), "x@one.service: it has several ExecStart=, which only Type=oneshot may");
    let file = UnitFile::parse("[Service]\nExecStart=/bin/x", "").unwrap();
    assert!(Service::from_file(&file, &UnitName::new("x@.service").unwrap(), "").is_err());
    assert!(Service::from_file(&file, &UnitName::new("x.timer").unwrap(), "").is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}|([A-Z][a-z]{0,8}=?[-@%$a-z\"'\\\\ ]{0,12}\n){0,6}") {
        let _ = service(&text);
        let _ = UnitFile::parse(&text, "");
    }

    #[test]
    fn no_value_panics(
        key in prop::sample::select(FOLLOWED.split(' ').collect::<Vec<_>>()),
        value in "\\PC{0,30}|[-@%$~/a-z0-9\"'\\\\ :.]{0,20}",
    ) {
        let _ = service(&format!("{key}={value}"));
    }
}
