//! `wehr replay`: judges stored mails again and tells what the rules make of all of them.
//!
//! Reads files; asks nobody: what a mail's case does not answer is told as not recorded.

pub mod against;
#[cfg(feature = "parquet")]
pub mod columns;
pub mod crew;
pub mod demands;
pub mod files;
pub mod stop;

use self::{
    against::Against,
    crew::{Crew, Done, Shard},
    demands::Demands,
    stop::Stop,
};
use super::{
    output::{self, Ending, printable},
    progress::Share,
    scan::input::Inputs,
};
use crate::{
    judge::{findings::Symbol, rulebook::Rulebook, rules::program::cost::Scales},
    replay::{
        flips::Flips,
        html,
        label::Label,
        report::{Report, Run, report},
        tally::Tally,
        text::text,
    },
};
use clap::Args;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Judge stored mails again: what the rules catch, what they cost in ham, and what a change of rules would change.
///
/// Nobody is asked. A mail in a case folder is judged on its recorded facts; of any other, client, envelope and time
/// are guessed from its header section as scan does. Labels come from folders called ham, spam or phish.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Replay {
    /// Folder of rule files that replace the embedded packs
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose policy and rules count
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to compare with: another folder of rules, what --json --mails printed before, or the verdicts recorded in case folders
    #[arg(long, value_name = "DIR|REPORT|recorded")]
    against: Option<PathBuf>,
    /// Where labels come from: folder, or a file with lines PATH, tab, ham, spam or phish
    #[arg(long, value_name = "folder|FILE", default_value = "folder")]
    labels: PathBuf,
    /// Threads that judge; default: one for each core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// One JSON object at the end
    #[arg(long)]
    json: bool,
    /// With --json: one object for each mail before it
    #[arg(long, requires = "json")]
    mails: bool,
    /// Measure what each rule takes by itself: twice the time or more, and figures that differ from run to run
    #[arg(long)]
    costs: bool,
    /// Write the report as one page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the mails as a Parquet file: a row a mail, a column a symbol
    #[cfg(feature = "parquet")]
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// End with 1 on: new-fp, flip, fp, each also with >N; several with commas
    #[arg(long, value_name = "DEMANDS", default_value = "")]
    fail_on: Demands,
    /// Take only every Nth mail, chosen by its path: part I of N
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Messages, folders, Maildirs, mboxes, case folders, tar archives (.tar, .tar.gz, .tar.zst), or - for stdin
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

const HELP: &str = "\
Exit code: 0 done; 1 something that --fail-on names has come; 2 wrong usage, or an input could not be read (the others
           are still judged); 130 stopped by Ctrl-C (what was known is printed)

Example:
  mkdir -p ham && printf 'From: a@school.example\\r\\nSubject: hello\\r\\n\\r\\nhello\\r\\n' > ham/1.eml && wehr replay ham";

/// What has been added up.
struct Sums {
    tally: Tally,
    flips: Option<Flips>,
    ending: Ending,
}

