//! The operator's files that a replay and what is like it begin with.
//!
//! Reads files.

use crate::{config::Settings, judge::rulebook::Rulebook, replay::label::Labels};
use std::{fs, path::Path, sync::Arc};

/// The rulebook of a configuration, with these rules in place of its own.
///
/// # Errors
/// Everything that is wrong with the files, one a line.
pub fn rulebook(config: Option<&Path>, rules: Option<&Path>) -> Result<Arc<Rulebook>, String> {
    let mut settings = Settings::load(config).map_err(|errors| errors.to_string())?;
    if let Some(rules) = rules {
        settings.rules_dir = Some(rules.to_owned());
    }
    settings.rulebook().map(Arc::new).map_err(|errors| errors.to_string())
}

/// Labels by folder, or those of a file.
///
/// # Errors
/// Every line of the file that is wrong.
pub fn labels(from: &Path) -> Result<Labels, String> {
    if from == Path::new("folder") {
        return Ok(Labels::Folder);
    }
    let name = from.display();
    let text = fs::read_to_string(from).map_err(|error| format!("{name}: {error}"))?;
    Labels::listed(&text)
        .map_err(|wrong| wrong.into_iter().map(|told| format!("{name}:{told}")).collect::<Vec<_>>().join("\n"))
}
