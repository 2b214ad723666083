//! `wehr quarantine show`: one mail with its verdict, or its octets.

use super::{
    super::output::{self, Ending, printable},
    Store, find, list, missing, unusable,
};
use crate::mail::message::Message;
use clap::Args;
use serde_json::json;
use std::io::{self, Write};

/// Show header, verdict and parts of a mail, or the mail itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wehr quarantine show --raw 20260301T091407Z-0011223344556677 > mail.eml")]
pub struct Show {
    #[arg(value_name = "ID")]
    id: String,
    /// The mail's octets, as they would be handed over
    #[arg(long, conflicts_with = "case")]
    raw: bool,
    /// The case: circumstances and facts that the verdict was made of
    #[arg(long)]
    case: bool,
}

impl Show {
    pub(super) fn run(self, store: &Store, is_json: bool) -> io::Result<Ending> {
        let found = match find(store, &self.id) {
            Ok(found) => found,
            Err(error) => return Ok(unusable(store, &error)),
        };
        if found.is_empty() {
            return Ok(missing(&self.id));
        }
        for (id, slip) in found {
            let opened = store.entry(&id).and_then(|entry| Ok((entry.message()?, entry.case()?)));
            let (message, case) = match opened {
                Ok(opened) => opened,
                Err(error) => return Ok(unusable(store, &error)),
            };
            if self.raw {
                let mut out = io::stdout().lock();
                out.write_all(&message).and_then(|()| out.flush())?;
                return Ok(Ending::Fine);
            }
            if self.case {
                let Some(case) = case else {
                    output::trouble(format_args!("{id}: no case is kept of mail that was sealed"));
                    return Ok(Ending::Finding);
                };
                output::line(case)?;
                continue;
            }
            let message = Message::parse(message.into());
            let head = String::from_utf8_lossy(message.head.raw()).into_owned();
            let parts = message.parts.iter().map(|part| {
                json!({ "path": part.path, "name": part.name, "declared": part.declared, "detected": part.detected,
                        "bytes": part.bytes, "sha256": part.sha256 })
            });
            let parts: Vec<serde_json::Value> = parts.collect();
            let mut value = list::shown_as(&id, &slip);
            if is_json {
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("head".to_owned(), head.into());
                    fields.insert("parts".to_owned(), parts.into());
                    fields.insert("case".to_owned(), case.into());
                }
                output::json(&value)?;
                continue;
            }
            output::line(format_args!("id        {id}\nreference {}\nstored    {}", slip.reference, slip.stored_at))?;
            output::line(format_args!("score     {}\nsymbols   {}", slip.score, slip.symbols.join(" ")))?;
            output::line(format_args!("sender    <{}>", printable(&slip.sender)))?;
            for it in &slip.recipients {
                let address = printable(&it.address);
                output::line(format_args!("recipient {address}  {} since {}", it.state.word(), it.since))?;
            }
            for part in &message.parts {
                let name = printable(&part.name);
                output::line(format_args!(
                    "part      {}  {}  {} octets  {name}",
                    part.path, part.declared, part.bytes
                ))?;
            }
            output::line("")?;
            for line in head.lines() {
                output::line(printable(&line.replace('\t', "    ")))?;
            }
        }
        Ok(Ending::Fine)
    }
}
