//! Every bound the filter keeps, in one place, each with its unit and its reason.
//!
//! A limit that is hit is never silent: it is a 4xx or 552 reply, a defect, or a failed fact.

use std::time::Duration;

/// Octets of one message; RFC 5321 4.5.3.1.7 asks for 64 KiB at least, Postfix defaults to 10 MiB, schools ask for 50.
pub const MESSAGE_BYTES_MAX: usize = 50 << 20;
/// Octets of the header section; Postfix cuts at 100 KiB, Gmail refuses above 500 KB.
pub const HEAD_BYTES_MAX: usize = 512 << 10;
/// Header fields of one message; more are a defect and stay unread.
pub const FIELDS_MAX: usize = 4096;
/// Recipients of one mail; RFC 5321 4.5.3.1.8 asks for 100 at least.
pub const RECIPIENTS_MAX: usize = 1000;
/// Octets of an envelope address; RFC 5321 4.5.3.1.3 says 256, UTF-8 and sloppy clients need more.
pub const ADDRESS_BYTES_MAX: usize = 1024;
/// Octets of a mail kept in memory before the spool goes to an unlinked file.
pub const SPOOL_MEMORY_BYTES_MAX: usize = 256 << 10;
/// MIME parts of one message, nested ones included.
pub const PARTS_MAX: usize = 1000;
/// Depth of nested multiparts and messages.
pub const MIME_DEPTH_MAX: usize = 32;
/// Encoded messages inside encoded messages (each is decoded into memory).
pub const ENCODED_NESTING_MAX: usize = 3;
/// Octets of decoded text that links and words are looked for in, over all parts of a mail.
pub const TEXT_BYTES_MAX: usize = 4 << 20;
/// Links reported for one mail.
pub const LINKS_MAX: usize = 500;
/// Octets a link may have; longer ones are cut and are a defect.
pub const LINK_BYTES_MAX: usize = 4096;
/// Addresses read from the author fields of one mail.
pub const AUTHORS_MAX: usize = 64;

/// Questions asked for one mail; above that further ones are answered `Failed(OverBudget)`.
pub const QUESTIONS_MAX: usize = 200;
/// Rounds between judge and world for one mail.
pub const ROUNDS_MAX: usize = 40;
/// DNS lookups of one SPF evaluation (RFC 7208 4.6.4).
pub const SPF_LOOKUPS_MAX: usize = 10;
/// Lookups of one SPF evaluation that may find nothing (RFC 7208 4.6.4).
pub const SPF_VOID_LOOKUPS_MAX: usize = 2;
/// DKIM signatures looked at, malformed ones counted too: each costs a key lookup and a verification.
pub const SIGNATURES_MAX: usize = 10;
/// Key records tried at one name; RFC 6376 3.6.2.2 allows one.
pub const KEYS_MAX: usize = 4;
/// Tags of one signature, key or policy record; the standards know 13.
pub const TAGS_MAX: usize = 64;
/// ARC sets (RFC 8617 4.2.1).
pub const ARC_SETS_MAX: usize = 50;

/// Seconds from the end of the message to the verdict; under Postfix's milter_content_timeout of 300.
pub const MAIL_SECONDS_MAX: Duration = Duration::from_secs(60);
/// Seconds one DNS question may take.
pub const DNS_SECONDS_MAX: Duration = Duration::from_secs(10);
/// Seconds the virus scanner may take after the last byte.
pub const SCAN_SECONDS_MAX: Duration = Duration::from_secs(45);
/// Seconds a peer may be silent; RFC 5321 4.5.3.2.7 asks for five minutes at least.
pub const IDLE_SECONDS_MAX: Duration = Duration::from_secs(300);
/// Seconds a milter connection may be silent between mails: Postfix keeps them open for its smtpd's life.
pub const MILTER_IDLE_SECONDS_MAX: Duration = Duration::from_secs(7210);
/// Seconds a drain waits for mails under way.
pub const DRAIN_SECONDS_MAX: Duration = Duration::from_secs(60);

/// Connections of all doors; an idle milter connection costs a few KiB.
pub const CONNECTIONS_MAX: usize = 20_000;
/// Mails being received at once over all connections: bounds the spools.
pub const MAILS_MAX: usize = 2_000;
/// Octets of one milter packet; Postfix sends 64 KiB, Sendmail offers 1 MiB.
pub const MILTER_PACKET_BYTES_MAX: usize = (1 << 20) + 1;
/// Octets of one LMTP command line.
pub const LINE_BYTES_MAX: usize = 4096;
/// Connections kept to the mailstore.
pub const MAILSTORE_CONNECTIONS_MAX: usize = 32;
/// Seconds the mailstore may take to answer the final dot (Postfix: lmtp_data_done_timeout = 600).
pub const MAILSTORE_SECONDS_MAX: Duration = Duration::from_secs(300);
/// DNS answers cached.
pub const DNS_CACHE_ENTRIES_MAX: usize = 100_000;
/// DNS queries in flight: each UDP query is a socket.
pub const DNS_IN_FLIGHT_MAX: usize = 1_000;
/// Octets of one configuration, zone or rule file.
pub const CONFIG_BYTES_MAX: usize = 64 << 20;
