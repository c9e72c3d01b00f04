//! The maintainer scripts (policy 6.5): accounts, units, state folders, and the project's own parts.
//!
//! Each script knows every argument that policy names, does nothing for those that mean nothing to it and fails on any
//! other. A script without work is not shipped. The project's part runs in a subshell, so that an `exit` in it ends the
//! part and not the script; `$1` and the rest are visible to it, and its failure is the script's.

use std::fmt::Write as _;

use super::{
    super::{FormatError, Meta, text::part},
    state,
    text::indented,
    units::Commands,
    users,
};
use crate::stage::Tree;

/// One script: its name in `control.tar` and its text.
pub(super) type Script = (&'static str, String);

/// The scripts that have work to do.
///
/// # Errors
/// A user, unit, state folder or script part that cannot be written safely.
pub(super) fn scripts(tree: &Tree, meta: &Meta) -> Result<Vec<Script>, FormatError> {
    let units = Commands::read(tree, meta)?;
    let preinst = cases("preinst", &[("install | upgrade", users::create(meta)?)], "abort-upgrade");
    let configure = "configure | abort-upgrade | abort-deconfigure | abort-remove";
    let postinst = cases("postinst", &[(configure, units.configure())], "triggered");
    let prerm = cases("prerm", &[("remove", units.stop())], "upgrade | deconfigure | failed-upgrade");
    let purge = units.purge() + &state::clear(tree)?;
    let idle = "upgrade | failed-upgrade | abort-install | abort-upgrade | disappear";
    let postrm = cases("postrm", &[("remove", units.removed()), ("purge", purge)], idle);

    let parts = &meta.scripts;
    let bodies = [
        ("preinst", [preinst, part(&parts.preinstall)?]),
        // What the project prepares is there when services start, as with debhelper's `#DEBHELPER#`.
        ("postinst", [part(&parts.postinstall)?, postinst]),
        ("prerm", [part(&parts.preremove)?, prerm]),
        ("postrm", [part(&parts.postremove)?, postrm]),
    ];
    Ok(bodies.into_iter().filter_map(|(name, bodies)| Some((name, whole(meta, name, bodies)?))).collect())
}

/// A script of its bodies; `None` where there are none.
fn whole(meta: &Meta, name: &str, bodies: [String; 2]) -> Option<String> {
    let bodies: Vec<String> = bodies.into_iter().filter(|body| !body.is_empty()).collect();
    let script = format!("#!/bin/sh\n# {name} of {}\nset -e\n\n{}", meta.name, bodies.join("\n"));
    (!bodies.is_empty()).then_some(script)
}

/// A `case` over the first argument; empty when no arm has work.
fn cases(script: &str, arms: &[(&str, String)], idle: &str) -> String {
    if arms.iter().all(|(_, commands)| commands.is_empty()) {
        return String::new();
    }
    let mut out = "case \"$1\" in\n".to_owned();
    for (pattern, commands) in arms {
        let _ = writeln!(out, "    {pattern})");
        out.push_str(&indented(commands, 8));
        out.push_str("        ;;\n");
    }
    let _ = write!(
        out,
        "    \
    {idle})
        ;;
    *)
        echo \"{script} called with unknown argument '$1'\" >&2
        exit 1
        ;;
esac
"
    );
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{
        super::{super::Scripts, sample},
        *,
    };

    fn of(meta: &Meta) -> Vec<Script> {
        scripts(&sample::tree(), meta).unwrap()
    }

    fn shell(script: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new("sh").args(["-c", script, "script"]).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn the_scripts_of_the_sample() {
        for (name, text) in of(&sample::meta()) {
            insta::assert_snapshot!(name, text);
        }
    }

    #[test]
    fn a_script_without_work_is_not_there() {
        let idle = Meta { users: Vec::new(), units: Vec::new(), scripts: Scripts::default(), ..sample::meta() };
        let names: Vec<_> = of(&idle).into_iter().map(|(name, _)| name).collect();
        // The sample has a state folder, and that is all that is left to do.
        assert_eq!(names, ["postrm"]);
    }

    #[test]
    fn every_argument_of_policy_is_known() {
        // Without accounts and units nothing of the machine is asked.
        let scripts = of(&Meta { users: Vec::new(), units: Vec::new(), ..sample::meta() });
        for (name, text) in &scripts {
            let known: &[&str] = match *name {
                "preinst" => &["install", "upgrade", "abort-upgrade"],
                "postinst" => &["configure", "abort-upgrade", "abort-remove", "abort-deconfigure", "triggered"],
                "prerm" => &["remove", "upgrade", "failed-upgrade", "deconfigure"],
                _ => &["remove", "purge", "upgrade", "failed-upgrade", "abort-install", "abort-upgrade", "disappear"],
            };
            for argument in known {
                assert_eq!(shell(text, &[argument, "1.0"]).0, Some(0), "{name} {argument}");
            }
        }
        let postrm = &scripts.last().unwrap().1;
        assert_eq!(shell(postrm, &["nonsense"]).0, Some(1));
    }

    #[test]
    fn the_projects_part_sees_the_arguments_and_cannot_leave_early() {
        let scripts = Scripts { postremove: "\n\necho \"part $1 $2\"\nexit 0\n".to_owned(), ..Scripts::default() };
        let meta = Meta { users: Vec::new(), units: Vec::new(), scripts, ..sample::meta() };
        let script = of(&meta).pop().unwrap().1 + "echo ours\n";
        assert_eq!(shell(&script, &["upgrade", "2"]), (Some(0), "part upgrade 2\nours\n".to_owned()));
        let failing = Scripts { postinstall: "false\necho not reached".to_owned(), ..Scripts::default() };
        let meta = Meta { users: Vec::new(), units: Vec::new(), scripts: failing, ..sample::meta() };
        assert_eq!(shell(&of(&meta)[0].1, &["configure"]), (Some(1), String::new()));
    }

    #[test]
    fn the_projects_postinstall_comes_before_services_start() {
        let scripts = of(&sample::meta());
        let postinst = &scripts.iter().find(|(name, _)| *name == "postinst").unwrap().1;
        let place = |text: &str| postinst.find(text).unwrap_or_else(|| panic!("no {text}"));
        for command in ["deb-systemd-helper", "deb-systemd-invoke start", "deb-systemd-invoke restart"] {
            assert!(place(": ready") < place(command), "{command}");
        }
    }

    #[test]
    fn a_part_without_an_end_is_refused() {
        let parts = Scripts { preinstall: "a\0".to_owned(), ..Scripts::default() };
        assert!(scripts(&sample::tree(), &Meta { scripts: parts, ..sample::meta() }).is_err());
    }
}
