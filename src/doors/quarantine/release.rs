//! Release: a mail set aside handed over after all, to those who still wait for it.
//!
//! Touches the folder, and the mailstore through `deliver`. The mark is written after the mailstore took the mail: a
//! crash between the two lets the mail come twice, never not at all. Who has it already does not get it again.

use super::{
    Quarantine, blocking,
    entry::Entry,
    slip::{Slip, State},
};
use crate::{
    doors::deliver::{Mailstore, parcel::Parcel},
    judge::policy::verdict::Reply,
    mail::address::Address,
    world::clock::now,
};
use std::io;

/// The header field of a mail that was released.
pub const RELEASED: &str = "X-Wehr-Released";

/// Who released a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Operator,
    Recipient,
}

impl By {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Recipient => "recipient",
        }
    }
}

/// What became of a recipient that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The mailstore's reply.
    Now(Reply),
    /// It has been released or deleted before.
    Before(State),
}

impl Quarantine {
    /// Hands a mail over to the recipients that are meant and wait for it; answers for each that is meant.
    ///
    /// # Errors
    /// When the mail or its slip cannot be read or written; `NotFound` when it is gone.
    pub async fn release(
        &self,
        id: &str,
        is_meant: impl Fn(&str) -> bool,
        mailstore: &Mailstore,
        by: By,
    ) -> io::Result<Vec<(String, Handed)>> {
        let (quarantine, name) = (self.clone(), id.to_owned());
        let (entry, mut slip) = blocking(move || {
            let entry = quarantine.entry(&name)?;
            entry.lock()?;
            let slip = entry.slip()?;
            Ok((entry, slip))
        })
        .await?;
        let meant: Vec<(String, State)> = slip
            .recipients
            .iter()
            .filter(|recipient| is_meant(&recipient.address))
            .map(|recipient| (recipient.address.clone(), recipient.state))
            .collect();
        let waiting = meant.iter().filter(|(_, state)| *state == State::Held).map(|(address, _)| Address::new(address));
        let waiting: Vec<Address> = waiting.collect();
        if waiting.is_empty() {
            return Ok(meant.into_iter().map(|(address, state)| (address, Handed::Before(state))).collect());
        }
        let since = now().to_string();
        let (entry, message) = blocking(move || entry.message().map(|message| (entry, message))).await?;
        let replies = mailstore.deliver(&parcel(&slip, &message, by, &since), &waiting).await;
        for (recipient, _) in waiting.iter().zip(&replies).filter(|(_, reply)| reply.is_positive()) {
            slip.set(recipient.as_str(), State::Released, &since);
            slip.sign(recipient.as_str(), by.word());
        }
        mark(entry, slip).await?;
        let mut replies = waiting.into_iter().zip(replies);
        let handed = |(address, state): (String, State)| match state {
            State::Held => replies.next().map(|(_, reply)| (address, Handed::Now(reply))),
            before => Some((address, Handed::Before(before))),
        };
        Ok(meant.into_iter().filter_map(handed).collect())
    }
}

async fn mark(entry: Entry, slip: Slip) -> io::Result<()> {
    blocking(move || entry.write_slip(&slip)).await
}

/// The mail as it was stored, below one field of ours.
fn parcel(slip: &Slip, message: &[u8], by: By, since: &str) -> Parcel {
    let field = format!("{RELEASED}: at={since}; by={}; ref={}\r\n", by.word(), slip.reference);
    let mut parcel = Parcel::whole(Address::new(&slip.sender), [field.as_bytes(), message].concat());
    parcel.smtputf8 = slip.smtputf8;
    parcel.eight_bit = slip.eight_bit;
    parcel.require_tls = slip.require_tls;
    parcel
}
