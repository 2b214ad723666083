//! Settlement: what becomes of a recipient, so that nothing is taken and lost.
//!
//! Pure data.

/// What became of a recipient that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settlement {
    /// The mailstore has the mail, or the MTA was told to go on with it.
    Delivered,
    Quarantined,
    Deferred,
    Refused,
    /// The client went away before it was told anything.
    GivenUp,
}

impl Settlement {
    pub const ALL: [Self; 5] = [Self::Delivered, Self::Quarantined, Self::Deferred, Self::Refused, Self::GivenUp];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Quarantined => "quarantined",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }
}
