//! Who handed the mail over and for whom it is (RFC 5321 2.3.1: the envelope).
//!
//! Pure. Values are verbatim; what the door could not learn is `None`.

use super::address::Address;
use std::net::IpAddr;

/// The SMTP client that handed the mail to the MTA (RFC 5321 2.3.2), as the milter macros or XFORWARD tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// `None` when unknown or when it came over a local socket: then nothing is authenticated by address.
    pub address: Option<IpAddr>,
    /// Host name as the MTA verified it.
    pub name: Option<String>,
    /// Argument of HELO, EHLO (RFC 5321 4.1.1.1); the SPF HELO identity.
    pub helo: Option<String>,
    /// Transport security of the inbound session, if any.
    pub tls: Option<Tls>,
    /// The authenticated user (milter macro `{auth_authen}`), if the client logged in.
    pub login: Option<String>,
}

/// Transport security of the inbound session as the MTA reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// For example `TLSv1.3`.
    pub version: String,
    pub cipher: Option<String>,
    pub cipher_bits: Option<u32>,
    pub certificate_subject: Option<String>,
    pub certificate_issuer: Option<String>,
    /// Milter macro `{verify}`: did the client certificate verify?
    pub verified: bool,
    /// Does the MTA say that the certificate matched DANE records (`{verify}` = `TRUSTED`)?
    pub dane: bool,
}

/// Sender and recipients of one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Reverse-path; may be null.
    pub sender: Address,
    /// Forward-paths in the order they were accepted.
    pub recipients: Vec<Address>,
    /// The MTA's queue ID (milter macro `i`, or XFORWARD IDENT).
    pub queue_id: Option<String>,
    /// RFC 6531: addresses or header may hold UTF-8.
    pub smtputf8: bool,
    /// RFC 6152: BODY=8BITMIME was declared.
    pub eight_bit: bool,
}
