//! Case, expectation and rule files: any text is read or refused at a place in the file; a case survives its own text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::judge::{
    case::{Case, expectation::Expectation},
    document::Errors,
    rules::parse,
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
    match parse::pack("fuzz.toml", text) {
        Ok(rules) => assert!(rules.keys().all(|symbol| parse::is_symbol(symbol.as_str()))),
        Err(errors) => has_places(&errors),
    }
});

fn has_places(errors: &Errors) {
    assert!(!errors.0.is_empty());
    assert!(errors.to_string().starts_with("fuzz.toml:"));
}
