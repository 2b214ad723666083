//! Messages of LDAP (RFC 4511 4, X.690): the few that are sent, and what is read of the answers.
//!
//! Pure. The value that is searched for is an octet string of its own, so nothing in it can be read as a filter.

use crate::{
    limits,
    mail::asn1::{INTEGER, Item, Items, OCTET_STRING, SEQUENCE, SET, item},
    seal::der::element,
};

const ENUMERATED: u8 = 0x0a;
const BOOLEAN: u8 = 0x01;
const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const EXTENDED: u8 = 0x77;
const BIND_DONE: u8 = 0x61;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const EXTENDED_DONE: u8 = 0x78;
/// Simple authentication, and the name of an extended request.
const CONTEXT_0: u8 = 0x80;
const EQUALITY: u8 = 0xa3;
/// StartTLS (RFC 4511 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Certificates (RFC 4523 2.1; some servers know them without the option), and OpenPGP keys as text.
const ATTRIBUTES: [&str; 3] = ["userCertificate;binary", "userCertificate", "pgpKey"];

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// The end of a request, with its result code (RFC 4511 A.1).
    Done(u32),
    /// Values of the attributes of one entry that were asked for.
    Found(Vec<Value>),
    /// Something that is not looked at: a referral.
    Other,
}

/// One value.
#[derive(Debug, PartialEq, Eq)]
pub struct Value {
    pub is_openpgp: bool,
    pub octets: Vec<u8>,
}

/// A login with name and password; both empty for nobody in particular.
#[must_use]
pub fn bind(id: u8, name: &str, password: &[u8]) -> Vec<u8> {
    let version = element(INTEGER, &[&[3]]);
    let name = element(OCTET_STRING, &[name.as_bytes()]);
    message(id, &element(BIND, &[&version, &name, &element(CONTEXT_0, &[password])]))
}

#[must_use]
pub fn start_tls(id: u8) -> Vec<u8> {
    message(id, &element(EXTENDED, &[&element(CONTEXT_0, &[START_TLS])]))
}

#[must_use]
pub fn unbind(id: u8) -> Vec<u8> {
    message(id, &element(UNBIND, &[]))
}

/// Entries below `base` whose attribute `mail` is this address.
#[must_use]
pub fn search(id: u8, base: &str, address: &str) -> Vec<u8> {
    let text = |text: &str| element(OCTET_STRING, &[text.as_bytes()]);
    let count = |count: u8| element(INTEGER, &[&[count]]);
    let seconds = u8::try_from(limits::KEY_SECONDS_MAX.as_secs()).unwrap_or(1);
    let attributes = ATTRIBUTES.map(text).concat();
    let request = [
        text(base),
        // The whole subtree; aliases are not followed.
        element(ENUMERATED, &[&[2]]),
        element(ENUMERATED, &[&[0]]),
        count(limits::KEY_ENTRIES_MAX),
        count(seconds),
        element(BOOLEAN, &[&[0]]),
        element(EQUALITY, &[&text("mail"), &text(address)]),
        element(SEQUENCE, &[&attributes]),
    ];
    message(id, &element(SEARCH, &[&request.concat()]))
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(INTEGER, &[&[id]]), operation])
}

/// Octets of the message that begins with these: tag, length, and what the length says; `None`: more is needed to know.
///
/// # Errors
/// These do not begin a message, or a larger one than is taken.
pub fn length(head: &[u8]) -> Result<Option<usize>, &'static str> {
    let Some((tag, rest)) = head.split_first() else { return Ok(None) };
    if *tag != SEQUENCE {
        return Err("no LDAP");
    }
    let Some((first, rest)) = rest.split_first() else { return Ok(None) };
    let (octets, length) = match first {
        0..0x80 => (2, usize::from(*first)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x0f);
            let Some(octets) = rest.get(..count) else { return Ok(None) };
            (2 + count, octets.iter().fold(0_usize, |sum, octet| sum << 8 | usize::from(*octet)))
        }
        0x80 | 0x85.. => return Err("no LDAP"),
    };
    if length > limits::KEY_ANSWER_BYTES_MAX { Err("too large an answer") } else { Ok(Some(octets + length)) }
}

