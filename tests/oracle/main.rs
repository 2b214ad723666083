//! The oracle: the real SpamAssassin reads the same rules and judges the same mails as our import of them.
//!
//! Each part is left out by name where SpamAssassin, its rules or the mails are missing, or fails when
//! `WEHR_REQUIRE_PARTS` is set. libtest cannot leave a test out at run time, so this target has a main of its own.

// A case fails by panicking; clippy's leave for tests covers only functions marked #[test].
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unwrap_used)]

mod arithmetic;
mod hits;
mod imported;
mod mails;
mod parsed;
mod parts;
mod patterns;

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

/// A case: passes, panics, or tells what it lacks.
type Case = (&'static str, fn() -> Result<(), String>);

const CASES: [Case; 5] = [
    ("parsed::every_rule_is_read_as_spamassassin_reads_it", parsed::every_rule),
    ("imported::enough_of_the_stock_rules_is_imported", imported::enough),
    ("arithmetic::every_meta_is_worth_what_it_is_there", arithmetic::every_meta),
    ("patterns::every_pattern_finds_what_it_finds_there", patterns::every_pattern),
    ("hits::rules_hit_the_mails_they_hit_there", hits::every_pair),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in CASES {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    // libtest's `--ignored` asks for ignored tests only; there are none here.
    let none = arguments.iter().any(|argument| argument == "--ignored");
    let cases: Vec<&Case> = CASES.iter().filter(|(name, _)| !none && is_wanted(name)).collect();
    println!("\nrunning {} tests", cases.len());
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    for (name, run) in &cases {
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(run));
        let seconds = begun.elapsed().as_secs_f32();
        match outcome {
            Ok(Ok(())) => (passed += 1, println!("test {name} ... ok ({seconds:.1} s)")).1,
            Ok(Err(lacking)) if env::var_os("WEHR_REQUIRE_PARTS").is_none() => {
                (left_out += 1, println!("test {name} ... ignored, {lacking}")).1;
            }
            Ok(Err(lacking)) => (failed += 1, println!("test {name} ... FAILED, {lacking}")).1,
            Err(_) => (failed += 1, println!("test {name} ... FAILED ({seconds:.1} s)")).1,
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let hidden = CASES.len() - cases.len();
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; {left_out} ignored; 0 measured; {hidden} filtered out\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
