//! What the kernel is asked to hold a server to.
//!
//! Pure.

use std::str::FromStr;

/// Is a layer of the kernel used?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Off,
    /// Where the kernel has it.
    Try,
    /// There is no start without it.
    Require,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "try" => Ok(Self::Try),
            "require" => Ok(Self::Require),
            _ => Err(format!("`{text}` is neither try, require nor off")),
        }
    }
}

/// The layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardening {
    pub landlock: Wanted,
    pub seccomp: Wanted,
}
