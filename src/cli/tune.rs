//! `wehr tune`: fits the scores of rules to labelled mails and writes them as a patch, or into the rule files.
//!
//! Reads mails and rules; asks nobody.

use super::{
    output::{self, Ending, printable},
    progress::Share,
    replay::{
        crew::{self, Crew},
        files,
        stop::Stop,
    },
    scan::input::Inputs,
};
use crate::{
    config::rules,
    doors::paper,
    judge::{findings::Score, rules::ruleset::Sources},
    limits,
    replay::tune::{
        Tuning, Worth,
        knobs::Knobs,
        patch,
        samples::{Samples, fold},
        tune,
    },
};
use clap::Args;
use std::{
    collections::{BTreeMap, HashMap},
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// Fit the scores of rules to labelled mails: as much unwanted mail as can be caught at a bearable share of ham.
///
/// No score changes its sign, no rule that does not reach the tag threshold alone comes to reach it, none refuses alone.
/// Locked are the symbols of --lock, rules with `locked = true` and rules that demand an action. What counts is told on
/// mails that the fit has not seen. PATHs are what replay reads.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Tune {
    /// Folder of rule files; default: the embedded packs
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose policy and rules count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where labels come from: folder, or a file with lines PATH, tab, ham, spam or phish
    #[arg(long, value_name = "folder|FILE", default_value = "folder")]
    labels: PathBuf,
    /// File with lines PATH, tab, campaign: mails of a campaign are held out together
    #[arg(long, value_name = "FILE")]
    campaigns: Option<PathBuf>,
    /// Highest share of ham at or above the tag threshold
    #[arg(long, value_name = "RATE", default_value_t = 0.001, value_parser = rate)]
    false_positives: f64,
    /// Into how many parts the mails are cut; each is judged by scores fitted to the others
    #[arg(long, value_name = "K", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(2..=i64::from(limits::TUNE_FOLDS_MAX)))]
    folds: u32,
    /// Symbol whose score stays; may be given several times
    #[arg(long, value_name = "SYMBOL")]
    lock: Vec<String>,
    /// Write the new scores as a unified diff, - for stdout
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    patch: Option<PathBuf>,
    /// Put the new scores into the files of --rules
    #[arg(long, requires = "rules")]
    write: bool,
    /// Threads that judge; default: one for each core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    /// Messages, folders, Maildirs, mboxes, case folders, tar archives, or - for stdin
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

const HELP: &str = "\
Exit code: 0 new scores that are better on held-out mails; 1 none are, and nothing is written; 2 wrong usage, or an input
           could not be read (then nothing is written); 130 stopped by Ctrl-C

Example:
  wehr tune ham/ spam/ --rules rules --false-positives 0.001 --patch scores.patch && git apply scores.patch";

fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate)).ok_or_else(|| "not a share from 0 to 1".to_owned())
}

impl Tune {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        let told = match self.tuned() {
            Ok(None) => return Ok(Ending::Interrupted),
            Ok(Some((tuning, sources))) => self.keep(&tuning, &sources).map(|patch| (tuning, patch)),
            Err(told) => Err(told),
        };
        let (tuning, patch) = match told {
            Ok(told) => told,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        if self.json {
            output::json(&tuning)?;
        } else {
            output::line(text(&tuning))?;
        }
        if let Some(patch) = patch {
            output::line(patch.trim_end_matches('\n'))?;
        }
        Ok(if tuning.is_better { Ending::Fine } else { Ending::Finding })
    }

    /// Judges the mails and fits; `None` if that was stopped.
    fn tuned(&self) -> Result<Option<(Tuning, Sources)>, String> {
        let rulebook = files::rulebook(self.config.as_deref(), self.rules.as_deref())?;
        let sources = rules::find(self.rules.as_deref()).map_err(|errors| errors.to_string())?.sources;
        let knobs = Knobs::of(&rulebook, &self.lock)?;
        let campaigns = self.campaigns.as_deref().map(campaigns).transpose()?.unwrap_or_default();
        let labels = files::labels(&self.labels)?;
        let crew = Crew {
            rulebook,
            before: None,
            compares_recorded: false,
            labels,
            shard: None,
            wants_digest: false,
            wants_mail_digest: true,
            scales: None,
        };
        let stop = Stop::on_interrupt();
        let watched = Share::of(&self.paths);
        let inputs = Inputs::counted(&self.paths, watched.counter());
        let (mut samples, mut unread) = (Samples::default(), Vec::new());
        let done = crew.run(inputs, self.jobs.map_or_else(crew::cores, usize::from), &stop, |done| {
            watched.step();
            match done {
                Ok(done) => {
                    let row = done.row;
                    let name = campaigns.get(&row.name()).unwrap_or(&row.digest);
                    samples.add(&row, &knobs, fold(name, self.folds));
                }
                Err(told) => unread.push(printable(&told)),
            }
            Ok(())
        });
        drop(watched);
        done.map_err(|error| error.to_string())?;
        if stop.is_asked() {
            return Ok(None);
        }
        if !unread.is_empty() {
            return Err(unread.join("\n"));
        }
        Ok(Some((tune(&knobs, &samples, self.folds, self.false_positives)?, sources)))
    }

