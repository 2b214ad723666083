//! What the fields of a `/checkv2` request tell of client and envelope (rspamd's HTTP protocol).
//!
//! Pure. A value that is none is left out: what is not known is never taken for something.

use crate::{
    doors::{reception::MailParameters, trial::Circumstances},
    mail::{
        address::Address,
        envelope::{Client, Tls},
    },
};

/// Reads the fields, names in any case.
#[must_use]
pub fn circumstances<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Circumstances {
    let mut told = Circumstances::default();
    let (mut client, mut parameters) = (Client::default(), MailParameters::default());
    let (mut tls, mut deliver_to) = (Tls::default(), None);
    for (name, value) in fields {
        let text = String::from_utf8_lossy(value).trim().to_owned();
        let known = || Some(text.clone()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("unknown"));
        match name.to_ascii_lowercase().as_str() {
            "from" => told.sender = Some(Address::new(&text)),
            "rcpt" => told.recipients.push(Address::new(&text)),
            "deliver-to" => deliver_to = known().map(|to| Address::new(&to)),
            "ip" => {
                let literal = text.trim_matches(['[', ']']);
                client.address = literal.parse().ok().map(|address: std::net::IpAddr| address.to_canonical());
            }
            "helo" => client.helo = known(),
            "hostname" => client.name = known().map(|name| name.trim_end_matches('.').to_owned()),
            "user" => client.login = known(),
            "queue-id" => parameters.queue_id = known().map(|id| id.chars().take(64).collect()),
            "mta-name" => parameters.witness = known(),
            "tls-version" => tls.version = text,
            "tls-cipher" => tls.cipher = known(),
            _ => {}
        }
    }
    if told.recipients.is_empty() {
        told.recipients.extend(deliver_to);
    }
    if !tls.version.is_empty() || tls.cipher.is_some() {
        client.tls = Some(tls);
    }
    told.may_guess = client.address.is_none()
        && client.login.is_none()
        && client.helo.is_none()
        && told.sender.is_none()
        && told.recipients.is_empty();
    Circumstances { client, parameters, ..told }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &str)]) -> Circumstances {
        circumstances(fields.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn the_envelope_is_in_the_fields() {
        let told = read(&[
            ("IP", "[::ffff:192.0.2.1]"),
            ("helo", "mail.example"),
            ("Hostname", "unknown"),
            ("From", "<a@b.example>"),
            ("Rcpt", "c@d.example"),
            ("rcpt", "e@d.example"),
            ("Deliver-To", "f@d.example"),
            ("Queue-Id", "4ABC"),
            ("TLS-Version", "TLSv1.3"),
        ]);
        assert_eq!(told.client.address, "192.0.2.1".parse().ok());
        assert_eq!(told.client.name, None);
        assert_eq!(told.sender, Some(Address::new("a@b.example")));
        assert_eq!(told.recipients.len(), 2);
        assert_eq!(told.parameters.queue_id.as_deref(), Some("4ABC"));
        assert_eq!(told.client.tls.map(|tls| tls.version).as_deref(), Some("TLSv1.3"));
        assert!(!told.may_guess);
    }

    #[test]
    fn an_address_that_is_none_is_not_known() {
        let told = read(&[("IP", "unix"), ("Helo", "x")]);
        assert_eq!(told.client.address, None);
        assert!(!told.may_guess);
        assert!(read(&[("Queue-Id", "1")]).may_guess);
    }
}
