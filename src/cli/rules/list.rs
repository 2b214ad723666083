//! `wehr rules list`.

use super::{Chosen, unreadable};
use crate::{
    cli::output::{self, Ending},
    judge::{policy::verdict::Action, rules::program::code::Cost},
};
use std::io;

/// Lists every symbol.
pub fn run(chosen: &Chosen) -> io::Result<Ending> {
    let rulebook = match chosen.settings().and_then(|settings| settings.rulebook()) {
        Ok(rulebook) => rulebook,
        Err(errors) => return Ok(unreadable(&errors)),
    };
    let rules = &rulebook.rules;
    for (symbol, rule) in &rules.table {
        let place = rules.program.place(symbol);
        let fields: Vec<String> =
            place.map(|place| rules.program.fields(place).into_iter().collect()).unwrap_or_default();
        let cost = place.map_or(Cost::Facts, |place| rules.program.cost(place));
        let is_check = rule.when.is_empty();
        if chosen.json {
            output::json(&serde_json::json!({
                "name": symbol.as_str(), "score": rule.score.points(), "action": rule.action.word(),
                "group": rule.group, "about": rule.about, "fields": fields, "cost": cost.word(),
                "shadow": rule.is_shadow, "multiple": rule.multiple, "when": rule.when,
                "check": is_check, "place": rule.position.to_string(),
            }))?;
            continue;
        }
        let mut marks = String::new();
        if rule.action > Action::Accept {
            marks = format!(" (at least {})", rule.action);
        }
        if rule.is_shadow {
            marks.push_str(" (shadow)");
        }
        let reads = if is_check { "built-in check".to_owned() } else { fields.join(" ") };
        output::line(format_args!(
            "{:36} {:>7} {:16} {:8} {}{marks}\n    {reads}",
            symbol.as_str(),
            rule.score.to_string(),
            rule.group,
            cost.word(),
            rule.about,
        ))?;
    }
    Ok(Ending::Fine)
}
