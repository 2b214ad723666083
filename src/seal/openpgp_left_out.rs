//! What stands in for OpenPGP in a program that was built without it: no key can be used.
//!
//! Pure.

use super::{Fault, keyring::Reason};
use crate::mail::timestamp::Timestamp;
use std::convert::Infallible;

/// There is none.
#[derive(Clone, Debug)]
pub struct Key {
    pub fingerprint: String,
    none: Infallible,
}

impl Key {
    /// # Errors
    /// Always.
    pub fn read(_octets: &[u8], _address: &str) -> Result<Self, Reason> {
        Err(Reason::Algorithm)
    }

    /// None of them can be used.
    pub fn each(_octets: &[u8], _address: &str) -> Vec<Result<Self, Reason>> {
        vec![Err(Reason::Algorithm)]
    }

    /// # Errors
    /// Never: there is no key.
    pub fn at(&self, _now: Timestamp) -> Result<(), Reason> {
        match self.none {}
    }
}

/// # Errors
/// Never: there is no key.
pub fn encrypt(_content: Vec<u8>, key: &Key) -> Result<Vec<u8>, Fault> {
    match key.none {}
}
