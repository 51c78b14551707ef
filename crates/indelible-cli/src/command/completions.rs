//! `indelible completions`

use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use crate::failure::{Failure, Status};
use crate::session::Session;

/// Prints a shell's completions for this program
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible completions bash > ~/.local/share/bash-completion/completions/indelible
  indelible completions zsh > ~/.zfunc/_indelible
  indelible completions fish > ~/.config/fish/completions/indelible.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, session: &Session) -> Result<Status, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut crate::interface(),
            "indelible",
            &mut script,
        );
        let mut out = session.output.writer();
        out.write_all(&script)?;
        out.flush()?;
        Ok(Status::Fine)
    }
}
