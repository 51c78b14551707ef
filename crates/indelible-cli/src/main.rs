//! The binary `indelible`.

use std::process::ExitCode;

/// Events, entries and rows are many small values of mixed sizes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    indelible_cli::run(std::env::args_os())
}
