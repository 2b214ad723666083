//! The list of checks. Adding one: a file here, its word in the list, a score in `rules/`, a case in `corpus/`.

pub mod evidence;

use evidence::Check;

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every check, in alphabetical order; no verdict depends on it.
        pub const ALL: &[Check] = &[$($name::CHECK),*];
    };
}

checks! { attachments, authentication, campaigns, date, dns_lists, senders, signed, structure, transport, virus }
