//! The report as one page that needs nothing else: plots, tables to sort and filter, flipped mails.
//!
//! Pure. Everything foreign is escaped, and the page's policy forbids every request.

use super::{
    flips::Flips,
    plot,
    report::Report,
    row::name,
    sweep::{Catch, Point},
};
use std::fmt::{Display, Write as _};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut body = String::new();
    head(&mut body, report);
    plots(&mut body, report);
    verdicts(&mut body, report);
    if let Some(flips) = &report.against {
        self::flips(&mut body, flips);
    }
    symbols(&mut body, report);
    costs(&mut body, report);
    listed(&mut body, "Never found", "Configured symbols that no mail had.", &report.never);
    listed(&mut body, "Errors", "Inputs that could not be read or judged, with their paths.", &report.errors.listed);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Replay of {} mails</title>\n<style>\n{STYLE}</style></head>\n\
         <body>\n{body}<script>\n{SCRIPT}</script>\n</body></html>\n",
        report.mails
    )
}

/// Text between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if letter.is_control() => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn add(out: &mut String, text: impl Display) {
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{text}");
}

fn head(out: &mut String, report: &Report) {
    let count = |label: &str| report.labels.get(label).copied().unwrap_or(0);
    add(out, format_args!("<header><h1>Replay of {} mails</h1>", report.mails));
    add(
        out,
        format_args!(
            "<p>{} ham, {} spam, {} phish, {} unlabelled; {:.1} s, {} mails a second, {} a second and core, {} jobs</p></header>",
            count("ham"),
            count("spam"),
            count("phish"),
            count("unlabelled"),
            report.seconds,
            report.mails_per_second,
            report.mails_per_second_per_core,
            report.jobs
        ),
    );
    if report.interrupted {
        add(out, "<p class=\"warning\">Stopped before the end: this is what was known until then.</p>");
    }
    if report.not_recorded.mails > 0 {
        let kinds: Vec<String> =
            report.not_recorded.questions.iter().map(|(kind, mails)| format!("{kind}: {mails}")).collect();
        let kinds = escaped(&kinds.join(", "));
        let mails = report.not_recorded.mails;
        add(out, format_args!("<p class=\"warning\">{mails} mails asked what no record answers ({kinds}).</p>"));
    }
    let by = &report.confusion.by_caught;
    add(out, "<ul class=\"facts\">");
    let mut fact = |value: &str, what: &str| add(out, format_args!("<li><strong>{value}</strong>{what}</li>"));
    fact(&percent(by.catch_rate), "of unwanted mail caught");
    fact(&format!("{} ({})", by.false_positives, percent(by.ham_rate)), "ham mails caught");
    fact(&format!("{:.5}", report.sweep.auc), "area under the ROC curve");
    for Catch { ham_rate, threshold, catch_rate } in &report.sweep.catch_at {
        let what = format!("caught from {threshold:.2} on, at most {:.1} % of ham", ham_rate * 100.0);
        fact(&percent(*catch_rate), &what);
    }
    add(out, "</ul>");
}

fn plots(out: &mut String, report: &Report) {
    let by = &report.confusion.by_tag;
    let tag = Point { threshold: report.thresholds.tag, ham_rate: by.ham_rate, catch_rate: by.catch_rate };
    let is_labelled = !report.sweep.catch_at.is_empty();
    let key =
        "<svg viewBox=\"0 0 12 12\" style=\"width:.8em\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" class=";
    add(out, "<div class=\"plots\">");
    add(
        out,
        format_args!(
            "<figure><figcaption>Scores</figcaption><p>{key}\"ham\"/></svg> ham &nbsp; {key}\"unwanted\"/></svg> unwanted &nbsp; \
             {key}\"unlabelled\"/></svg> unlabelled; each as a share of its class</p>{}</figure>",
            plot::histogram(&report.histogram, &report.thresholds)
        ),
    );
    if is_labelled {
        add(
            out,
            format_args!(
                "<figure><figcaption>Every threshold (ROC)</figcaption><p>Unwanted mail caught, over the ham caught with it</p>{}</figure>",
                plot::roc(&report.sweep.points, Some(&tag))
            ),
        );
    }
    add(out, "</div>");
}

fn verdicts(out: &mut String, report: &Report) {
    add(out, "<h2>Verdicts</h2><div class=\"scroll\"><table><caption>Mails by action and label</caption><thead><tr>");
    for (title, class) in [("action", ""), ("ham", "n"), ("spam", "n"), ("phish", "n"), ("unlabelled", "n")] {
        add(out, format_args!("<th scope=\"col\" class=\"{class}\">{title}</th>"));
    }
    add(out, "</tr></thead><tbody>");
    for line in &report.confusion.by_action {
        add(out, format_args!("<tr><th scope=\"row\">{}</th>", line.action));
        for count in [line.ham, line.spam, line.phish, line.unlabelled] {
            add(out, format_args!("<td class=\"n\">{count}</td>"));
        }
        add(out, "</tr>");
    }
    add(out, "</tbody></table></div>");
}

