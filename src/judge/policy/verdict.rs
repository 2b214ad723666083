//! The verdict: what shall happen to one mail, per recipient, and what is written into its header.
//!
//! Pure vocabulary. Replies carry an RFC 3463 code, one fixed sentence and a reference; never a rule or score.

use crate::{
    judge::{
        auth::Authentication,
        coverage::Account,
        findings::{Finding, Score},
    },
    mail::hex::hex,
};
use std::fmt;

/// What happens to a mail for one recipient, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    #[default]
    Accept,
    /// Delivered, marked with `X-Spam-Flag: YES`.
    Tag,
    /// Kept from the mailbox, on disk: milter "hold", or the quarantine folder.
    Quarantine,
    /// 4xx: the sender tries again.
    Defer,
    /// 5xx: the sender learns it.
    Reject,
}

impl Action {
    pub const ALL: [Self; 5] = [Self::Accept, Self::Tag, Self::Quarantine, Self::Defer, Self::Reject];

    /// The word used in JSON, header fields, metrics and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Tag => "tag",
            Self::Quarantine => "quarantine",
            Self::Defer => "defer",
            Self::Reject => "reject",
        }
    }

    /// The action that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A reply to the client (RFC 5321 4.2, RFC 3463).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// For example `5.7.1`.
    pub enhanced: String,
    /// One line, ASCII, without CR, LF or `%`.
    pub text: String,
}

impl Reply {
    #[must_use]
    pub fn new(code: u16, enhanced: &str, text: impl Into<String>) -> Self {
        Self { code, enhanced: enhanced.to_owned(), text: text.into() }
    }

    /// Is it 2xx?
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Is it 4xx?
    #[must_use]
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.enhanced.is_empty() {
            return write!(out, "{} {}", self.code, self.text);
        }
        write!(out, "{} {} {}", self.code, self.enhanced, self.text)
    }
}

/// What happens for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub action: Action,
    pub reply: Reply,
    /// What the recipient's class has against the mail, where that decides the action: for operators.
    pub objection: Option<String>,
}

/// A change to the header section. The body is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Put at the very top, in the order given (the first one ends topmost). Value without leading space; may hold
    /// folds as `\r\n\t`.
    AddField { name: String, value: String },
    /// `index` counts fields of that name from 1, topmost first, in the message as it came.
    RemoveField { name: String, index: usize, value: String },
}

/// The result of judging one mail.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub score: Score,
    /// Sorted by symbol, then detail.
    pub findings: Vec<Finding>,
    /// One per envelope recipient, same order; a mail without recipients (a scan) has one for the message.
    pub outcomes: Vec<Outcome>,
    pub edits: Vec<Edit>,
    pub authentication: Authentication,
    pub coverage: Account,
    /// Names this verdict in replies, header and log.
    pub reference: String,
}

impl Verdict {
    /// One outcome for doors with one reply: the severest of all, so that nobody is given what their class does not take.
    ///
    /// A verdict without outcome is our mistake, and defers.
    #[must_use]
    pub fn for_message(&self) -> Outcome {
        self.outcomes.iter().max_by_key(|outcome| outcome.action).cloned().unwrap_or_else(|| Outcome {
            action: Action::Defer,
            reply: Reply::new(451, "4.3.0", "no verdict, try again later"),
            objection: None,
        })
    }

    /// Names the whole verdict, down to the last header edit: 32 hex digits. Programs of one version give equal verdicts equal names.
    #[must_use]
    pub fn digest(&self) -> String {
        use aws_lc_rs::digest::{SHA256, digest};
        let text = format!("{self:?}");
        hex(digest(&SHA256, text.as_bytes()).as_ref().iter().take(16))
    }

    /// What is written into the mail: the severest action of those who get it. Who refuses it says nothing to the others.
    #[must_use]
    pub fn written(&self) -> Action {
        let taken = self.outcomes.iter().map(|outcome| outcome.action).filter(|action| *action < Action::Defer);
        taken.max().unwrap_or_else(|| self.for_message().action)
    }

    /// The severest action of all recipients, for the log line.
    #[must_use]
    pub fn severest(&self) -> Action {
        self.outcomes.iter().map(|outcome| outcome.action).max().unwrap_or_default()
    }
}
