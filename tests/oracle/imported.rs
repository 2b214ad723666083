//! The import of the stock rules: how much of it there is, and that the packs are files again.

use crate::parts;
use std::fs;
use wehr::judge::rules::import::{Imported, import};

/// Per cent of the stock rules without `eval` that have to be imported.
const SHARE: usize = 95;

/// The stock rules, imported.
pub fn stock() -> Result<Imported, String> {
    let (files, site) = parts::stock()?;
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    Ok(import(&files, site))
}

pub fn enough() -> Result<(), String> {
    let imported = stock()?;
    assert_eq!(imported, stock()?, "the same files give the same packs");
    let folder = parts::scratch().join("packs");
    fs::create_dir_all(folder.join("lists")).expect("target is writable");
    for (name, text) in &imported.packs {
        fs::write(folder.join(name), text).expect("target is writable");
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!table.is_empty(), "{name}");
    }
    for (name, text) in &imported.lists {
        fs::write(folder.join("lists").join(name), text).expect("target is writable");
    }
    let report = serde_json::to_string_pretty(&imported.report).expect("JSON");
    fs::write(folder.join("report.json"), report).expect("target is writable");
    println!("{}", imported.report);
    assert!(imported.report.plain.share() >= SHARE * 100, "{:?}", imported.report.plain);
    Ok(())
}
