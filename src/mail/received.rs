//! What our own MTA's Received field says of the client's session: TLS as Postfix writes it (smtpd_tls_received_header).
//!
//! Pure. Counts only for the topmost Received field that carries the MTA's name and the queue ID that the MTA told us
//! beside the mail: a sender can write any field below it, but not know a queue ID before the mail has one.

use super::{envelope::Tls, head::Head};

/// The TLS session of the client as the MTA `by` wrote it into the mail with the queue ID `id`, if it did.
#[must_use]
pub fn witnessed(head: &Head, by: &str, id: &str) -> Option<Tls> {
    let text = head.first("Received")?.text();
    let pieces = pieces(&text);
    let words: Vec<&str> = pieces.iter().filter(|piece| !piece.starts_with('(')).copied().collect();
    let after = |keyword: &str| {
        let at = words.iter().position(|word| word.eq_ignore_ascii_case(keyword))?;
        words.get(at + 1).map(|word| word.trim_end_matches(';'))
    };
    let is_ours = words.first().is_some_and(|word| word.eq_ignore_ascii_case("from"))
        && after("by").is_some_and(|name| name.eq_ignore_ascii_case(by))
        && after("id").is_some_and(|told| told == id)
        && !by.is_empty()
        && !id.is_empty();
    // RFC 3848: the keyword of a protocol under TLS has an S behind SMTP.
    let is_secured = after("with").is_some_and(|protocol| protocol.to_ascii_uppercase().starts_with("ESMTPS"));
    if !is_ours || !is_secured {
        return None;
    }
    let comments = pieces.iter().filter_map(|piece| piece.strip_prefix('(')?.strip_suffix(')'));
    let mut tls = None;
    for comment in comments {
        if let Some(rest) = comment.strip_prefix("using ") {
            tls = tls.or_else(|| session(rest));
        } else if comment.starts_with("Client ")
            && let Some(tls) = &mut tls
        {
            // Names in a certificate are its owner's choice: only what stands behind them is the MTA's.
            tls.verified = comment.ends_with("(verified OK)");
        }
    }
    tls
}

/// `TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) ...`.
fn session(text: &str) -> Option<Tls> {
    let mut words = text.split_ascii_whitespace();
    let version = words.next()?.to_owned();
    (words.next()? == "with" && words.next()? == "cipher").then_some(())?;
    let cipher = words.next()?.to_owned();
    let bits = words.next()?.strip_prefix('(')?.split('/').next()?.parse().ok()?;
    Some(Tls { version, cipher: Some(cipher), cipher_bits: Some(bits), ..Tls::default() })
}

/// The words of a field, and its comments each as one piece with its parentheses (RFC 5322 3.2.2).
fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start, mut is_escaped) = (Vec::new(), 0_usize, 0, false);
    for (at, letter) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match letter {
            '\\' if depth > 0 => is_escaped = true,
            '(' => {
                if depth == 0 {
                    found.push(text.get(start..at).unwrap_or_default());
                    start = at;
                }
                depth += 1;
            }
            ')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    found.push(text.get(start..=at).unwrap_or_default());
                    start = at + 1;
                }
            }
            ' ' | '\t' if depth == 0 => {
                found.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    // A comment without end is nobody's word.
    if depth == 0 {
        found.push(text.get(start..).unwrap_or_default());
    }
    found.retain(|piece| !piece.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const TLS: &str = "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 \
                       server-signature RSA-PSS (2048 bits) server-digest SHA256)\r\n\t";
    const TAIL: &str =
        "by mx.a.example (Postfix) with ESMTPS id 4ABC12\r\n\tfor <x@a.example>; Sun, 22 Nov 2026 12:00:00 +0000 (UTC)";

    fn tls(received: &str) -> Option<Tls> {
        let head = Head::parse(&Bytes::from(format!("X: y\r\n{received}\r\nReceived: from forged\r\n\r\n")));
        witnessed(&head, "MX.a.example", "4ABC12")
    }

    fn field(comments: &str) -> String {
        format!("Received: from c.example (c.example [192.0.2.1])\r\n\t{comments}{TAIL}")
    }

    #[test]
    fn the_session_is_read_as_postfix_writes_it() {
        let found = tls(&field(&format!("{TLS}(No client certificate requested)\r\n\t"))).unwrap();
        assert_eq!((found.version.as_str(), found.cipher_bits, found.verified), ("TLSv1.3", Some(256), false));
        let shown = |trust: &str| field(&format!("{TLS}(Client CN \"c\", Issuer \"(verified OK)\" ({trust}))\r\n\t"));
        assert!(tls(&shown("verified OK")).unwrap().verified);
        assert!(!tls(&shown("not verified")).unwrap().verified);
        assert_eq!(tls(&field("")), None);
    }

    #[test]
    fn what_a_sender_can_write_is_no_evidence() {
        let good = field(TLS);
        assert!(tls(&good).is_some());
        for (from, to) in [
            ("4ABC12", "4ABC13"),
            ("by mx.a.example", "by mx.b.example"),
            ("with ESMTPS", "with ESMTP"),
            ("from c.example", "(from c.example"),
            ("Received:", "X-Received:"),
            ("(using TLSv1.3 with", "(using TLSv1.3 without"),
            (" id 4ABC12", ""),
        ] {
            assert_eq!(tls(&good.replace(from, to)), None, "{from} -> {to}");
        }
        // The client's greeting and host name stand in words and comments of their own.
        let greeting = format!("Received: from using (using TLSv1.3 [192.0.2.1])\r\n\t{TAIL}");
        assert_eq!(tls(&greeting), None);
        assert_eq!(
            tls(&format!("Received: from by (x [192.0.2.1]) {TLS}by other.example with ESMTPS id 4ABC12")),
            None
        );
        let head = Head::parse(&Bytes::from(format!("{good}\r\n\r\n")));
        assert_eq!(witnessed(&head, "", ""), None);
    }
}
