//! What arrived: the mail object of RFC 5321 2.3.1 (envelope and content), with its client and its time.
//!
//! Pure: no clock, socket, file, thread or randomness. Parsing is total: any bytes give a `Message`,
//! and what is wrong with them is listed in `defects`.

pub mod address;
pub mod ahead;
pub mod alike;
pub mod asn1;
pub mod author;
pub mod body;
pub mod charset;
pub mod classic;
pub mod cms;
pub mod coding;
pub mod content;
pub mod defects;
pub mod envelope;
pub mod filetype;
pub mod fold;
pub mod guess;
pub mod head;
pub mod hex;
pub mod intake;
pub mod links;
pub mod lookalike;
pub mod message;
pub mod mime;
pub mod mismatch;
pub mod names;
pub mod network;
pub mod openpgp;
pub mod page;
pub mod parameters;
pub mod parties;
pub mod partner;
pub mod protection;
pub mod readings;
pub mod received;
pub mod shape;
pub mod shown;
pub mod squeeze;
pub mod timestamp;
pub mod tnef;
pub mod transport;
pub mod unpack;

use self::{
    envelope::{Client, Envelope},
    message::Message,
    timestamp::Timestamp,
};

/// One mail: who handed it over, for whom, what it says, and when it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub client: Client,
    pub envelope: Envelope,
    pub message: Message,
    /// The only clock a verdict sees; a replay uses the recorded one.
    pub received_at: Timestamp,
}
