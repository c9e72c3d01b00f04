//! `factory-update`: see [`factory_update`].

use std::process::ExitCode;

fn main() -> ExitCode {
    factory_update::cli::main()
}
