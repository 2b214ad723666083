//! The cases, in the order they run: the parts alone first, so that a fault of theirs is not taken for ours.

mod parts_alone;

use crate::{lab::Lab, parts::Part};

/// One case: what it needs and what it does. It fails by panicking.
pub struct Case {
    pub name: &'static str,
    pub needs: &'static [Part],
    pub run: fn(&mut Lab),
}

/// The parts that the whole way of a mail takes.
const WHOLE_WAY: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd];

pub const ALL: &[Case] = &[
    Case { name: "parts_alone::postfix_delivers_to_dovecot", needs: WHOLE_WAY, run: parts_alone::delivers },
    Case { name: "parts_alone::dovecot_refuses_unknown_mailboxes", needs: WHOLE_WAY, run: parts_alone::refuses },
    Case { name: "parts_alone::clamd_finds_eicar", needs: WHOLE_WAY, run: parts_alone::clamd_finds_eicar },
];
