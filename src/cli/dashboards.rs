//! `wehr dashboards`: writes dashboards for Grafana and alert rules for Prometheus.
//!
//! Writes files.

use super::output::{self, Ending};
use crate::telemetry::panels;
use clap::Args;
use std::{fs, io, path::PathBuf};

/// Write dashboards for Grafana (JSON) and alert rules for Prometheus (wehr.rules.yml).
///
/// They show the series of this very version. Grafana imports a dashboard by file or from a provisioned folder;
/// Prometheus reads the rules from `rule_files`. Every alert says what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 written; 2 a file could not be written

Example:
  wehr dashboards -o dashboards && promtool check rules dashboards/wehr.rules.yml")]
pub struct Dashboards {
    /// Folder for the files; made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

impl Dashboards {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        match self.write() {
            Ok(files) if self.json => output::json(&serde_json::json!({ "files": files }))?,
            Ok(files) => output::line(files.join("\n"))?,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        }
        Ok(Ending::Fine)
    }

    /// The files written.
    fn write(&self) -> Result<Vec<String>, String> {
        let told = |path: &PathBuf, error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(&self.output).map_err(|error| told(&self.output, error))?;
        let mut written = Vec::new();
        for (name, text) in panels::files() {
            let path = self.output.join(name);
            fs::write(&path, text).map_err(|error| told(&path, error))?;
            written.push(path.display().to_string());
        }
        Ok(written)
    }
}
