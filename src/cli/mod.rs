//! The verbs of the program: one file each, parsed with clap.
//!
//! Exit codes: 0 fine, 1 a finding or a failed test, 2 wrong usage or unreadable input, 130 stopped by Ctrl-C.

pub mod audit;
pub mod campaigns;
pub mod completions;
pub mod config;
pub mod dashboards;
pub mod demo;
pub mod drill;
pub mod egress;
pub mod explain;
pub mod learn;
pub mod man;
pub mod output;
pub mod partners;
pub mod privacy;
pub mod progress;
pub mod pseudonym;
pub mod quarantine;
pub mod replay;
pub mod rules;
pub mod rules_import;
pub mod scan;
pub mod serve;
mod store;
pub mod tune;

use self::output::Ending;
use clap::{Parser, Subcommand};
use std::{io, process::ExitCode};

/// Inbound mail security filter: milter and LMTP proxy between MTA and mailstore.
#[derive(Debug, Parser)]
#[command(name = "wehr", version, propagate_version = true)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Take mail through the milter and LMTP doors
    Serve(serve::Serve),
    /// Show the filter at work on its own sample mails
    Demo(demo::Demo),
    /// Judge messages from files, folders, mboxes, case folders or stdin
    Scan(scan::Scan),
    /// Tell how the verdict of a message came about, and what would have changed it
    Explain(explain::Explain),
    /// Judge stored mails again and tell what the rules make of them, and what a change would change
    Replay(replay::Replay),
    /// Fit the scores of rules to labelled mails
    Tune(tune::Tune),
    /// Teach the model of this house what is wanted and what is not
    Learn(learn::Learn),
    /// Tell which partners still send in plaintext
    Partners(partners::Partners),
    /// List mails that reached many mailboxes within minutes
    Campaigns(campaigns::Campaigns),
    /// List, show, release and delete mail that was set aside
    Quarantine(quarantine::Quarantine),
    /// Show everything that is held about an address
    SubjectAccess(privacy::SubjectAccess),
    /// Delete what is held about an address
    Erase(privacy::Erase),
    /// Tell under which names somebody stands in the log
    Pseudonym(pseudonym::Pseudonym),
    /// Check and explain the configuration
    #[command(subcommand)]
    Config(config::Config),
    /// List, check, try, compile and import rules
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Write dashboards for Grafana and alert rules for Prometheus
    Dashboards(dashboards::Dashboards),
    /// Print every destination the configuration can contact, and what of a mail goes there
    Egress(egress::Egress),
    /// Tell in order what this installation does with mail and data, and what an auditor would find
    Audit(audit::Audit),
    /// Tell what would happen to mail if a dependency were down
    Drill(drill::Drill),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Write manual pages
    Man(man::Man),
}

/// Parses the command line and runs its verb.
#[must_use]
pub fn run() -> ExitCode {
    let ended = match Line::parse().verb {
        Verb::Serve(serve) => serve.run(),
        Verb::Demo(demo) => demo.run(),
        Verb::Scan(scan) => scan.run(),
        Verb::Explain(explain) => explain.run(),
        Verb::Replay(replay) => replay.run(),
        Verb::Tune(tune) => tune.run(),
        Verb::Learn(learn) => learn.run(),
        Verb::Partners(partners) => partners.run(),
        Verb::Campaigns(campaigns) => campaigns.run(),
        Verb::Quarantine(quarantine) => quarantine.run(),
        Verb::SubjectAccess(access) => access.run(),
        Verb::Erase(erase) => erase.run(),
        Verb::Pseudonym(pseudonym) => pseudonym.run(),
        Verb::Config(config) => config.run(),
        Verb::Rules(rules) => rules.run(),
        Verb::Dashboards(dashboards) => dashboards.run(),
        Verb::Egress(egress) => egress.run(),
        Verb::Audit(audit) => audit.run(),
        Verb::Drill(drill) => drill.run(),
        Verb::Completions(completions) => completions.run(),
        Verb::Man(man) => man.run(),
    };
    match ended {
        Ok(ending) => ExitCode::from(ending.code()),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(Ending::Fine.code()),
        Err(error) => {
            output::trouble(format_args!("wehr: {error}"));
            ExitCode::from(Ending::Unreadable.code())
        }
    }
}
