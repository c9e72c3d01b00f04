//! Tables that several parts of a recipe have, as written.

use super::scalars as read;
use crate::{
    names::{Account, Concern, RunAs},
    util::toml::{boolean, line, one_line, one_of, sub_table, table},
};

table! {
    "an entry of `allow`" struct RawAllowance {
        check: Concern = one_of("check", Concern::WORDS),
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
