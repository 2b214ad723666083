//! `wehr rules import-spamassassin`: turns a folder of `.cf` files into packs and lists of our language.
//!
//! Reads and writes files.

use super::output::{self, Ending};
use crate::judge::rules::import::{self, report::Fate, site::ScoreSet, site::Site};
use clap::{Args, ValueEnum};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Turn SpamAssassin's rule files into packs
///
/// Conditions in the files (`ifplugin`, `if can(...)`) are answered as Debian's installation of SpamAssassin 4.0.1
/// answers them. Prints how many rules of each kind are exact, bounded (run with a step limit), left out and off, and with
/// --verbose or --json every rule with its reason. Files of the same name in OUT are replaced.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wehr rules import-spamassassin /usr/share/spamassassin -o packs/")]
pub struct ImportSpamassassin {
    /// Folder with `.cf` files; they are read in the order of their names
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Folder for the packs, made if it is missing; lists go to `lists/` in it
    #[arg(short, long, value_name = "OUT")]
    out: PathBuf,
    /// Which of a rule's four scores count
    #[arg(long, value_enum, default_value_t)]
    scores: Scores,
    /// Every rule that is left out or off, with the reason
    #[arg(long)]
    verbose: bool,
    /// JSON, one object per line: every rule, then the totals
    #[arg(long)]
    json: bool,
}

/// Which scores.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Scores {
    /// Those for neither network tests nor Bayes
    #[default]
    Local,
    /// Those for network tests without Bayes
    Network,
}

impl ImportSpamassassin {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let files = match rule_files(&self.from) {
            Ok(files) if !files.is_empty() => files,
            Ok(_) => {
                output::trouble(format_args!("{}: no `.cf` file is here", self.from.display()));
                return Ok(Ending::Unreadable);
            }
            Err(error) => {
                output::trouble(format_args!("{}: {error}", self.from.display()));
                return Ok(Ending::Unreadable);
            }
        };
        let scores = match self.scores {
            Scores::Local => ScoreSet::Local,
            Scores::Network => ScoreSet::Network,
        };
        let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
        let imported = import::import(&borrowed, Site::stock(scores));
        if let Err((path, error)) = store(&self.out, &imported) {
            output::trouble(format_args!("{}: {error}", path.display()));
            return Ok(Ending::Unreadable);
        }
        self.tell(&imported)?;
        Ok(Ending::Fine)
    }

    fn tell(&self, imported: &import::Imported) -> io::Result<()> {
        let report = &imported.report;
        if self.json {
            for rule in &report.rules {
                output::json(rule)?;
            }
            return output::json(&serde_json::json!({
                "kinds": report.kinds, "without_eval": report.plain, "eval": report.functions, "left_out": report.reasons,
                "packs": imported.packs.len(), "lists": imported.lists.len(), "unread_lines": report.oddities,
            }));
        }
        for (file, line, what) in &report.oddities {
            output::trouble(format_args!("{file}:{line}: {what}"));
        }
        let is_told = |fate| self.verbose && matches!(fate, Fate::LeftOut | Fate::Off);
        for rule in report.rules.iter().filter(|rule| is_told(rule.fate)) {
            let word = if rule.fate == Fate::Off { "off" } else { "left out" };
            let why = rule.why.as_deref().unwrap_or_default();
            output::line(format_args!("{}:{}: {} {word}, {why}", rule.file, rule.line, rule.name))?;
        }
        output::line(format_args!(
            "{report}{} packs and {} lists in {}",
            imported.packs.len(),
            imported.lists.len(),
            self.out.display()
        ))
    }
}

/// Every `.cf` file of a folder, by name.
fn rule_files(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cf")
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            files.push((name.to_owned(), fs::read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// Writes packs and lists; the path that could not be written, and why.
fn store(out: &Path, imported: &import::Imported) -> Result<(), (PathBuf, io::Error)> {
    let lists = out.join("lists");
    fs::create_dir_all(&lists).map_err(|error| (lists.clone(), error))?;
    let packs = imported.packs.iter().map(|(name, text)| (out.join(name), text));
    for (path, text) in packs.chain(imported.lists.iter().map(|(name, text)| (lists.join(name), text))) {
        fs::write(&path, text).map_err(|error| (path.clone(), error))?;
    }
    Ok(())
}
