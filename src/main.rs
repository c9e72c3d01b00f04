//! The program `factory`: everything is in the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    factory::cli::main()
}
