//! The recipe as written: one table type for each table of the file, every value with its place. Applies no override
//! and no default.

use std::path::PathBuf;

use super::{
    layers::{Layered, layered},
    license,
    part::Part,
    places, scalars as read,
    tables::RawAllowance,
};
use crate::{
    names::{ApiUrl, ForgeKind, ForgeProject, GitUrl, ProjectName, RepositoryName, SourceName, StoreKey, UserName},
    recipe::{BootstrapMode, parts::parts},
    util::toml::{
        At, boolean, few, image_reference, line, list, number, one, one_line, one_of, os_package, parsed,
        plain_absolute, project, service_url, set, sub_table, table, web_url,
    },
};

const BOOTSTRAP: [(&str, BootstrapMode); 3] =
    [("fallback", BootstrapMode::Fallback), ("always", BootstrapMode::Always), ("never", BootstrapMode::Never)];
const FORGES: [(&str, ForgeKind); 2] = [("gitlab", ForgeKind::Gitlab), ("github", ForgeKind::Github)];

macro_rules! recipe {
    ($($(#[doc = $doc:literal])* $part:ident => $list:ident: $one:ident,)+) => {
        table! {
            /// The whole file.
            "the recipe" struct RawRecipe {
                project: RawProject = sub_table,
                base: Layered<RawBase> = layered,
                python: Layered<RawPython> = layered,
                source: Vec<At<RawSource>> = few("[[source]]", sub_table),
                repository: Vec<At<RawRepository>> = few("[[repository]]", sub_table),
                user: Vec<At<RawUser>> = few("[[user]]", sub_table),
                $($part: Vec<At<<crate::work::$part::recipe::$one as Part>::Raw>> =
                    <crate::work::$part::recipe::$one as Part>::read,)+
                test: RawTest = sub_table,
            }
        }
    };
}
parts!(recipe);

table! {
    "[project]" struct RawProject {
        name: ProjectName = parsed,
        maintainer: String = places::maintainer,
        license: String = license::license,
        homepage: String = web_url,
        platforms: Vec<At<String>> = list(line),
        official: String = line,
        registry: String = places::registry,
        store_keys: Vec<At<StoreKey>> = list(parsed),
        allow: Vec<At<RawAllowance>> = list(sub_table),
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
        constraints: Vec<At<PathBuf>> = set(project),
        no_binary: Vec<At<String>> = set(read::distribution),
        index_url: String = places::index_url,
        extra_index_urls: Vec<At<String>> = set(places::index_url),
        build_packages: Vec<At<String>> = set(os_package),
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
        home: String = read::prose(plain_absolute),
        shell: String = read::prose(plain_absolute),
        comment: String = read::prose(read::gecos),
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
        http: String = service_url,
        status: u16 = number(100..=599),
        alive: u32 = number(1..=3600),
        within: u32 = number(1..=3600),
        skip: String = one_line,
    }
}
