//! All relations of a package: the recipe's, and those that rpmbuild would add.
//!
//! Why no `Requires: user(x)` for the owners of files, which rpmbuild generates from 4.19 on: rpm itself asks for it at
//! no version from 4.11 to 6, so it makes no installation cleaner. It is there for a solver to bring the package that
//! makes the account. A user that this package makes in `%pre` it provides itself, and one that another package makes
//! is for the recipe's `depends` to name, as `user(x)` or by the package. The `Provides` have no version: from 4.19 on
//! rpm takes one for an encoded line of sysusers.d, and would make the account a second time, in its own way.

use super::{
    super::{FormatError, Meta},
    Codec, Rpm,
    files::Files,
    header::{Header, Value},
    relation::{Takes, read},
    scripts::Scriptlet,
    simple::Relation,
    tags::{self, sense},
};

/// What `%pre` calls. Paths, because the package is called `shadow-utils` in one family and `shadow` in the other, and
/// rpm 4.11 knows no `(a or b)`. Fedora, where `/usr/sbin` is a link since 42, provides the old paths.
const ACCOUNT_TOOLS: [&str; 3] = ["/usr/bin/getent", "/usr/sbin/groupadd", "/usr/sbin/useradd"];

/// The package's identity in relations, and what it is made of.
pub(super) struct Facts<'a> {
    /// `[epoch:]version-release`.
    pub(super) evr: &'a str,
    /// Its files.
    pub(super) files: &'a Files<'a>,
    /// Its scriptlets.
    pub(super) scripts: &'a [Scriptlet],
    /// Whether it has systemd units.
    pub(super) has_units: bool,
}

/// Writes all relations of a package into its header.
///
/// # Errors
/// [`FormatError::Field`] for a relation that cannot be read, or that the platform's rpm does not know.
pub(super) fn describe(rpm: Rpm, meta: &Meta, facts: &Facts, header: &mut Header) -> Result<(), FormatError> {
    let (needs, bars) = if rpm.rich { (Takes::Needs, Takes::Bars) } else { (Takes::NoRich, Takes::NoRich) };
    // What is not written is only held against the grammar.
    let weak = if rpm.weak { needs } else { Takes::Needs };

    let mut conflicts = read_all("conflicts", &meta.conflicts, bars, 0)?;
    conflicts.extend(read_all("breaks", &meta.breaks, bars, 0)?);
    let recommends = read_all("recommends", &meta.recommends, weak, 0)?;
    let suggests = read_all("suggests", &meta.suggests, weak, 0)?;
    let enhances = read_all("enhances", &meta.enhances, weak, 0)?;
    let mut lists = vec![
        (tags::PROVIDES, provides(meta, facts)?),
        (tags::CONFLICTS, conflicts),
        (tags::OBSOLETES, read_all("replaces", &meta.replaces, Takes::Packages, 0)?),
        (tags::ORDER, order(facts)),
    ];
    if rpm.weak {
        lists.extend([(tags::RECOMMENDS, recommends), (tags::SUGGESTS, suggests), (tags::ENHANCES, enhances)]);
    }
    let mut requires = requires(meta, facts, needs)?;
    let others: Vec<&Relation> = lists.iter().flat_map(|(_, list)| list).collect();
    let asked = rpmlib(rpm.codec, facts, requires.iter().chain(others));
    requires.extend(asked);
    lists.push((tags::REQUIRES, requires));
    for (tags, list) in lists {
        put(header, tags, list);
    }
    Ok(())
}

fn read_all(field: &'static str, texts: &[String], takes: Takes, purpose: u32) -> Result<Vec<Relation>, FormatError> {
    let one = |text: &String| read(field, text, takes).map(|it| Relation { flags: it.flags | purpose, ..it });
    texts.iter().map(one).collect()
}

/// The package itself by name, with its architecture, its configuration and its users, and what the recipe says.
fn provides(meta: &Meta, facts: &Facts) -> Result<Vec<Relation>, FormatError> {
    let name = &meta.name;
    let mut list = read_all("provides", &meta.provides, Takes::Provides, 0)?;
    list.push(Relation::exactly(name.as_str(), facts.evr, 0));
    if let Some(isa) = isa(meta.arch.as_str()) {
        list.push(Relation::exactly(format!("{name}({isa})"), facts.evr, 0));
    }
    list.extend(config(meta, facts));
    for user in &meta.users {
        list.extend(["user", "group"].map(|kind| Relation::named(format!("{kind}({})", user.name), 0)));
    }
    Ok(list)
}

