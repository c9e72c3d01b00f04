//! The recipe as written: one table type for each table of the file, every value with its place. Applies no override
//! and no default.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    layers::{Layered, layered},
    places, scalars as read,
};
use crate::{
    names::{
        Account, ApiUrl, Concern, ForgeKind, ForgeProject, GitUrl, ImageName, PackageName, ProjectName, Relation,
        Repository, RepositoryName, RunAs, SourceName, StoreKey, UserName,
    },
    recipe::{Asked, BootstrapMode},
    util::toml::{
        At, alternatives, boolean, few, image_reference, line, list, map, number, one, one_line, one_of, os_package,
        paragraphs, parsed, plain_absolute, project, relation, sub_table, table, web_url,
    },
    work::wapt::read::RawWapt,
};

const BOOTSTRAP: [(&str, BootstrapMode); 3] =
    [("fallback", BootstrapMode::Fallback), ("always", BootstrapMode::Always), ("never", BootstrapMode::Never)];
const FORGES: [(&str, ForgeKind); 2] = [("gitlab", ForgeKind::Gitlab), ("github", ForgeKind::Github)];
const PRIORITIES: [(&str, &str); 4] =
    [("required", "required"), ("important", "important"), ("standard", "standard"), ("optional", "optional")];

table! {
    /// The whole file.
    "the recipe" struct RawRecipe {
        project: RawProject = sub_table,
        base: Layered<RawBase> = layered,
        python: Layered<RawPython> = layered,
        source: Vec<At<RawSource>> = few("[[source]]", sub_table),
        repository: Vec<At<RawRepository>> = few("[[repository]]", sub_table),
        user: Vec<At<RawUser>> = few("[[user]]", sub_table),
        image: Vec<At<Layered<RawImage>>> = few("[[image]]", layered),
        package: Vec<At<Layered<RawPackage>>> = few("[[package]]", layered),
        wapt: Vec<At<RawWapt>> = few("[[wapt]]", sub_table),
        test: RawTest = sub_table,
    }
}

table! {
    "[project]" struct RawProject {
        name: ProjectName = parsed,
        maintainer: String = places::maintainer,
        license: String = places::license,
        homepage: String = web_url,
        platforms: Vec<At<String>> = list(line),
        official: String = line,
        registry: String = places::registry,
        store_keys: Vec<At<StoreKey>> = list(parsed),
    }
}

table! {
    "[base]" struct RawBase {
        image: String = image_reference,
        bootstrap: BootstrapMode = one_of("bootstrap mode", &BOOTSTRAP),
        mirror: String = places::mirror,
        refresh: u32 = number(0..=3650),
    }
}

table! {
    "[python]" struct RawPython {
        prefix: String = read::prefix,
        requirements: PathBuf = project,
        constraints: Vec<At<PathBuf>> = list(project),
        no_binary: Vec<At<String>> = list(read::distribution),
        index_url: String = places::index_url,
        extra_index_urls: Vec<At<String>> = list(places::index_url),
        build_packages: Vec<At<String>> = list(os_package),
    }
}

table! {
    "[[source]]" struct RawSource {
        name: SourceName = parsed,
        git: GitUrl = places::git_url,
        reference as "ref": String = places::git_ref,
        submodules: bool = boolean,
    }
}

table! {
    "[[repository]]" struct RawRepository {
        name: RepositoryName = parsed,
        git: GitUrl = places::git_url,
        api: ApiUrl = places::api_url,
        forge: ForgeKind = one_of("forge", &FORGES),
        project: ForgeProject = parsed,
        token_env: String = read::token_env,
        reference as "ref": String = places::git_ref,
    }
}

table! {
    "[[user]]" struct RawUser {
        name: UserName = read::new_user,
        home: String = plain_absolute,
        shell: String = plain_absolute,
        comment: String = read::prose(read::gecos),
    }
}

table! {
    "[[image]]" struct RawImage {
        name: ImageName = parsed,
        from: ImageName = read::parent_image,
        repository: Repository = parsed,
        dockerfile: PathBuf = project,
        requirements: PathBuf = project,
        python: Vec<At<PathBuf>> = list(project),
        packages: Vec<At<String>> = list(os_package),
        users: Vec<At<UserName>> = list(parsed),
        contents: Vec<At<RawContent>> = list(sub_table),
        env: BTreeMap<String, String> = map(read::env_name, line),
        expose: Vec<At<String>> = list(read::port),
        user: RunAs = read::run_as,
        workdir: String = plain_absolute,
        entrypoint: Vec<At<String>> = list(line),
        cmd: Vec<At<String>> = list(line),
        labels: BTreeMap<String, String> = map(read::label_name, line),
        description: String = read::prose(one_line),
        allow: Vec<At<RawAllowance>> = list(sub_table),
    }
}

table! {
    "an entry of `allow`" struct RawAllowance {
        check: Concern = one_of("check", &Concern::WORDS),
        path: String = read::allowed,
        reason: String = one_line,
    }
}

table! {
    "an entry of `contents`" struct RawContent {
        src: String = line,
        dst: String = line,
        kind as "type": read::Kind = one_of("type", &read::KINDS),
        file_info: RawFileInfo = sub_table,
        enable: bool = boolean,
        start: bool = boolean,
        optional: bool = boolean,
    }
}

table! {
    "`file_info`" struct RawFileInfo {
        mode: u32 = read::mode,
        owner: RunAs = read::run_as,
        group: Account = read::account,
    }
}

table! {
    "[[package]]" struct RawPackage {
        name: PackageName = parsed,
        from: ImageName = parsed,
        epoch: u32 = number(0..=99_999),
        formats: Vec<At<Asked>> = list(read::format),
        summary: String = read::prose(read::summary),
        description: String = read::prose(paragraphs),
        section: String = read::section,
        priority: &'static str = one_of("priority", &PRIORITIES),
        contents: Vec<At<RawContent>> = list(sub_table),
        collect: Vec<At<String>> = list(read::collected),
        without: Vec<At<PackageName>> = list(parsed),
        users: Vec<At<UserName>> = list(parsed),
        scripts: RawScripts = sub_table,
        depends: Vec<At<Relation>> = list(alternatives),
        recommends: Vec<At<Relation>> = list(alternatives),
        suggests: Vec<At<Relation>> = list(alternatives),
        conflicts: Vec<At<Relation>> = list(relation),
        breaks: Vec<At<Relation>> = list(relation),
        replaces: Vec<At<Relation>> = list(relation),
        provides: Vec<At<Relation>> = list(relation),
        copyright: String = read::prose(one_line),
        license_file: PathBuf = project,
        changelog: PathBuf = project,
        lintian: Vec<At<RawOverride>> = list(sub_table),
        allow: Vec<At<RawAllowance>> = list(sub_table),
    }
}

table! {
    "`scripts`" struct RawScripts {
        preinstall: PathBuf = project,
        postinstall: PathBuf = project,
        preremove: PathBuf = project,
        postremove: PathBuf = project,
    }
}

table! {
    "an entry of `lintian`" struct RawOverride {
        tag: String = read::lintian_tag,
        reason: String = one_line,
    }
}

table! {
    "[test]" struct RawTest {
        unit: Vec<At<RawUnit>> = one("[[test.unit]]", sub_table),
    }
}

table! {
    "[[test.unit]]" struct RawUnit {
        name: String = read::unit,
        http: String = web_url,
        status: u16 = number(100..=599),
        alive: u32 = number(1..=3600),
        within: u32 = number(1..=3600),
        skip: String = one_line,
    }
}
