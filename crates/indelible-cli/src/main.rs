//! The binary `indelible`.

use std::process::ExitCode;

fn main() -> ExitCode {
    indelible_cli::run(std::env::args_os())
}
