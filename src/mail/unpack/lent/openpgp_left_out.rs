//! What stands in for OpenPGP in a program that was built without it: no key can be lent.
//!
//! Pure.

use super::Lent;
use crate::mail::unpack::budget::{Budget, Output};
use std::convert::Infallible;

/// There is none.
pub struct Key(Infallible);

impl Key {
    /// # Errors
    /// Always.
    pub fn read(_octets: &[u8]) -> Result<Vec<(Self, Vec<u8>)>, String> {
        Err("is an OpenPGP key, and this program was built without OpenPGP".to_owned())
    }
}

/// Nothing is opened.
#[must_use]
pub fn open(_octets: &[u8], lent: &Lent, _budget: &mut Budget) -> Option<Output> {
    match lent.openpgp().next()?.0 {}
}
