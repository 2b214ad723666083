//! `wehr quarantine list`: one line a mail.

use super::{
    super::output::{self, Ending, printable},
    Store, unusable,
};
use crate::{doors::quarantine::slip::Slip, mail::timestamp::Timestamp};
use clap::Args;
use std::io;

/// List mail that somebody still waits for, the oldest first.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wehr quarantine list --to anna@school.example --since 2026-03-01T00:00:00Z")]
pub struct List {
    /// Of this recipient only
    #[arg(long, value_name = "ADDR")]
    to: Option<String>,
    /// Set aside at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Set aside before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// With this symbol
    #[arg(long, value_name = "SYMBOL")]
    symbol: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Those, too, that nobody waits for any more
    #[arg(long)]
    all: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| format!("`{text}` is no time, such as 2026-03-01T09:00:00Z"))
}

impl List {
    pub(super) fn run(self, store: &Store, is_json: bool) -> io::Result<Ending> {
        let found = match store.all() {
            Ok(found) => found,
            Err(error) => return Ok(unusable(store, &error)),
        };
        let (mut shown, mut ending) = (0, Ending::Fine);
        for (id, slip) in found {
            let slip = match slip {
                Ok(slip) => slip,
                Err(error) => {
                    output::trouble(format_args!("{id}: {error}"));
                    ending = Ending::Unreadable;
                    continue;
                }
            };
            if !self.wants(&slip) || self.limit.is_some_and(|limit| shown >= limit) {
                continue;
            }
            shown += 1;
            if is_json {
                output::json(&shown_as(&id, &slip))?;
            } else {
                output::line(line(&id, &slip))?;
            }
        }
        Ok(ending)
    }

    fn wants(&self, slip: &Slip) -> bool {
        let stored = Timestamp::parse_rfc3339(&slip.stored_at).unwrap_or_default();
        (self.all || slip.is_held())
            && self.to.as_ref().is_none_or(|to| slip.is_for(to))
            && self.since.is_none_or(|since| stored >= since)
            && self.until.is_none_or(|until| stored < until)
            && self.symbol.as_ref().is_none_or(|wanted| slip.symbols.iter().any(|symbol| symbol == wanted))
    }
}

fn line(id: &str, slip: &Slip) -> String {
    let recipients = slip.recipients.iter().map(|it| match it.state.word() {
        "held" => it.address.clone(),
        state => format!("{} ({state})", it.address),
    });
    let recipients: Vec<String> = recipients.collect();
    let text = format!("<{}> -> {}  {}", slip.sender, recipients.join(", "), slip.subject);
    format!("{id}  {}  {:>7}  {}", slip.stored_at, slip.score, printable(&text))
}

/// One mail as JSON.
pub(super) fn shown_as(id: &str, slip: &Slip) -> serde_json::Value {
    let mut value = serde_json::json!(slip);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("id".to_owned(), id.into());
    }
    value
}
