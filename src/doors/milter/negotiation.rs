//! Option negotiation (SMFIC_OPTNEG): what the MTA offers, what is asked of it, and what both then keep to.
//!
//! Pure. Bits are those of libmilter's mfdef.h and mfapi.h.

use super::{frame::Fault, macros};

/// The newest protocol version that is spoken.
const VERSION_MAX: u32 = 6;
/// The oldest one: Sendmail 8.10 and Postfix 2.3 begin there.
const VERSION_MIN: u32 = 2;
/// From this version on fields can be inserted at a place and macro lists be set.
const VERSION_OF_INSERT: u32 = 3;

const ADD_HEADERS: u32 = 0x01;
const ADD_RECIPIENTS: u32 = 0x04;
const REMOVE_RECIPIENTS: u32 = 0x08;
const CHANGE_HEADERS: u32 = 0x10;
const QUARANTINE: u32 = 0x20;
const SET_SYMBOL_LIST: u32 = 0x100;

const NO_REPLY_HEADER: u32 = 0x80;
const SKIP: u32 = 0x400;
const NO_REPLY_CONNECT: u32 = 0x1000;
const NO_REPLY_HELO: u32 = 0x2000;
const NO_REPLY_DATA: u32 = 0x1_0000;
const NO_REPLY_UNKNOWN: u32 = 0x2_0000;
const NO_REPLY_END_OF_HEADER: u32 = 0x4_0000;
const NO_REPLY_BODY: u32 = 0x8_0000;
const LEADING_SPACE: u32 = 0x10_0000;

/// No reply is needed where nothing is ever refused. Chunks of the body are among them: a filter that lags behind
/// slows the socket, which costs no round trip. MAIL and RCPT may be refused, so they keep their replies. Whole
/// steps are never declined: DATA and end of header bring the queue ID, the others cost nothing without reply.
const WANTED_PROTOCOL: u32 = NO_REPLY_CONNECT
    | NO_REPLY_HELO
    | NO_REPLY_DATA
    | NO_REPLY_UNKNOWN
    | NO_REPLY_HEADER
    | NO_REPLY_END_OF_HEADER
    | NO_REPLY_BODY
    | SKIP
    | LEADING_SPACE;

/// What MTA and filter agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    version: u32,
    actions: u32,
    protocol: u32,
}

/// Commands that need no reply when the MTA agreed to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    Connect,
    Helo,
    Data,
    Header,
    EndOfHeader,
    Body,
    Unknown,
}

impl Agreed {
    /// Picks from an offer; never asks for what was not offered.
    ///
    /// # Errors
    /// When the MTA speaks an older protocol than version 2.
    pub fn from_offer(version: u32, actions: u32, protocol: u32) -> Result<Self, Fault> {
        if version < VERSION_MIN {
            return Err(Fault::Version(version));
        }
        let version = version.min(VERSION_MAX);
        let set_lists = if version >= VERSION_MAX { SET_SYMBOL_LIST } else { 0 };
        Ok(Self {
            version,
            actions: actions
                & (ADD_HEADERS | ADD_RECIPIENTS | REMOVE_RECIPIENTS | CHANGE_HEADERS | QUARANTINE | set_lists),
            protocol: protocol & WANTED_PROTOCOL,
        })
    }

    /// The data of the answering OPTNEG packet.
    #[must_use]
    pub fn answer(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(192);
        for number in [self.version, self.actions, self.protocol] {
            data.extend_from_slice(&number.to_be_bytes());
        }
        if self.actions & SET_SYMBOL_LIST != 0 {
            for (stage, names) in macros::WANTED {
                data.extend_from_slice(&stage.to_be_bytes());
                data.extend_from_slice(names.as_bytes());
                data.push(0);
            }
        }
        data
    }

    /// Is this command left without reply?
    #[must_use]
    pub fn is_quiet(self, command: Quiet) -> bool {
        let bit = match command {
            Quiet::Connect => NO_REPLY_CONNECT,
            Quiet::Helo => NO_REPLY_HELO,
            Quiet::Data => NO_REPLY_DATA,
            Quiet::Header => NO_REPLY_HEADER,
            Quiet::EndOfHeader => NO_REPLY_END_OF_HEADER,
            Quiet::Body => NO_REPLY_BODY,
            Quiet::Unknown => NO_REPLY_UNKNOWN,
        };
        self.protocol & bit != 0
    }

    /// May the rest of the body be declined?
    #[must_use]
    pub fn can_skip(self) -> bool {
        self.protocol & SKIP != 0
    }

    /// Do field values come (and go) with the white space after the colon?
    #[must_use]
    pub fn has_leading_space(self) -> bool {
        self.protocol & LEADING_SPACE != 0
    }

    #[must_use]
    pub fn can_add(self) -> bool {
        self.actions & ADD_HEADERS != 0
    }

    /// May fields be put on top? Otherwise they go below all others.
    #[must_use]
    pub fn can_insert(self) -> bool {
        self.can_add() && self.version >= VERSION_OF_INSERT
    }

    #[must_use]
    pub fn can_change(self) -> bool {
        self.actions & CHANGE_HEADERS != 0
    }

    /// May recipients be taken out and put in?
    #[must_use]
    pub fn can_rewrite(self) -> bool {
        self.actions & (ADD_RECIPIENTS | REMOVE_RECIPIENTS) == ADD_RECIPIENTS | REMOVE_RECIPIENTS
    }

    #[must_use]
    pub fn can_quarantine(self) -> bool {
        self.actions & QUARANTINE != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_that_was_not_offered() {
        assert_eq!(Agreed::from_offer(1, u32::MAX, u32::MAX), Err(Fault::Version(1)));
        let old = Agreed::from_offer(2, 0x1f, 0x7f).unwrap();
        assert_eq!(old.answer(), [0, 0, 0, 2, 0, 0, 0, 0x1d, 0, 0, 0, 0]);
        assert!(old.can_add() && !old.can_insert() && !old.can_quarantine() && !old.has_leading_space());
        let modern = Agreed::from_offer(99, u32::MAX, u32::MAX).unwrap();
        let answer = modern.answer();
        assert_eq!(answer.get(..4), Some(&[0, 0, 0, 6][..]));
        assert!(answer.windows(13).any(|window| window == b"{tls_version}"));
        assert!(Agreed::from_offer(6, 0xff, 0).unwrap().answer().len() == 12);
    }
}