/// A table whose columns sort and whose lines are filtered by what is typed.
fn table(
    out: &mut String,
    id: &str,
    caption: &str,
    columns: &[(&str, bool)],
    lines: impl Iterator<Item = Vec<String>>,
) {
    add(
        out,
        format_args!(
            "<p><label>Filter <input type=\"search\" data-table=\"{id}\"></label> <output data-table=\"{id}\"></output></p>\
             <div class=\"scroll\"><table class=\"sortable\" id=\"{id}\"><caption>{caption}</caption><thead><tr>"
        ),
    );
    let class = |is_number: bool| if is_number { " class=\"n\"" } else { "" };
    for (title, is_number) in columns {
        add(out, format_args!("<th scope=\"col\"{}>{title}</th>", class(*is_number)));
    }
    add(out, "</tr></thead><tbody>");
    for line in lines {
        out.push_str("<tr>");
        for (at, (cell, (_, is_number))) in line.iter().zip(columns).enumerate() {
            let cell = escaped(cell);
            let _ = if at == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(out, "<td{}>{cell}</td>", class(*is_number))
            };
        }
        out.push_str("</tr>\n");
    }
    add(out, "</tbody></table></div>");
}

fn costs(out: &mut String, report: &Report) {
    const COLUMNS: [(&str, bool); 3] = [("rule", false), ("ns per KiB", true), ("share %", true)];
    if report.costs.is_empty() {
        return;
    }
    add(out, "<h2>Costs</h2>");
    let lines = report.costs.iter().map(|line| {
        vec![line.name.clone(), format!("{:.1}", line.nanos_per_kib), format!("{:.2}", line.share * 100.0)]
    });
    let caption = "What each rule takes by itself, sub-rules included; together they share their passes and take less";
    table(out, "costs", caption, &COLUMNS, lines);
}

fn symbols(out: &mut String, report: &Report) {
    const COLUMNS: [(&str, bool); 11] = [
        ("symbol", false),
        ("ham", true),
        ("unwanted", true),
        ("unlabelled", true),
        ("S/O", true),
        ("score", true),
        ("decides %", true),
        ("found most with", false),
        ("overlap %", true),
        ("group", false),
        ("cost", false),
    ];
    let lines = report.symbols.iter().map(|line| {
        let spam_over_overall = line.spam_over_overall;
        vec![
            line.name.clone(),
            line.ham.to_string(),
            line.unwanted.to_string(),
            line.unlabelled.to_string(),
            if spam_over_overall < 0.0 { String::new() } else { format!("{spam_over_overall:.3}") },
            format!("{:.2}", line.score),
            format!("{:.1}", (1.0 - line.redundancy) * 100.0),
            line.overlaps.clone(),
            format!("{:.0}", line.overlap * 100.0),
            line.group.clone(),
            format!("{}{}", line.cost, if line.shadow { ", shadow" } else { "" }),
        ]
    });
    add(out, "<h2>Symbols</h2>");
    let caption = "S/O is 1 for a symbol found in unwanted mail only and 0 for one found in ham only; it decides where the action \
                   would be another without it";
    table(out, "symbols", caption, &COLUMNS, lines);
}

fn flips(out: &mut String, flips: &Flips) {
    const CAUSES: [(&str, bool); 6] = [
        ("symbol", false),
        ("flips", true),
        ("new false positives", true),
        ("mended", true),
        ("new catches", true),
        ("lost catches", true),
    ];
    const MAILS: [(&str, bool); 8] = [
        ("mail", false),
        ("label", false),
        ("before", false),
        ("score", true),
        ("now", false),
        ("score", true),
        ("kind", false),
        ("causes", false),
    ];
    let against = escaped(&flips.against);
    let kinds = flips.kinds;
    add(
        out,
        format_args!(
            "<h2>Against {against}</h2><p>{} of {} mails flipped: {} new false positives, {} mended; {} new catches, {} lost.</p>",
            flips.flips,
            flips.compared,
            kinds.new_false_positives,
            kinds.mended_false_positives,
            kinds.new_catches,
            kinds.lost_catches
        ),
    );
    let causes = flips.causes.iter().map(|cause| {
        let kinds = cause.kinds;
        let counts = [
            cause.flips,
            kinds.new_false_positives,
            kinds.mended_false_positives,
            kinds.new_catches,
            kinds.lost_catches,
        ];
        [cause.name.clone()].into_iter().chain(counts.iter().map(ToString::to_string)).collect()
    });
    table(out, "causes", "Symbols that made mails flip", &CAUSES, causes);
    let mails = flips.mails.iter().map(|flip| {
        vec![
            name(&flip.path, flip.index),
            flip.label.word().to_owned(),
            flip.before.clone(),
            format!("{:.2}", flip.score_before),
            flip.after.clone(),
            format!("{:.2}", flip.score_after),
            flip.kind.replace('_', " "),
            flip.causes.join(" "),
        ]
    });
    table(out, "flips", "Mails with another action than before", &MAILS, mails);
}

fn listed(out: &mut String, title: &str, about: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    add(out, format_args!("<h2>{title}</h2><details><summary>{about} ({})</summary><ul>", lines.len()));
    for line in lines {
        add(out, format_args!("<li class=\"path\">{}</li>", escaped(line)));
    }
    add(out, "</ul></details>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        assert_eq!(escaped("<a href='x'>&\"\u{7}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{7}");
        assert!(!STYLE.contains("url(") && !SCRIPT.contains("</script"));
    }
}
