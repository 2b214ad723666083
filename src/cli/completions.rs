//! `wehr completions`: completions of the command line, for shells.
//!
//! Touches stdout.

use super::{
    Line,
    output::{self, Ending},
};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0

Example:
  wehr completions bash > wehr.bash
Where shells look: /usr/share/bash-completion/completions/wehr, /usr/share/zsh/vendor-completions/_wehr,
/usr/share/fish/vendor_completions.d/wehr.fish")]
pub struct Completions {
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Line::command(), "wehr", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())?;
        Ok(Ending::Fine)
    }
}
