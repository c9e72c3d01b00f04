//! Tests of what is wrong with units by their text, with systemd itself as the referee where it is.

use std::process::Command as Program;

use proptest::prelude::*;

use super::*;

fn judged(name: &str, text: &str) -> (Vec<String>, Needs) {
    let unit = UnitName::new(name).unwrap();
    match UnitFile::parse(text, name) {
        Ok(file) => {
            let (wrong, needs) = judge(&file, &unit, name);
            (wrong.iter().map(ToString::to_string).collect(), needs)
        }
        Err(error) => (vec![error.to_string()], Needs::default()),
    }
}

/// Units, each with whether systemd takes it without a word.
const CASES: [(&str, &str, bool); 67] = [
    ("a.service", "[Service]\nExecStart=/bin/true\n", true),
    (
        "a.service",
        "[Service]\nExecStart=/bin/true \\\n  --long \\\n# a comment\n  'two words' ; /bin/true\nType=oneshot\n",
        true,
    ),
    ("a.service", "[Service]\nExecStart=-@:/bin/true true\nExecStartPre=+/bin/true\nExecStop=!/bin/true\n", true),
    ("a.service", "[Service]\nType=oneshot\nExecStop=/bin/true\nRemainAfterExit=yes\n", true),
    ("a.service", "[Service]\nExecStart=/bin/true\n[X-Own]\nA=1\n", true),
    ("a@.service", "[Service]\nExecStart=/bin/true %i %I %n %%\n", true),
    ("mnt-data\\x2ddir.mount", "[Mount]\nWhat=/dev/sda\nWhere=/mnt/data-dir\n", true),
    ("a.timer", "[Timer]\nOnCalendar=daily\nUnit=b.target\n", true),
    ("a.target", "[Unit]\nDescription=x\n", true),
    ("a.slice", "[Slice]\nCPUWeight=10\n", true),
    ("a.service", "[Unit]\nX-Own=1\n[Service]\nExecStart=/bin/true\nX-Other=1\n", true),
    ("a.service", "[Unit]\nStartLimitBurst=3\n[Service]\nExecStart=/bin/true\nStartLimitInterval=1\n", true),
    ("a.service", "[Service]\nExecStart=/bin/true\nRetsart=always\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nReadWritePath=/srv\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nAfter=b.target\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nuser=root\n", false),
    ("a.service", "[Unit]\nWantedBy=b.target\n[Service]\nExecStart=/bin/true\n", false),
    ("a.service", "", false),
    ("a.service", "[Service]\n", false),
    ("a.service", "[Service]\nType=oneshot\nExecStop=/bin/true\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nhello\n", false),
    ("a.service", "[Service\nExecStart=/bin/true\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\n[Servce]\nA=1\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nExecStart=/bin/false\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nType=onshot\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nRestart=allways\n", false),
    ("a.service", "[Service]\nExecStart=bin/true\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true 'open\n", false),
    ("a.service", "[Service]\nType=oneshot\nExecStart=/bin/true\nRestart=always\n", false),
    ("a.service", "[Service]\nType=dbus\nExecStart=/bin/true\n", false),
    ("mnt-data-dir.mount", "[Mount]\nWhat=/dev/sda\nWhere=/mnt/data-dir\n", false),
    ("a.timer", "[Timer]\nUnit=b.target\n", false),
    ("a.service", "[Unit]\nSuccessAction=reboot\n[Service]\n", true),
    ("a.service", "[Service]\nExecStop=/bin/true\nRemainAfterExit=True\n", true),
    ("a.service", "[Service]\nExecStart=/bin/true\nPrivateTmp=YES\nRestartSec=1min .5\nTimeoutSec=infinity\n", true),
    ("a.service", "[Service]\nExecStart=/bin/true\nEnvironment=\"A=b c\" 'D=e' F=%H\n", true),
    ("a.timer", "[Timer]\nOnCalendar=Mon..Fri\nUnit=b.target\n", true),
    ("a.timer", "[Timer]\nOnCalendar=semi-annually\nUnit=b.target\n", true),
    ("a.service", "[Service]\nExecStop=/bin/true\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nPrivateTmp=yess\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nRemainAfterExit=maybe\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nRestartSec=soon\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nProtectSystem=Strict\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nEnvironment=1A=b\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nEnvironment=\"A=b\n", false),
    ("a.timer", "[Timer]\nOnCalendar=dayly\nUnit=b.target\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true %D\n", false),
    (
        "a.service",
        "[Service]\nExecStart=/bin/true\nMemoryMax=1G 512M\nMemoryHigh=50%\nCPUQuota=150%\nTasksMax=10%\n",
        true,
    ),
    (
        "a.service",
        "[Service]\nExecStart=/bin/true\nUMask=0027\nNice=-5\nLimitNOFILE=1024:4096\nLimitCPU=1h\nLimitNICE=+5\n",
        true,
    ),
    (
        "a.service",
        "[Service]\nExecStart=/bin/true\nKillSignal=RTMIN+3\nSuccessExitStatus=143 TEMPFAIL SIGKILL\nStandardOutput=append:/var/log/a\n",
        true,
    ),
    (
        "a.service",
        "[Service]\nExecStart=/bin/true\nRestrictAddressFamilies=~AF_INET AF_UNIX\nSystemCallFilter=@system-service\nSystemCallFilter=~@resources\nSlice=b.slice\n",
        true,
    ),
    ("a.service", "[Service]\nExecStart=/bin/true\nMemoryMax=2Gb\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nUMask=99\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nNice=high\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nNice=20\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nLimitNOFILE=many\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nLimitNOFILE=unlimited\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nCPUQuota=0.5\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nTasksMax=lots\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nKillSignal=SIGTREM\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nSuccessExitStatus=256\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nStandardOutput=jurnal\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nRestrictAddressFamilies=AF_INIT\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nSystemCallFilter=@system-servce\n", false),
    ("a.service", "[Service]\nExecStart=/bin/true\nOOMScoreAdjust=2000\n", false),
    ("a.service", "[Unit]\nConditionPathExists=etc/a\n[Service]\nExecStart=/bin/true\n", false),
    ("a.service", "[Unit]\nAfter=network\n[Service]\nExecStart=/bin/true\n", false),
];

