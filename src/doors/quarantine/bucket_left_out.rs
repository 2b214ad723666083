//! Bucket, in a program that was built without the feature `s3`: there is none.

use super::shelf::{Found, Place};
use std::{convert::Infallible, io};

/// A place in a bucket: nobody has one.
#[derive(Clone, Debug)]
pub struct Bucket(Infallible);

impl Bucket {
    /// # Errors
    /// Always.
    pub fn open(_: &Place) -> Result<Self, String> {
        Err("quarantine.url: this program was built without the feature s3; leave it empty".to_owned())
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn get(&self, _: &str, _: &str) -> io::Result<(Vec<u8>, Option<String>)> {
        match self.0 {}
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn put(&self, _: &str, _: &str, _: Vec<u8>) -> io::Result<()> {
        match self.0 {}
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn replace(&self, _: &str, _: &str, _: Vec<u8>, _: Option<String>) -> io::Result<Option<String>> {
        match self.0 {}
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn delete(&self, _: &str, _: &str) -> io::Result<()> {
        match self.0 {}
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn list(&self) -> io::Result<Vec<Found>> {
        match self.0 {}
    }

    #[must_use]
    pub fn upload(&self, _: &str, _: &str) -> Upload {
        match self.0 {}
    }
}

/// An object being written: nobody has one.
pub struct Upload(Infallible);

impl Upload {
    /// # Errors
    /// Never: nobody has one.
    pub fn push(&mut self, _: &[u8]) -> io::Result<()> {
        match self.0 {}
    }

    /// # Errors
    /// Never: nobody has one.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {}
    }
}