impl Replay {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        match self.ready() {
            Ok((crew, against)) => self.replay(&crew, &against),
            Err(told) => {
                output::trouble(told);
                Ok(Ending::Unreadable)
            }
        }
    }

    /// Reads rules, labels and what to compare with.
    fn ready(&self) -> Result<(Crew, Against), String> {
        if self.fail_on.need_comparison() && self.against.is_none() {
            return Err("--fail-on new-fp and flip need --against".to_owned());
        }
        let labels = files::labels(&self.labels)?;
        let rulebook = self.rulebook(self.rules.as_deref())?;
        let against = match &self.against {
            None => Against::Nothing,
            Some(word) if word == Path::new("recorded") => Against::Recorded,
            Some(path) => Against::open(path, |rules| self.rulebook(Some(rules)))?,
        };
        let scales = self.costs.then(|| Arc::new(Scales::of(&rulebook.rules.program)));
        let crew = Crew {
            rulebook,
            before: against.rulebook(),
            compares_recorded: matches!(against, Against::Recorded),
            labels,
            shard: self.shard,
            wants_digest: self.lists_mails(),
            wants_mail_digest: self.lists_mails(),
            scales,
        };
        Ok((crew, against))
    }

    fn rulebook(&self, rules: Option<&Path>) -> Result<Arc<Rulebook>, String> {
        files::rulebook(self.config.as_deref(), rules)
    }

    fn replay(&self, crew: &Crew, against: &Against) -> io::Result<Ending> {
        let stop = Stop::on_interrupt();
        let jobs = self.jobs.map_or_else(crew::cores, usize::from);
        let began = Instant::now();
        let flips = against.name().map(Flips::against);
        let mut sums = Sums { tally: Tally::default(), flips, ending: Ending::Fine };
        #[cfg(feature = "parquet")]
        let mut columns = match self.columns(&crew.rulebook) {
            Ok(columns) => columns,
            Err(told) => {
                output::trouble(told);
                return Ok(Ending::Unreadable);
            }
        };
        let watched = Share::of(&self.paths);
        let inputs = Inputs::counted(&self.paths, watched.counter());
        let thresholds = crew.rulebook.thresholds;
        let mut voice = self.voice();
        let done = crew.run(inputs, jobs, &stop, |done| {
            watched.step();
            match done {
                Ok(Done { row, before, is_same, took }) => {
                    sums.tally.add(&row, thresholds.tag);
                    if let Some(scales) = &crew.scales {
                        let names = scales.symbols().map(Symbol::as_str);
                        sums.tally.costs.add(row.bytes, names.zip(took));
                    }
                    if let Some(flips) = &mut sums.flips {
                        flips.add(before.as_ref().or_else(|| against.side(&row)), &row, thresholds);
                        flips.hold(is_same);
                    }
                    #[cfg(feature = "parquet")]
                    columns.as_mut().map_or(Ok(()), |columns| columns.add(&row))?;
                    if self.mails { voice.say(|| output::json(&row)) } else { Ok(()) }
                }
                Err(told) => {
                    output::trouble(printable(&told));
                    sums.tally.fail(told);
                    sums.ending = Ending::Unreadable;
                    Ok(())
                }
            }
        });
        done?;
        drop(watched);
        #[cfg(feature = "parquet")]
        columns.map_or(Ok(()), columns::Columns::finish)?;
        let shard = self.shard.map(|shard| shard.to_string()).unwrap_or_default();
        let run = Run { took: began.elapsed(), jobs, shard, interrupted: stop.is_asked() };
        let report = report(&sums.tally, &crew.rulebook, &run, sums.flips.as_ref());
        self.tell(&report, voice, sums.ending)
    }

    /// Does somebody get every mail by itself?
    fn lists_mails(&self) -> bool {
        #[cfg(feature = "parquet")]
        if self.parquet.is_some() {
            return true;
        }
        self.mails
    }

    /// The Parquet file with a column for every symbol that can be reported.
    #[cfg(feature = "parquet")]
    fn columns(&self, rulebook: &Rulebook) -> Result<Option<columns::Columns>, String> {
        let Some(path) = &self.parquet else { return Ok(None) };
        let symbols = rulebook.rules.table.keys().map(ToString::to_string).filter(|name| !name.starts_with("__"));
        columns::Columns::create(path, symbols).map(Some).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What goes to stdout; files and demands are met even if nobody reads that any more.
    fn voice(&self) -> Voice {
        let writes = self.html.is_some() || !self.fail_on.is_empty();
        #[cfg(feature = "parquet")]
        let writes = writes || self.parquet.is_some();
        Voice { is_heard: true, goes_on: writes }
    }

    fn tell(&self, report: &Report, mut voice: Voice, mut ending: Ending) -> io::Result<Ending> {
        if self.json {
            voice.say(|| output::json(report))?;
        } else {
            voice.say(|| output::line(text(report).lines().map(printable).collect::<Vec<_>>().join("\n")))?;
        }
        if let Some(file) = &self.html
            && let Err(error) = fs::write(file, html::page(report))
        {
            output::trouble(format_args!("{}: {error}", file.display()));
            ending = Ending::Unreadable;
        }
        let is_labelled = report.labels.iter().any(|(label, count)| *label != Label::Unlabelled.word() && *count > 0);
        let expects_labels = self.labels != Path::new("folder") && self.shard.is_none() && report.mails > 0;
        if expects_labels && !is_labelled && !report.interrupted {
            output::trouble(format_args!(
                "{}: none of its paths is that of a mail here; give them as they are reported (--mails shows them)",
                self.labels.display()
            ));
            ending = ending.max(Ending::Unreadable);
        }
        if let Some(flips) = report.against.as_ref().filter(|flips| flips.unknown > 0) {
            output::trouble(format_args!("--against: {} mails have nothing there to be compared with", flips.unknown));
            if flips.compared == 0 && self.fail_on.need_comparison() && !report.interrupted {
                output::trouble(
                    "--fail-on: no mail was compared; a report knows mails by the paths it was given, `recorded` knows cases only",
                );
                ending = ending.max(Ending::Unreadable);
            }
        }
        for met in self.fail_on.met(report) {
            output::trouble(format_args!("--fail-on: {met}"));
            ending = ending.max(Ending::Finding);
        }
        Ok(if report.interrupted { Ending::Interrupted } else { ending })
    }
}

/// Stdout, which may be closed before everything is said.
struct Voice {
    is_heard: bool,
    /// The run goes on then.
    goes_on: bool,
}

impl Voice {
    fn say(&mut self, say: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if !self.is_heard {
            return Ok(());
        }
        match say() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.goes_on => {
                self.is_heard = false;
                Ok(())
            }
            said => said,
        }
    }
}