fn requires(meta: &Meta, facts: &Facts, takes: Takes) -> Result<Vec<Relation>, FormatError> {
    let mut list = read_all("depends", &meta.depends, takes, 0)?;
    // A rich one has no room for a purpose: rpm orders by what is in it anyway.
    let early = read_all("pre_depends", &meta.pre_depends, takes, 0)?;
    list.extend(
        early.into_iter().map(|it| if it.is_rich() { it } else { Relation { flags: it.flags | sense::PRE, ..it } }),
    );
    list.extend(config(meta, facts));
    if !meta.users.is_empty() {
        list.extend(ACCOUNT_TOOLS.map(|tool| Relation::named(tool, sense::PRE)));
    }
    let shell = |script: &Scriptlet| Relation::named("/bin/sh", sense::INTERPRETER | script.sense);
    list.extend(facts.scripts.iter().map(shell));
    Ok(list)
}

/// systemd before the scriptlets that call it, where it is installed at all: a container needs none. This is what
/// `%systemd_ordering` writes; rpm 4.9 and later know it.
fn order(facts: &Facts) -> Vec<Relation> {
    if !facts.has_units {
        return Vec::new();
    }
    [sense::POST, sense::PRE_UN, sense::POST_UN].map(|purpose| Relation::named("systemd", purpose)).into()
}

/// What rpm checks at an upgrade before it keeps a changed configuration file.
fn config(meta: &Meta, facts: &Facts) -> Option<Relation> {
    let has_config = facts.files.has_config();
    has_config.then(|| Relation::exactly(format!("config({})", meta.name), facts.evr, sense::CONFIG))
}

/// What rpm calls an instruction set (`%_isa` of its platform files); `None` where nothing is native.
fn isa(arch: &str) -> Option<&'static str> {
    Some(match arch {
        "x86_64" => "x86-64",
        "aarch64" => "aarch-64",
        "i386" | "i486" | "i586" | "i686" => "x86-32",
        "armv6hl" => "armv6hl-32",
        "armv7hl" => "armv7hl-32",
        "ppc64" | "ppc64le" => "ppc-64",
        "s390x" => "s390-64",
        "riscv64" => "riscv-64",
        _ => return None,
    })
}

/// What the package asks of rpm itself, with the version that first had it, as rpmbuild says it.
fn rpmlib<'a>(codec: Codec, facts: &Facts, written: impl Iterator<Item = &'a Relation>) -> Vec<Relation> {
    let written: Vec<&Relation> = written.collect();
    let holds = |c: char| {
        facts.evr.contains(c) || written.iter().any(|it| it.version.contains(c) || it.is_rich() && it.name.contains(c))
    };
    let has_files = !facts.files.is_empty();
    let features = [
        ("CompressedFileNames", "3.0.4-1", has_files),
        ("FileDigests", "4.6.0-1", has_files),
        ("PayloadFilesHavePrefix", "4.0-1", true),
        ("PayloadIsXz", "5.2-1", codec == Codec::Xz),
        ("PayloadIsZstd", "5.4.18-1", codec == Codec::Zstd),
        ("LargeFiles", "4.12.0-1", facts.files.are_large),
        ("RichDependencies", "4.12.0-1", written.iter().any(|it| it.is_rich())),
        ("TildeInVersions", "4.10.0-1", holds('~')),
        ("CaretInVersions", "4.15.0-1", holds('^')),
    ];
    let ask = |(feature, version, _)| Relation {
        name: format!("rpmlib({feature})"),
        version: String::from(version),
        flags: sense::RPMLIB | sense::LESS | sense::EQUAL,
    };
    features.into_iter().filter(|(_, _, needed)| *needed).map(ask).collect()
}

/// Writes a list sorted and without doubles, as rpm wants it for its searches.
fn put(header: &mut Header, tags: [u32; 3], mut list: Vec<Relation>) {
    list.sort();
    list.dedup();
    let [names, versions, flags] = tags;
    header.set(names, Value::Texts(list.iter().map(|it| it.name.clone()).collect()));
    header.set(versions, Value::Texts(list.iter().map(|it| it.version.clone()).collect()));
    header.set(flags, Value::Int32(list.iter().map(|it| it.flags).collect()));
}
