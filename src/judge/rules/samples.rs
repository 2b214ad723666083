//! Samples that are whole messages: header, empty line, body.
//!
//! Pure.

use crate::mail::{
    Mail,
    envelope::{Client, Envelope},
    message::Message,
    timestamp::Timestamp,
};
use bytes::Bytes;

/// The message that a sample is, if it begins with a header field and has an empty line.
#[must_use]
pub fn message(sample: &str) -> Option<Mail> {
    let text = sample.trim_start_matches('\n').replace("\r\n", "\n");
    let (head, _) = text.split_once("\n\n")?;
    let (name, _) = head.split_once(':')?;
    let is_field = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_field {
        return None;
    }
    let raw = Bytes::from(text.replace('\n', "\r\n"));
    let message = Message::parse(raw);
    let date = message.head.first("Date").and_then(|field| Timestamp::parse_rfc5322(&field.text()));
    Some(Mail {
        client: Client::default(),
        envelope: Envelope::default(),
        message,
        received_at: date.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_and_an_empty_line_make_a_message() {
        let mail = message("\nSubject: hello\nDate: Sun, 1 Mar 2026 10:14:07 +0100\n\nbody\n").unwrap();
        assert_eq!(mail.message.subject, "hello");
        assert_eq!(mail.received_at.to_string(), "2026-03-01T09:14:07Z");
        assert!(message("Ihr Konto: gesperrt").is_none());
        assert!(message("Ihr Konto: gesperrt\n\nweiter").is_none());
    }
}