/// What a whole message says, if it answers the request with this number.
#[must_use]
pub fn read(octets: &[u8], id: u8) -> Option<Said> {
    let mut fields = item(octets).filter(|message| message.tag == SEQUENCE && !message.is_cut)?.items();
    if fields.next_if(INTEGER)?.content != [id] {
        return None;
    }
    let operation = fields.next().filter(|operation| !operation.is_cut)?;
    match operation.tag {
        BIND_DONE | SEARCH_DONE | EXTENDED_DONE => {
            let code = operation.items().next_if(ENUMERATED)?.content;
            Some(Said::Done(code.iter().fold(0_u32, |sum, octet| sum.wrapping_shl(8) | u32::from(*octet))))
        }
        ENTRY => {
            let mut fields = operation.items();
            let (_name, attributes) = (fields.next_if(OCTET_STRING)?, fields.next_if(SEQUENCE)?);
            let mut values: Vec<Value> = attributes.items().filter_map(|item| attribute(&item)).flatten().collect();
            values.truncate(limits::KEYS_IN_ANSWER_MAX);
            Some(Said::Found(values))
        }
        _ => Some(Said::Other),
    }
}

/// The values of one attribute, if it was asked for.
fn attribute(item: &Item<'_>) -> Option<Vec<Value>> {
    let mut fields: Items<'_> = item.items();
    let name = String::from_utf8_lossy(fields.next_if(OCTET_STRING)?.content).into_owned();
    if !ATTRIBUTES.iter().any(|wanted| wanted.eq_ignore_ascii_case(&name)) {
        return None;
    }
    let is_openpgp = name.eq_ignore_ascii_case("pgpKey");
    let values = fields.next_if(SET)?.items().filter(|value| value.tag == OCTET_STRING && !value.is_cut);
    Some(values.map(|value| Value { is_openpgp, octets: value.content.to_vec() }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attribute: &str, value: &[u8]) -> Vec<u8> {
        let text = |text: &[u8]| element(OCTET_STRING, &[text]);
        let values = element(SET, &[&text(value)]);
        let attributes = element(SEQUENCE, &[&element(SEQUENCE, &[&text(attribute.as_bytes()), &values])]);
        message(3, &element(ENTRY, &[&text(b"cn=a"), &attributes]))
    }

    #[test]
    fn an_entry_tells_the_values_that_were_asked_for() {
        let found = |is_openpgp| Some(Said::Found(vec![Value { is_openpgp, octets: b"key".to_vec() }]));
        assert_eq!(read(&entry("usercertificate;BINARY", b"key"), 3), found(false));
        assert_eq!(read(&entry("pgpKey", b"key"), 3), found(true));
        assert_eq!(read(&entry("userPassword", b"key"), 3), Some(Said::Found(Vec::new())));
        assert_eq!(read(&entry("pgpKey", b"key"), 4), None);
    }

    #[test]
    fn a_result_is_a_number() {
        let done = message(1, &element(BIND_DONE, &[&element(ENUMERATED, &[&[49]])]));
        assert_eq!(read(&done, 1), Some(Said::Done(49)));
        assert_eq!(read(&message(1, &element(0x73, &[])), 1), Some(Said::Other));
    }

    #[test]
    fn an_address_is_a_value_and_no_filter() {
        let request = search(2, "dc=a", "*)(mail=*");
        let mut operation = item(&request).unwrap().items().nth(1).unwrap().items();
        let filter = operation.find(|item| item.tag == EQUALITY).unwrap();
        assert_eq!(filter.items().nth(1).unwrap().content, b"*)(mail=*");
    }

    #[test]
    fn the_length_of_a_message_is_known_from_its_head() {
        let whole = entry("pgpKey", &[0; 300]);
        assert_eq!(length(&whole), Ok(Some(whole.len())));
        assert_eq!((length(&[]), length(b"\x30"), length(b"\x30\x82\x01")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!(length(b"\x30\x84\xff\xff\xff\xff"), Err("too large an answer"));
        assert_eq!((length(b"HTTP"), length(b"\x30\x80")), (Err("no LDAP"), Err("no LDAP")));
    }

    #[test]
    fn any_octets_get_an_answer() {
        let whole = entry("pgpKey", b"key");
        for end in 0..whole.len() {
            assert_eq!(read(whole.get(..end).unwrap(), 3), None);
        }
    }
}
