//! The report for a terminal: tables and a histogram in characters.
//!
//! Pure.

use super::{
    flips::Flips,
    report::{ActionLine, ByTag, Report},
    sweep::{Bar, Catch, share},
    symbols::SymbolLine,
};
use std::fmt::{self, Write as _};

/// Lines of a table that are shown; JSON and the page have all.
const LINES_MAX: usize = 40;
/// Characters of the longest bar.
const BAR_WIDTH: u64 = 30;

/// The whole report.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = all(&mut out, report);
    out.trim_end().to_owned()
}

fn all(out: &mut String, report: &Report) -> fmt::Result {
    let count = |label: &str| report.labels.get(label).copied().unwrap_or(0);
    if report.interrupted {
        writeln!(out, "Stopped before the end: this is what was known until then.\n")?;
    }
    writeln!(
        out,
        "{} mails ({} ham, {} spam, {} phish, {} unlabelled) in {:.1} s: {} a second, {} a second and core ({} jobs)",
        report.mails,
        count("ham"),
        count("spam"),
        count("phish"),
        count("unlabelled"),
        report.seconds,
        report.mails_per_second,
        report.mails_per_second_per_core,
        report.jobs,
    )?;
    confusion(out, report)?;
    histogram(out, &report.histogram)?;
    if !report.sweep.catch_at.is_empty() {
        writeln!(out, "\nThresholds   area under the ROC curve {:.5}", report.sweep.auc)?;
        for Catch { ham_rate, threshold, catch_rate } in &report.sweep.catch_at {
            let (ham, caught) = (ham_rate * 100.0, catch_rate * 100.0);
            writeln!(out, "  at most {ham:.1} % of ham: from {threshold:.2}, {caught:.2} % of unwanted mail caught")?;
        }
    }
    symbols(out, &report.symbols)?;
    if !report.costs.is_empty() {
        writeln!(out, "\n{:38} {:>10} {:>7}", "What rules take by themselves", "ns per KiB", "share")?;
        for line in report.costs.iter().take(LINES_MAX) {
            writeln!(out, "  {:36} {:>10.1} {:>6.2}%", line.name, line.nanos_per_kib, line.share * 100.0)?;
        }
        more(out, report.costs.len())?;
    }
    if !report.never.is_empty() {
        writeln!(out, "\nNever found ({}): {}", report.never.len(), report.never.join(" "))?;
    }
    if let Some(flips) = &report.against {
        self::flips(out, flips)?;
    }
    if report.not_recorded.mails > 0 {
        let kinds: Vec<String> =
            report.not_recorded.questions.iter().map(|(kind, mails)| format!("{kind} {mails}")).collect();
        writeln!(
            out,
            "\nNot recorded: {} mails asked what no record answers ({})",
            report.not_recorded.mails,
            kinds.join(", ")
        )?;
    }
    if report.errors.count > 0 {
        writeln!(out, "\nErrors: {}", report.errors.count)?;
        for told in report.errors.listed.iter().take(LINES_MAX) {
            writeln!(out, "  {told}")?;
        }
    }
    Ok(())
}

fn confusion(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "\nVerdicts            ham       spam      phish unlabelled")?;
    for ActionLine { action, ham, spam, phish, unlabelled } in &report.confusion.by_action {
        writeln!(out, "  {action:10} {ham:>10} {spam:>10} {phish:>10} {unlabelled:>10}")?;
    }
    let mut line = |what: &str, by: &ByTag| {
        writeln!(
            out,
            "  {what}: {} of {} unwanted mails caught ({:.2} %), {} of {} ham mails ({:.3} %)",
            by.true_positives,
            by.true_positives + by.false_negatives,
            by.catch_rate * 100.0,
            by.false_positives,
            by.false_positives + by.true_negatives,
            by.ham_rate * 100.0,
        )
    };
    line(&format!("score from {:.2} on", report.thresholds.tag), &report.confusion.by_tag)?;
    line("any action but accept", &report.confusion.by_caught)
}

