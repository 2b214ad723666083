//! What senders have to bear: greylisting, limits on how much comes, and lists in the DNS.
//!
//! Pure. By default nothing of it is on and nobody is asked.

pub mod campaigns;
pub mod deeds;
pub mod early;
pub mod lists;
pub mod read;
pub mod subjects;

use self::{campaigns::Campaigns, lists::DnsList};

/// The operator's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senders {
    /// Is it remembered who writes to whom (authenticated mail that was accepted)?
    pub correspondence: bool,
    /// `None`: nobody has to come twice.
    pub greylist: Option<Greylist>,
    pub rates: Vec<Rate>,
    pub dns_lists: Vec<DnsList>,
    /// `None`: nobody counts how many mailboxes a mail's shape has reached.
    pub campaigns: Option<Campaigns>,
}

/// Who comes for the first time has to come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greylist {
    /// Seconds before a second try counts.
    pub wait: i64,
    /// Seconds within which the second try has to come.
    pub retry: i64,
    /// Seconds that who came again is remembered after the last mail.
    pub lasts: i64,
    /// Is mail with DMARC pass let through at once?
    pub spare_dmarc: bool,
    /// Is who has no SPF pass turned away at RCPT, whatever signature the mail may have?
    pub early: bool,
    /// Is mail with a one-time code let through at once, if SPF or DMARC passes?
    pub spare_codes: bool,
}

impl Default for Greylist {
    fn default() -> Self {
        const HOUR: i64 = 60 * 60;
        Self { wait: 300, retry: 48 * HOUR, lasts: 36 * 24 * HOUR, early: false, spare_dmarc: true, spare_codes: true }
    }
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    ClientNetwork,
    SenderDomain,
    Recipient,
}

impl Counted {
    pub const ALL: [Self; 3] = [Self::ClientNetwork, Self::SenderDomain, Self::Recipient];

    /// The word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ClientNetwork => "client_network",
            Self::SenderDomain => "sender_domain",
            Self::Recipient => "recipient",
        }
    }
}

/// At most so many mails in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub of: Counted,
    pub mails: u64,
    /// Seconds.
    pub window: u32,
}
