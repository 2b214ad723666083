//! `wehr rules check`, `test`, `compile`: rules proven by their samples.

use super::{Chosen, unreadable};
use crate::{
    cli::output::{self, Ending},
    config::rules,
    doors::paper,
    judge::{
        document::Errors,
        rulebook::Rulebook,
        rules::ruleset::{Proof, Ruleset},
    },
};
use clap::Args;
use std::{io, path::PathBuf};

/// Checks rules; tells how many there are if nothing is wrong.
pub fn check(chosen: &Chosen) -> io::Result<Ending> {
    // Samples of embedded and compiled rules are tried, too; that is what is asked for.
    let checked = chosen.settings().and_then(|settings| {
        let found = rules::Found { proof: Proof::Samples, ..settings.rules()? };
        settings.rulebook_of(&found)
    });
    let Rulebook { rules: ruleset, digest, .. } = match checked {
        Ok(rulebook) => rulebook,
        Err(errors) => return Ok(unreadable(&errors)),
    };
    if chosen.json {
        output::json(&serde_json::json!({
            "symbols": ruleset.table.len(), "samples": ruleset.samples, "digest": digest,
        }))?;
    } else {
        output::line(format_args!("{} symbols, {} samples, nothing is wrong", ruleset.table.len(), ruleset.samples))?;
    }
    Ok(Ending::Fine)
}

/// Arguments of `rules test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Only rules whose name holds this
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
}

impl Test {
    /// Tries the samples.
    pub fn run(&self) -> io::Result<Ending> {
        let sources = match self.chosen.sources() {
            Ok(sources) => sources,
            Err(errors) => return Ok(unreadable(&errors)),
        };
        let (_, tried, errors) = Ruleset::try_read(&sources, Proof::Samples);
        let failed = tried.iter().filter(|sample| !sample.is_right).count();
        if errors.0.len() > failed {
            return Ok(unreadable(&errors));
        }
        let is_chosen = |symbol: &str| self.name.as_ref().is_none_or(|name| symbol.contains(&name.to_uppercase()));
        let chosen: Vec<_> = tried.iter().filter(|sample| is_chosen(sample.symbol.as_str())).collect();
        for sample in &chosen {
            let wanted = if sample.should_hit { "hits" } else { "misses" };
            if self.chosen.json {
                output::json(&serde_json::json!({
                    "name": sample.symbol.as_str(), "sample": sample.sample, "wanted": wanted, "ok": sample.is_right,
                }))?;
            } else {
                let word = if sample.is_right { "ok  " } else { "FAIL" };
                let text: String =
                    sample.sample.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(70).collect();
                output::line(format_args!(
                    "{word} {:36} {wanted:6} {}",
                    sample.symbol.as_str(),
                    output::printable(&text)
                ))?;
            }
        }
        if let Some(name) = self.name.as_ref().filter(|_| chosen.is_empty()) {
            output::trouble(format_args!(
                "{name}: no rule with a sample has this in its name; `wehr rules list` shows all"
            ));
            return Ok(Ending::Unreadable);
        }
        let failed = chosen.iter().filter(|sample| !sample.is_right).count();
        if !self.chosen.json {
            output::line(format_args!("{} samples, {failed} not as they should be", chosen.len()))?;
        }
        Ok(if failed == 0 { Ending::Fine } else { Ending::Finding })
    }
}

/// Arguments of `rules compile`.
#[derive(Debug, Args)]
pub struct Compile {
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    chosen: Chosen,
}

impl Compile {
    /// Checks the rules and writes the file, whole or not at all.
    pub fn run(&self) -> io::Result<Ending> {
        let checked = self.chosen.sources().and_then(|sources| {
            let ruleset = Ruleset::read(&sources, Proof::Samples)?;
            Ok((sources, ruleset))
        });
        let (sources, ruleset) = match checked {
            Ok(checked) => checked,
            Err(errors) => return Ok(unreadable(&errors)),
        };
        let written =
            rules::save(sources).and_then(|text| paper::replace_or_make(&self.output, text.as_bytes(), 0o644));
        if let Err(error) = written {
            return Ok(unreadable(&Errors::whole_file(
                &self.output.display().to_string(),
                format!("cannot write it: {error}"),
            )));
        }
        let line = format!("{} symbols in {}", ruleset.table.len(), self.output.display());
        if self.chosen.json {
            output::json(
                &serde_json::json!({ "symbols": ruleset.table.len(), "file": self.output.display().to_string() }),
            )?;
        } else {
            output::line(line)?;
        }
        Ok(Ending::Fine)
    }
}
