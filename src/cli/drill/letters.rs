//! The mails of a drill, and the DNS in which they are what they are. Pure data.

use crate::cli::demo::samples::SAMPLES;

/// A mail of the drill.
#[derive(Clone, Copy, Debug)]
pub struct Letter {
    pub name: &'static str,
    pub about: &'static str,
    pub bytes: &'static [u8],
    /// Does the scanner find something, where it looks?
    pub is_infected: bool,
}

/// All of DNS: `gymnasium.example` authenticates by SPF and asks to refuse what fails.
pub const ZONE: &str = r#"
gymnasium.example.          IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
gymnasium.example.          IN MX 10 mail.gymnasium.example.
gymnasium.example.          IN A 192.0.2.10
_dmarc.gymnasium.example.   IN TXT "v=DMARC1; p=reject"
mail.gymnasium.example.     IN A 192.0.2.10
mail.gymnasium.example.     IN TXT "v=spf1 a -all"
10.2.0.192.in-addr.arpa.    IN PTR mail.gymnasium.example.
host.stranger.example.      IN A 198.51.100.66
66.100.51.198.in-addr.arpa. IN PTR host.stranger.example.
"#;

const FORGED: &[u8] = b"Return-Path: <sekretariat@gymnasium.example>
Received: from host.stranger.example (host.stranger.example [198.51.100.66])
\tby mx.school.example (Postfix) with ESMTP id 4dB1k26Qq
\tfor <office@school.example>; Sun, 22 Nov 2026 08:15:02 +0000
From: \"Sekretariat\" <sekretariat@gymnasium.example>
To: <office@school.example>
Subject: Termin der Dienstbesprechung
Date: Sun, 22 Nov 2026 09:15:00 +0100
Message-ID: <20261122091500.9@gymnasium.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

Guten Tag,

die Dienstbesprechung beginnt am Montag um 14 Uhr in Raum 112.

Mit freundlichen Gruessen
Sekretariat
";

/// The mails, in the order they are shown.
#[must_use]
pub fn letters() -> Vec<Letter> {
    let sample = |name: &str| SAMPLES.iter().find(|sample| sample.name == name).map_or(&[][..], |sample| sample.bytes);
    let clean = sample("01-clean.eml");
    let letter = |name, about, bytes| Letter { name, about, bytes, is_infected: false };
    vec![
        letter("letter", "an honest letter whose sender passes SPF and DMARC", clean),
        letter("forged", "the same letter from a stranger's host; DMARC asks to refuse it", FORGED),
        Letter { is_infected: true, ..letter("virus", "the honest letter, in which the scanner finds a virus", clean) },
        letter("program", "a program as an attachment", sample("08-program.eml")),
        letter("doubtful", "two authors: set aside by the rules", sample("07-two-authors.eml")),
    ]
}
