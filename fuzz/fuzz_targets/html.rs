//! Pages and texts: any text gives links that are links, each once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use wehr::{
    limits,
    mail::{content::LinkPlace, links::Links},
};

fuzz_target!(|page: &str| {
    let mut links = Links::default();
    links.html(page, LinkPlace::Html);
    links.text(page, LinkPlace::Text);
    let (found, _) = links.finish();
    assert!(found.len() <= limits::LINKS_MAX);
    let distinct: BTreeSet<_> = found.iter().collect();
    assert_eq!(distinct.len(), found.len());
});
