//! End to end on real parts: Postfix, our filter, Dovecot, clamd and a name server, all on loopback.
//!
//! One set of processes serves all cases, one after the other; each case says which parts it needs. Where one is
//! missing the case is left out by name, or fails when `CI` or `WEHR_REQUIRE_PARTS` is set. libtest cannot leave a
//! test out at run time nor end shared processes, so this target has a main of its own that prints the same lines.

// A case fails by panicking; clippy's leave for tests covers only functions marked #[test].
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unwrap_used)]

mod cases;
mod clamd;
mod dovecot;
mod ground;
mod lab;
mod nameserver;
mod parts;
mod postfix;
mod prometheus;
mod smtp;
mod stored;
mod wehr;

use lab::Lab;
use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

/// What became of a case.
enum Outcome {
    Passed,
    Failed,
    LeftOut(String),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    if arguments.iter().any(|argument| argument == "--list") {
        for case in cases::ALL {
            println!("{}: test", case.name);
        }
        return ExitCode::SUCCESS;
    }
    // libtest's `--ignored` asks for ignored tests only; there are none here.
    let cases: Vec<&cases::Case> = if arguments.iter().any(|argument| argument == "--ignored") {
        Vec::new()
    } else {
        cases::ALL.iter().filter(|case| chosen(case.name)).collect()
    };
    let begun = Instant::now();
    println!("\nrunning {} tests", cases.len());
    let (mut passed, mut failed, mut left_out) = (0, 0, 0);
    let mut lab = None;
    for case in &cases {
        let case_begun = Instant::now();
        let outcome = attempt(case, &mut lab);
        let seconds = case_begun.elapsed().as_secs_f32();
        match outcome {
            Outcome::Passed => (passed += 1, println!("test {} ... ok ({seconds:.1} s)", case.name)).1,
            Outcome::Failed => (failed += 1, println!("test {} ... FAILED ({seconds:.1} s)", case.name)).1,
            Outcome::LeftOut(why) => (left_out += 1, println!("test {} ... ignored, {why}", case.name)).1,
        }
    }
    if failed > 0
        && let Some(lab) = &lab
    {
        lab.ground.keep();
    }
    drop(lab);
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let hidden = cases::ALL.len() - cases.len();
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; {left_out} ignored; 0 measured; {hidden} filtered out; \
         finished in {:.2}s\n",
        begun.elapsed().as_secs_f32()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one case; the lab is set up for the first case that has its parts.
fn attempt(case: &cases::Case, lab: &mut Option<Lab>) -> Outcome {
    if let Some(why) = parts::missing(case.needs) {
        if parts::required() {
            println!("{}: {why}, and here a missing part is a failure", case.name);
            return Outcome::Failed;
        }
        return Outcome::LeftOut(why);
    }
    let result = catch_unwind(AssertUnwindSafe(|| {
        let lab = lab.get_or_insert_with(Lab::start);
        (case.run)(lab);
    }));
    if result.is_ok() {
        return Outcome::Passed;
    }
    // A case that failed half-way may have left a part stopped; the next case shall not suffer from it.
    if let Some(lab) = lab {
        lab.ground.keep();
        if catch_unwind(AssertUnwindSafe(|| lab.heal())).is_err() {
            println!("{}: the parts could not be brought back", case.name);
        }
    }
    Outcome::Failed
}
