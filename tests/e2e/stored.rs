//! A mail as the mailstore keeps it: header fields in order, and the body.

/// A stored mail. Dovecot keeps bare LF line ends; they are made CRLF again.
pub struct Stored {
    /// Name and value with folding, in order.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Stored {
    pub fn read(bytes: &[u8]) -> Self {
        let bytes = crlf(bytes);
        let cut = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an empty line after the head");
        let head = String::from_utf8_lossy(&bytes[..cut + 2]).into_owned();
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in head.split_inclusive("\r\n") {
            if line.starts_with([' ', '\t']) {
                fields.last_mut().expect("a field before its continuation").1.push_str(line);
            } else {
                let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("`{line}` is no header field"));
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        // The mailstore's own fields stand above what it was handed.
        let own = fields.iter().position(|(name, _)| !is_of_the_mailstore(name)).unwrap_or(0);
        fields.drain(..own);
        if fields.first().is_some_and(|(name, value)| name == "Received" && value.contains("with LMTP")) {
            fields.remove(0);
        }
        Self { fields, body: bytes[cut + 4..].to_vec() }
    }

    /// The values of every field of that name, from the top.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let wanted = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        wanted.map(|(_, value)| value.as_str()).collect()
    }

    /// How many fields stand above the first one of that name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|(field, _)| field.eq_ignore_ascii_case(name))
    }
}

fn is_of_the_mailstore(name: &str) -> bool {
    ["Return-Path", "Delivered-To"].contains(&name)
}

/// Bare LF made CRLF.
fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 20);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// The body of a message with CRLF line ends.
pub fn body_of(message: &[u8]) -> &[u8] {
    let cut = message.windows(4).position(|window| window == b"\r\n\r\n").expect("an empty line after the head");
    &message[cut + 4..]
}
