//! Hostile mails of the foreign suites, judged by the program beside a real clamd with a database of our own.
//!
//! Suites are read from `WEHR_SUITES` or `../shared/suites`. Where clamd is missing the cases are left out by name, or
//! fail when `CI` or `WEHR_REQUIRE_PARTS` is set; libtest cannot leave out at run time, so there is a main of its own.

// A case fails by panicking; clippy's leave for tests covers only functions marked #[test].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/clamd.rs"]
mod clamd;
mod expectation;
mod suites;

use clamd::Clamd;
use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    time::Instant,
};
use suites::Case;

/// How long a mail may take that was made to take long.
const SECONDS_MAX: u64 = 10;

/// A name, and what is done with the scanner.
type Check = (&'static str, fn(&Clamd));

const CASES: [Check; 5] = [
    ("hidden_content_is_refused", |clamd| as_expected(clamd, &suites::noxxi())),
    ("programs_of_clamav_are_refused", |clamd| as_expected(clamd, &suites::clamav())),
    ("attachments_are_refused", |clamd| as_expected(clamd, &suites::attachments())),
    ("sealed_mails_are_refused", |clamd| as_expected(clamd, &suites::sealed())),
    ("bombs_end_in_time", bombs_end_in_time),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    if has("--list") {
        for (name, _) in CASES {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let is_chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    // libtest's `--ignored` asks for ignored tests only; there are none here.
    let cases: Vec<_> = CASES.iter().filter(|(name, _)| !has("--ignored") && is_chosen(name)).collect();
    println!("\nrunning {} tests", cases.len());
    let is_required = ["CI", "WEHR_REQUIRE_PARTS"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0" && value != "false"));
    let is_left_out = !Path::new(clamd::CLAMD).exists() && !is_required;
    let (mut scanner, mut failed) = (None, 0);
    for (name, run) in &cases {
        if is_left_out {
            println!("test {name} ... ignored, clamd is missing (Debian package clamav-daemon)");
            continue;
        }
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| run(scanner.get_or_insert_with(suites::scanner)))).is_ok();
        failed += usize::from(!done);
        println!("test {name} ... {} ({:.1} s)", if done { "ok" } else { "FAILED" }, begun.elapsed().as_secs_f32());
    }
    let (word, left_out) = (if failed == 0 { "ok" } else { "FAILED" }, if is_left_out { cases.len() } else { 0 });
    let passed = cases.len() - failed - left_out;
    println!("\ntest result: {word}. {passed} passed; {failed} failed; {left_out} ignored; 0 measured\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Judges all mails of a suite in one process, prints how many are as expected, and fails on what is not.
fn as_expected(clamd: &Clamd, cases: &[Case]) {
    let reports = suites::judged(clamd, cases);
    expectation::compare(cases, &reports);
}

/// Every mail that is there to take long, alone, by the clock.
fn bombs_end_in_time(clamd: &Clamd) {
    for case in suites::attachments().into_iter().filter(|case| expectation::is_about_time(&case.expect)) {
        let begun = Instant::now();
        let id = case.id.clone();
        suites::judged(clamd, &[case]);
        let took = begun.elapsed();
        println!("  {took:8.1?} {id}");
        assert!(took.as_secs() < SECONDS_MAX, "{id} took {took:?}");
    }
}