    /// Writes what is to be written; the patch where it goes to stdout.
    fn keep(&self, tuning: &Tuning, sources: &Sources) -> Result<Option<String>, String> {
        if !tuning.is_better || (self.patch.is_none() && !self.write) {
            return Ok(None);
        }
        let scores: BTreeMap<String, Score> =
            tuning.changes.iter().map(|change| (change.symbol.clone(), change.score)).collect();
        let mut patch = String::new();
        for (file, before) in &sources.files {
            let after = patch::edited(file, before, &scores).map_err(|errors| errors.to_string())?;
            if self.write && after != *before {
                paper::replace(Path::new(file), after.as_bytes()).map_err(|error| format!("{file}: {error}"))?;
            }
            patch.push_str(&patch::diff(&self.named(file), before, &after));
        }
        match &self.patch {
            None => Ok(None),
            Some(file) if file == Path::new("-") => Ok(Some(patch)),
            Some(file) => fs::write(file, patch).map(|()| None).map_err(|error| format!("{}: {error}", file.display())),
        }
    }

    /// A rule file as a patch names it: from this folder, or from its own if that is not below this one.
    fn named(&self, file: &str) -> String {
        if self.rules.is_none() {
            return format!("rules/{file}");
        }
        let real = fs::canonicalize(file).unwrap_or_else(|_| PathBuf::from(file));
        let here = env::current_dir().and_then(fs::canonicalize).unwrap_or_default();
        match real.strip_prefix(here) {
            Ok(below) => below.display().to_string(),
            Err(_) => real.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// The campaign of each path.
fn campaigns(path: &Path) -> Result<HashMap<String, String>, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let pair = |(number, line): (usize, &str)| {
        let (path, campaign) =
            line.rsplit_once('\t').ok_or_else(|| format!("{name}:{}: not PATH, a tab, and a campaign", number + 1))?;
        Ok((path.to_owned(), campaign.to_owned()))
    };
    lines.map(pair).collect()
}

/// The result for people.
fn text(tuning: &Tuning) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "{} mails, {} folds, at most {:.3} % of ham at the tag threshold ({} without label, {} decided by an action, {} beyond our bound: left out)",
        tuning.mails,
        tuning.folds,
        tuning.false_positives * 100.0,
        tuning.unlabelled,
        tuning.decided_by_action,
        tuning.left_out
    );
    let mut table = |title: &str, before: &Worth, after: &Worth| {
        let _ = writeln!(out, "\n{title:36}  before    after");
        let mut line = |what: &str, before: String, after: String| {
            let _ = writeln!(out, "  {what:34}{before:>8} {after:>8}");
        };
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        line("ham tagged", before.ham_tagged.to_string(), after.ham_tagged.to_string());
        line("unwanted mail caught", percent(before.catch_rate), percent(after.catch_rate));
        line("could be caught without ham", percent(before.catch_without_ham), percent(after.catch_without_ham));
        line("could be caught within the rate", percent(before.catch_within_rate), percent(after.catch_within_rate));
        line("area under the curve", format!("{:.4}", before.auc), format!("{:.4}", after.auc));
    };
    table("mails the fit has not seen", &tuning.held_out.before, &tuning.held_out.after);
    table("mails it has seen", &tuning.fitted.before, &tuning.fitted.after);
    let (changes, locked) = (tuning.changes.len(), tuning.locked.len());
    let _ = writeln!(out, "\n{changes} scores change, {} % of the fitted way; {locked} are locked", tuning.part);
    for change in &tuning.changes {
        let _ = writeln!(
            out,
            "  {:40}{:>7.2} -> {:>6.2}   in {} ham, {} unwanted",
            change.symbol, change.before, change.after, change.ham, change.unwanted
        );
    }
    let told = if tuning.is_better {
        "better on mails the fit has not seen"
    } else {
        "not better on mails the fit has not seen: nothing is written"
    };
    out.push_str(told);
    out
}
