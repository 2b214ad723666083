//! Case, expectation and rule files: any text is read or refused at a place in the file; a case survives its own text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::judge::{
    case::{Case, expectation::Expectation},
    document::Errors,
    rules::{
        pack,
        ruleset::{Proof, Ruleset, Sources},
    },
};

fuzz_target!(|text: &str| {
    match Case::parse("fuzz.toml", text) {
        Ok(case) => assert_eq!(Case::parse("again.toml", &case.to_text()), Ok(case)),
        Err(errors) => has_places(&errors),
    }
    match Expectation::parse("fuzz.toml", text) {
        Ok(expected) => assert_eq!(Expectation::parse("again.toml", &expected.to_text()), Ok(expected)),
        Err(errors) => has_places(&errors),
    }
    let sources = Sources { files: vec![("fuzz.toml".to_owned(), text.to_owned())], lists: Sources::embedded().lists };
    match Ruleset::read(&sources, Proof::Samples) {
        Ok(rules) => assert!(rules.table.keys().all(|symbol| pack::is_symbol(symbol.as_str()))),
        Err(errors) => has_places(&errors),
    }
});

fn has_places(errors: &Errors) {
    assert!(!errors.0.is_empty());
    assert!(errors.to_string().starts_with("fuzz.toml:"));
}
