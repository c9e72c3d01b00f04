//! The small package of the tests: a service and a template, their user, a configuration file, a state folder.

use crate::{
    format::{ChangelogEntry, Meta, Scripts, Unit, User},
    names::{ArchName, PackageName, UserName},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
};

/// The newest time in the package.
pub(super) const EPOCH: i64 = 1_700_000_000;

const SERVICE: &str = "\
[Unit]
Description=Example service
Documentation=file:///usr/share/doc/factory-sample/copyright

[Service]
User=sample
ExecStart=/usr/lib/factory-sample/run
ProtectSystem=full

[Install]
WantedBy=multi-user.target
";
const TEMPLATE: &str = "\
[Unit]
Description=Example worker %i
Documentation=file:///usr/share/doc/factory-sample/copyright

[Service]
User=sample
ExecStart=/usr/lib/factory-sample/run %i
ProtectSystem=full

[Install]
WantedBy=multi-user.target
";

/// What the package says of itself.
pub(in crate::format) fn meta() -> Meta {
    Meta {
        name: PackageName::new("factory-sample").unwrap(),
        version_epoch: 0,
        version: "2.5.11".to_owned(),
        revision: "1~deb12".to_owned(),
        platform: "debian-12".to_owned(),
        arch: ArchName::new("all").unwrap(),
        maintainer: "Example Team <packages@example.org>".to_owned(),
        summary: "example service with everything a package can have".to_owned(),
        description: "It shows what a package holds: a service that runs under its own user, a template, \
            configuration and a folder for what it makes.\n\nNothing in it is of any use."
            .to_owned(),
        homepage: "https://example.org/sample".to_owned(),
        license: "AGPL-3.0-only".to_owned(),
        copyright: "2015-2026 Example Team".to_owned(),
        license_text: "The terms of the project,\n\nin two paragraphs.\n".to_owned(),
        section: "admin".to_owned(),
        priority: "optional".to_owned(),
        suite: "bookworm".to_owned(),
        depends: vec!["python3 (>= 3.11)".to_owned(), "sudo".to_owned()],
        pre_depends: Vec::new(),
        recommends: vec!["snmp".to_owned()],
        enhances: Vec::new(),
        suggests: Vec::new(),
        conflicts: Vec::new(),
        breaks: Vec::new(),
        replaces: Vec::new(),
        provides: Vec::new(),
        users: vec![User {
            name: UserName::new("sample").unwrap(),
            home: "/var/lib/factory-sample".to_owned(),
            shell: "/usr/sbin/nologin".to_owned(),
            comment: "Example service".to_owned(),
        }],
        units: vec![
            Unit { name: "factory-sample.service".to_owned(), enable: true, start: true },
            Unit { name: "factory-sample-worker@.service".to_owned(), enable: true, start: true },
        ],
        scripts: Scripts {
            postinstall: "if [ \"$1\" = configure ]; then\n    : ready\nfi".to_owned(),
            preremove: "if [ \"$1\" = remove ]; then\n    : going\nfi".to_owned(),
            ..Scripts::default()
        },
        changelog: vec![ChangelogEntry {
            version: "2.5.11-1~deb12".to_owned(),
            date: EPOCH,
            changes: vec!["Release 2.5.11.".to_owned()],
        }],
        overrides: Vec::new(),
        epoch: EPOCH,
    }
}

/// Its files, without the folders above them.
pub(super) fn tree() -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    for (path, text, mode, role) in files() {
        tree.add_bytes(path, text.as_bytes(), mode, EPOCH + 1000, role, "a test").unwrap();
    }
    for (path, entry) in others() {
        tree.add(path, entry).unwrap();
    }
    tree
}

/// The regular files.
pub(super) fn files() -> Vec<(TreePath, &'static str, u32, Role)> {
    let config = Role::Config { noreplace: true, missingok: false };
    let script = "#!/bin/sh\nexec sleep infinity\n";
    [
        ("etc/factory-sample/sample.conf", "port = 8082\n", 0o644, config),
        ("lib/systemd/system/factory-sample.service", SERVICE, 0o644, Role::Plain),
        ("lib/systemd/system/factory-sample-worker@.service", TEMPLATE, 0o644, Role::Plain),
        ("usr/lib/factory-sample/run", script, 0o755, Role::Plain),
    ]
    .map(|(path, text, mode, role)| (TreePath::new(path).unwrap(), text, mode, role))
    .into()
}

/// Links and the state folder.
pub(super) fn others() -> Vec<(TreePath, Entry)> {
    let owned = Owner { user: "sample".to_owned(), group: "sample".to_owned() };
    let entry = |kind, mode, owner, role| Entry { kind, mode, owner, mtime: EPOCH - 3, role, origin: "a test".into() };
    let run = TreePath::new("usr/lib/factory-sample/run").unwrap();
    let symlink = Kind::Symlink { target: "run".to_owned() };
    vec![
        (
            TreePath::new("usr/lib/factory-sample/worker").unwrap(),
            entry(Kind::Hardlink { target: run }, 0o755, Owner::root(), Role::Plain),
        ),
        (TreePath::new("usr/lib/factory-sample/start").unwrap(), entry(symlink, 0o777, Owner::root(), Role::Plain)),
        (TreePath::new("var/lib/factory-sample").unwrap(), entry(Kind::Dir, 0o755, owned, Role::State)),
    ]
}