fn histogram(out: &mut String, bars: &[Bar]) -> fmt::Result {
    let highest = bars.iter().map(|bar| bar.ham.max(bar.unwanted).max(bar.unlabelled)).max().unwrap_or(0);
    if highest == 0 {
        return Ok(());
    }
    writeln!(out, "\nScores           ham   unwanted unlabelled   (h ham, u unwanted)")?;
    let bar_of = |count: u64, mark: &str| {
        let width = (count * BAR_WIDTH).div_ceil(highest);
        mark.repeat(usize::try_from(width).unwrap_or(0))
    };
    for Bar { from, ham, unwanted, unlabelled, .. } in bars {
        let (wanted, other) = (bar_of(*ham, "h"), bar_of(*unwanted, "u"));
        writeln!(out, "  {from:>6.0} {ham:>10} {unwanted:>10} {unlabelled:>10}   {wanted}{other}")?;
    }
    Ok(())
}

fn symbols(out: &mut String, lines: &[SymbolLine]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:38} {:>8} {:>8} {:>6} {:>7} {:>6}  found most with",
        "Symbols", "ham", "unwanted", "S/O", "score", "needed"
    )?;
    for line in lines.iter().take(LINES_MAX) {
        let spam_over_overall =
            if line.spam_over_overall < 0.0 { "-".to_owned() } else { format!("{:.3}", line.spam_over_overall) };
        let partner = if line.overlaps.is_empty() {
            String::new()
        } else {
            format!("{} {:.0} %", line.overlaps, line.overlap * 100.0)
        };
        writeln!(
            out,
            "  {:36} {:>8} {:>8} {spam_over_overall:>6} {:>7.2} {:>5.1}%  {partner}",
            line.name,
            line.ham,
            line.unwanted,
            line.score,
            (1.0 - line.redundancy) * 100.0,
        )?;
    }
    more(out, lines.len())
}

fn flips(out: &mut String, flips: &Flips) -> fmt::Result {
    let Flips {
        against, compared, unknown, flips: flipped, kinds, causes, mails, same_verdicts, other_verdicts, ..
    } = flips;
    writeln!(
        out,
        "\nAgainst {against}: {flipped} of {compared} mails flipped ({:.2} %)",
        share(*flipped, *compared) * 100.0
    )?;
    writeln!(
        out,
        "  {} new false positives, {} mended; {} new catches, {} lost",
        kinds.new_false_positives, kinds.mended_false_positives, kinds.new_catches, kinds.lost_catches
    )?;
    if same_verdicts + other_verdicts > 0 {
        writeln!(out, "  {same_verdicts} whole verdicts are the recorded ones bit for bit, {other_verdicts} are not")?;
    }
    if *unknown > 0 {
        writeln!(out, "  {unknown} mails are not in what was compared with")?;
    }
    for cause in causes.iter().take(LINES_MAX) {
        writeln!(
            out,
            "  {:36} {:>6} flips, {} new false positives, {} new catches, {} lost",
            cause.name, cause.flips, cause.kinds.new_false_positives, cause.kinds.new_catches, cause.kinds.lost_catches
        )?;
    }
    more(out, causes.len())?;
    for flip in mails.iter().take(LINES_MAX) {
        writeln!(
            out,
            "  {}: {} {} {:.2} -> {} {:.2}, {} ({})",
            super::row::name(&flip.path, flip.index),
            flip.label.word(),
            flip.before,
            flip.score_before,
            flip.after,
            flip.score_after,
            flip.kind.replace('_', " "),
            flip.causes.join(" "),
        )?;
    }
    more(out, mails.len())
}

fn more(out: &mut String, lines: usize) -> fmt::Result {
    if lines > LINES_MAX {
        writeln!(out, "  ... and {} more: --json and --html have them", lines - LINES_MAX)
    } else {
        Ok(())
    }
}
