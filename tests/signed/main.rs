//! Signed and encrypted mail as OpenSSL and GnuPG write it, judged with their certificates and keys.
//!
//! Certificates and keys are made anew in a temporary folder. What we call valid, the program that made it must call
//! valid too. Without the program a test says that it left itself out; with CI or WEHR_REQUIRE_PARTS it fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod house;
mod openpgp;
mod policy;
mod smime;