#[test]
fn what_is_no_unit_is_found() {
    let said: Vec<String> = CASES
        .iter()
        .flat_map(|(name, text, is_good)| {
            let (wrong, _) = judged(name, text);
            assert_eq!(wrong.is_empty(), *is_good, "{name}\n{text}\n{wrong:?}");
            wrong
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

/// systemd says the same of each.
#[test]
fn systemd_says_the_same() {
    let version = Program::new("systemd-analyze").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no systemd-analyze here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, text, is_good) in CASES {
        let path = folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        fs_err::write(folder.path().join("b.target"), "[Unit]\nDescription=b\n").unwrap();
        let output = Program::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let own = said.lines().filter(|line| {
            line.contains(name.trim_end_matches(".service"))
                && line.contains(name)
                && !line.contains("/lib/systemd/system/")
        });
        let own: Vec<&str> = own.collect();
        assert_eq!(own.is_empty() && output.status.success(), is_good, "{name}\n{text}\n{said}");
        fs_err::remove_file(&path).unwrap();
    }
}

#[test]
fn what_a_unit_needs() {
    let text = "[Service]\nUser=%p\nGroup=g%i\nWorkingDirectory=/opt/x\nEnvironmentFile=/etc/default/x\n\
                EnvironmentFile=-/etc/y\nEnvironmentFile=/run/z\nEnvironmentFile=/etc/%i.env\n\
                ExecStartPre=-/bin/a\nExecStart=/bin/b %i\nExecStop=/bin/%i\nExecReload=kill -HUP $MAINPID\n\
                ExecStartPost=/bin/%m\n[Install]\nWantedBy=multi-user.target other.service\n";
    let (wrong, needs) = judged("x@.service", text);
    assert_eq!(wrong, [] as [&str; 0]);
    let of = |all: &[Named]| all.iter().map(|one| format!("{} {}", one.place, one.value)).collect::<Vec<_>>();
    assert_eq!(of(&needs.programs), ["x@.service:10 /bin/b", "x@.service:12 kill"]);
    assert_eq!(of(&needs.users), ["x@.service:2 x"]);
    assert_eq!(of(&needs.groups), [] as [&str; 0], "each instance has its own");
    assert_eq!(of(&needs.files), ["x@.service:5 /etc/default/x"]);
    assert_eq!(of(&needs.folders), ["x@.service:4 /opt/x"]);
    assert_eq!(of(&needs.targets), ["x@.service:15 multi-user.target"]);
    assert!(needs.installs);
    let (_, needs) = judged(
        "x.service",
        "[Service]\nDynamicUser=yes\nUser=x\nStateDirectory=a/b\nWorkingDirectory=/var/lib/a\n\
                                          ExecStart=/bin/b\n[Install]\n",
    );
    assert_eq!((needs.users.len(), needs.folders.len(), needs.installs), (0, 0, false));
    // What the machine tells a program is no part of its name.
    let text = "[Service]\nDynamicUser=On\nUser=x\nStateDirectory=slash\nWorkingDirectory=/var/lib/slash/\nExecSearchPath=/opt/x/bin\n\
                ExecStart=/opt/x --host %H ; tool %m ; /opt/%H\nType=oneshot\nSupplementaryGroups=adm x-%H\n[Install]\n\
                WantedBy=a.target b@%H.target\nAlso=x.socket\n";
    let (wrong, needs) = judged("x.service", text);
    assert_eq!(wrong, [] as [&str; 0]);
    assert_eq!(of(&needs.programs), ["x.service:7 /opt/x", "x.service:7 tool"]);
    assert_eq!((needs.search, needs.folders.len(), needs.users.len()), (vec!["/opt/x/bin".to_owned()], 0, 0));
    assert_eq!(
        (of(&needs.groups), of(&needs.targets)),
        (vec!["x.service:9 adm".to_owned()], vec!["x.service:11 a.target".to_owned()])
    );
    assert_eq!(of(&needs.also), ["x.service:12 x.socket"]);
    let (_, needs) = judged("x.service", "[Service]\nRootDirectory=/srv\nUser=x\nExecStart=/bin/b\n");
    assert_eq!((needs.users.len(), needs.programs.len()), (0, 0));
}

#[test]
fn paths_of_a_sandbox_are_needed() {
    let (wrong, needs) = judged(
        "x.service",
        "[Service]\nExecStart=/bin/b\nStateDirectory=shop\nReadWritePaths=/srv/a \"/srv/b c\" -/srv/d +/srv/e -+/srv/f\n\
         ReadWritePaths=/var/lib/shop/ /run/x /\nReadOnlyPaths=/srv/g\nInaccessiblePaths=/srv/h\nExecPaths=/srv/i\n\
         NoExecPaths=/srv/%m\nBindPaths=/srv/j:/srv/k:rbind -/srv/l:/m /srv/n\\\\:o:/p\nBindReadOnlyPaths=/srv/q\n",
    );
    assert_eq!(wrong, [] as [&str; 0]);
    let paths: Vec<&str> = needs.paths.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(paths, ["/srv/a", "/srv/b c", "/srv/e", "/srv/g", "/srv/h", "/srv/i", "/srv/j", "/srv/n:o", "/srv/q"]);
    let (wrong, _) = judged("x.service", "[Service]\nExecStart=/bin/b\nReadWritePaths=srv\nBindPaths='/a\n");
    assert_eq!(
        wrong,
        ["x.service:3: ReadWritePaths= `srv` is not absolute", "x.service:4: BindPaths= the quote ' does not end"]
    );
}

#[test]
fn what_a_unit_starts() {
    let starts = |name: &str, text: &str| judged(name, text).1.starts.map(|one| one.value);
    let timer = "[Timer]\nOnCalendar=daily\n";
    for (name, text, started) in [
        ("x.timer", timer.to_owned(), Some("x.service")),
        ("x@.timer", timer.to_owned(), Some("x@one.service")),
        ("x@a.timer", timer.to_owned(), Some("x@a.service")),
        ("x.timer", format!("{timer}Unit=y.target\n"), Some("y.target")),
        ("x@.timer", format!("{timer}Unit=y@%i.service\n"), Some("y@one.service")),
        ("x.timer", format!("{timer}Unit=y@%H.service\n"), None),
        ("x.timer", format!("{timer}Unit=y\n"), None),
        ("x.path", "[Path]\nPathExists=/x\n".to_owned(), Some("x.service")),
        ("x.socket", "[Socket]\nListenStream=80\n".to_owned(), Some("x.service")),
        ("x.socket", "[Socket]\nListenStream=80\nService=y.service\n".to_owned(), Some("y.service")),
        ("x.socket", "[Socket]\nListenStream=80\nAccept=Yes\n".to_owned(), Some("x@.service")),
        ("srv.automount", "[Automount]\nWhere=/srv\n".to_owned(), Some("srv.mount")),
        ("x.service", "[Service]\nExecStart=/bin/true\n".to_owned(), None),
    ] {
        assert_eq!(starts(name, &text).as_deref(), started, "{name}\n{text}");
    }
    let (wrong, _) = judged("x.timer", &format!("{timer}Unit=y\n"));
    assert_eq!(wrong, ["x.timer:3: Unit= `y` is no unit"]);
}

proptest! {
    #[test]
    fn no_unit_panics(
        kind in prop::sample::select(vec!["x.service", "x@.service", "a-b.mount", "x.socket", "x.slice"]),
        text in "(\\[(Service|Mount|Install|Unit|Socket|X)\\]\n|[A-Z][a-zA-Z]{0,12}=?[-@%$~/a-zA-Z\"'\\\\ ]{0,12}\n|(ExecStart|User|Where|WorkingDirectory)=[-@:+!%/a-z ]{0,12}\n){0,8}",
    ) {
        let _ = judged(kind, &text);
    }
}
