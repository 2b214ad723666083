//! `wehr explain`: how a verdict came about: facts, checks, sums, and what would have changed the action.
//!
//! Reads files; asks only whom the command line names.

use super::{
    output::{self, Ending, printable},
    scan::source::Source,
};
use crate::explain::{self, matches::Match, trace::Trace};
use clap::Args;
use std::{fmt::Write as _, io};

/// Tell how the verdict of a message came about, and what would have changed it.
///
/// Takes the same options and paths as scan.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Explain {
    #[command(flatten)]
    source: Source,
    /// Tell why a rule did not hit, or did: its condition with the value of each piece; may be given several times
    #[arg(long, value_name = "RULE")]
    why_not: Vec<String>,
}

const HELP: &str = "\
Exit code: 0 all messages would be accepted or tagged; 1 at least one would be quarantined, deferred or refused;
           2 wrong usage, or an input could not be read (the others are still explained)

Example:
  wehr explain --why-not MY_RULE mail.eml
  printf 'From: a@school.example\\r\\nSubject: hello\\r\\n\\r\\nhello\\r\\n' | wehr explain --ip 192.0.2.9 --from a@school.example -";

impl Explain {
    /// Runs the verb.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn run(self) -> io::Result<Ending> {
        self.source.judge(|bench, judged| {
            let rulebook = bench.rulebook_shared();
            let trace = explain::trace_of(judged, &rulebook, &self.why_not).map_err(io::Error::other)?;
            if self.source.json {
                output::json(&explain::told(judged, &rulebook, &trace))?;
            } else {
                output::line(text(&trace))?;
            }
            Ok(())
        })
    }
}

/// The trace for people.
fn text(trace: &Trace) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{label:10}{}", printable(text));
    };
    line("message", &trace.message);
    line("client", &trace.client);
    line("envelope", &trace.envelope);
    if !trace.guessed.is_empty() {
        line("", &format!("guessed from the header: {}", trace.guessed.join(", ")));
    }
    line("facts", &format!("{} in {} rounds", trace.facts.len(), trace.rounds));
    for fact in &trace.facts {
        let readers = if fact.read_by.is_empty() { "nobody".to_owned() } else { fact.read_by.join(", ") };
        line("", &format!("{} = {}   read by {readers}", fact.question, fact.answer));
    }
    line("auth", &trace.authentication);
    for check in &trace.checks {
        line("check", &format!("{}, looks at {}", check.name, check.bytes));
        for finding in &check.findings {
            let least = if finding.least_action == "accept" {
                String::new()
            } else {
                format!(", at least {}", finding.least_action)
            };
            let detail = if finding.detail.is_empty() { String::new() } else { format!(": {}", finding.detail) };
            line("", &format!("{:+7.2} {}{detail} ({}{least})", finding.score, finding.symbol, finding.about));
        }
        if check.findings.is_empty() {
            line("", "nothing found");
        }
    }
    for rule in &trace.rules {
        let mut marks = if rule.times > 1 { format!(", {} times", rule.times) } else { String::new() };
        marks.push_str(if rule.shadow { ", in the shadow" } else { "" });
        line("rule", &format!("{:+7.2} {} ({}{marks}), {}", rule.score, rule.symbol, rule.about, rule.place));
        for Match { field, octets: [start, end], text, before, after } in &rule.matches {
            line("", &format!("{field} at octets {start}..{end}: {before}[{text}]{after}"));
        }
    }
    if let Some(learned) = &trace.learned {
        line("learned", &format!("{:.4} that it is unwanted", learned.probability));
        for voice in &learned.voices {
            line("", &format!("{:+7.2} {} {:?}", voice.weight, voice.kind, voice.text));
        }
    }
    for why in &trace.why_not {
        for (at, told) in why.lines().iter().enumerate() {
            line(if at == 0 { "why" } else { "" }, told);
        }
    }
    line("sum", &trace.sum);
    line("action", &format!("{}, because {}", trace.action, trace.because));
    for change in &trace.changes {
        line("", &format!("{} -> {}", change.when, change.action));
    }
    if trace.changes.is_empty() {
        line("", "no single fact and no three findings less would have changed it");
    }
    for outcome in &trace.outcomes {
        line("outcome", outcome);
    }
    for edit in &trace.edits {
        line("edit", edit);
    }
    out
}
