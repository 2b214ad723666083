//! One Received field as SpamAssassin reads it: who handed the mail to whom, in the words of some sixty mail systems.
//!
//! Pure. The formats are in `formats.rs`.

use super::{
    expression::{Expression, Groups, Stored},
    formats::{
        FAMILIES, FORMS,
        Reading::{
            self, Asked, AskedOrUnknown, Both, BothAsked, Courier, Fetched, Ignored, NamedParts, Plain, Qmail,
            QmailBoth, Scanner, Sendmail, WithoutId,
        },
        TABLE, compile,
    },
    hosts,
};

/// A handover of the mail from one host to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    pub ip: String,
    pub rdns: String,
    pub helo: String,
    pub by: String,
    pub ident: String,
    pub envelope_from: Option<String>,
    pub id: String,
    /// How the client logged in, as far as the field tells.
    pub auth: String,
    /// The host asked DNS and found no name.
    pub no_reverse_dns: bool,
    /// The address is of a private network.
    pub is_private: bool,
    pub internal: bool,
}

/// What a Received field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    Relay(Box<Relay>),
    /// Not a handover between hosts; with the envelope sender that the next field is about, if it names one.
    Nothing(Option<String>),
    /// Fetched from a mailbox: what came before is another story.
    Fetched,
    Unparseable,
}

static LOCAL_FOR: Stored = Stored::new(r"\bwith local for\b");
static BARE: Stored = Stored::new(r"(?i)^from (\S+) by [^\s;]+ ?;");
static NUMBERED: Stored = Stored::new(r"^\[[\d.]+\]\z");
static DATE: Stored = Stored::new(
    r"[\s;]+(?:(?:Mon|T(?:ue|hu)|Wed|Fri|S(?:at|un)), )?\d+ (?:J(?:an|u[nl])|Feb|Ma[ry]|A(?:pr|ug)|Sep|Oct|Nov|Dec) \d+ \d+:\d+(?::\d+)? \S+\z",
);
static ID: Stored = Stored::new(r" id <?([^\s<>;]{3,})");
static HELO: Stored = Stored::new(r"\bhelo=([-A-Za-z0-9\.\^+_&:=?!@%*\$\\/]+)(?:[^-A-Za-z0-9\.\^+_&:=?!@%*\$\\/]|\z)");
static GREETING: Stored =
    Stored::new(r"\b(?:HELO|EHLO) ([-A-Za-z0-9\.\^+_&:=?!@%*\$\\/]+)(?:[^-A-Za-z0-9\.\^+_&:=?!@%*\$\\/]|\z)");
static BY: Stored = Stored::new(r" by (\S+)(?:[^-A-Za-z0-9\;\.]|\z)");
static ENVELOPE: Stored = Stored::new(r"(?i)(?:return-path:? |envelope-(?:sender|from)[ =])(\S+)\b");
static AUTH_WITH: Stored = Stored::new(r"(?i) with ((?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?)(?: |;|\z)");
static AUTH_GMAIL: Stored = Stored::new(
    r" by mx\.google\.com with ESMTPS id [a-z0-9]{1,4}sm[0-9]{2,9}[a-z]{3}\.[0-9]{1,3}\.[0-9]{4}\.(?:[0-6][0-9]\.){4}[0-6][0-9]",
);
static AUTH_GMAIL_TLS: Stored = Stored::new(r"\(version=([^ ]+) cipher=([^\)]+)\)");
static AUTH_COURIER: Stored =
    Stored::new(r"^from .*?(?:\]\)|\)\]) \(AUTH: (LOGIN|PLAIN|DIGEST-MD5|CRAM-MD5) \S+(?:, .*?)?\) by ");
static AUTH_SENDMAIL: Stored = Stored::new(r"^from .*?(?:\](?: \([^)]*\))?\)|\)\]) .*?\(.*?authenticated.*?\).*? by");
static AUTH_GMX: Stored = Stored::with(
    r"from \S* \((?:HELO|EHLO) \S*\) \[%IP\] by (mail\.gmx\.(?:net|com)) \([^\)]+\) with (ESMTP|SMTP)",
    compile,
);
static AUTH_PATH: Stored = Stored::new(r"\) by .+ \(\d{1,2}\.\d\.\d{3}(?:\.\d{1,3})?\) \(authenticated as .+\) id ");
static AUTH_POSTFIX: Stored = Stored::new(r"\) \(Authenticated sender: \S+\) by \S+ \(([^\)]+)\) with ");
static AUTH_COMMUNIGATE: Stored = Stored::new(r"CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP)");
static AUTH_VIA: Stored = Stored::new(r"(?i) \(via (HTTP.?)\)(?: |;|\z)");
static SQUIRREL: Stored = Stored::with(r"%ip\b[^.-].{9,79}by %by with HTTP", compile);
static AOL: Stored = Stored::with(r"%ip by %by \(%IP\) with HTTP \(WebMailUI\)", compile);
static SUB_HELO: Stored = Stored::new(r"helo=(\S+)");
static SUB_IDENT: Stored = Stored::new(r"ident=(\S*)");
static XMAIL_ID: Stored = Stored::new(r" id <(\S+)>");
static XMAIL_FROM: Stored = Stored::new(r" from <(\S+)>");
static EXIM_NAME: Stored = Stored::new(r"^(\S+) ");
static EXIM_HELO: Stored = Stored::new(r" \((\S+)\) ");
static EXIM_IP: Stored = Stored::with(r" \[%ip(?:\.\d+)?\] ", compile);
static EXIM_BY: Stored = Stored::new(r"by (\S+) ");
static GUESSED_HELO: Stored = Stored::new(r"^(\S+)[^-A-Za-z0-9\.]");
static SIMTA: Stored = Stored::with(
    r"^%helo \(%rdns \[%ip\]\) BY %by (?:\([^\)]+\) WITH SMTP )?ID <?(?P<id>\S+?)>?(?: FOR <[^>]+>)?\z",
    compile,
);
static NORTON: Stored = Stored::with(r"^(?P<helo>\S*) \[%ip\]\) by %by \(NAVGW .*?\) with ", compile);
static COMMAND: Stored = Stored::new(r"^\S+@localhost\) by \S+ ");
static JUNO: Stored = Stored::new(r"^[^\s@]+@[^)]+\) by \S+\(jqueuemail\) id [^\s;]+");
static QMAIL_LDAP: Stored = Stored::new(r" by \S+ \(qmail-\S+\) with ");
static BRACKETED: Stored = Stored::with(r"\[%ip\]", compile);

/// The field under way.
struct Reader {
    text: Vec<u8>,
    relay: Relay,
    looked_up: bool,
}

/// Reads the unfolded body of a Received field.
#[must_use]
pub fn parse(field: &[u8]) -> Handover {
    let mut text = squeeze(field);
    while let Some(rest) = text.strip_suffix(b";") {
        text = rest.strip_suffix(b" ").unwrap_or(rest).to_vec();
    }
    let lower = text.get(..6).unwrap_or_default().to_ascii_lowercase();
    if !(lower.starts_with(b"from ") || lower.starts_with(b"(from ")) || LOCAL_FOR.is_match(&text) {
        return Handover::Nothing(None);
    }
    if let Some(found) = BARE.groups(&text, 0)
        && !found.get(1).is_some_and(|name| NUMBERED.is_match(name))
    {
        return Handover::Nothing(None);
    }
    if let Some(date) = DATE.find(&text, 0) {
        text.truncate(date.start);
    }
    if let Some(at) = memchr::memmem::find(&text, b")by ") {
        text.insert(at + 1, b' ');
    }
    let mut reader = Reader { relay: Relay::default(), looked_up: false, text };
    reader.common();
    reader.read()
}

/// An address, in brackets or with a zone as some formats have it.
fn is_address(text: &str) -> bool {
    let bare = super::relays::plain_address(text);
    hosts::is_address(bare.as_bytes())
}

/// White space squeezed, none around.
fn squeeze(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    for octet in super::wide::trim(field) {
        let space = super::wide::is_blank(octet);
        if !(space && text.last() == Some(&b' ')) {
            text.push(if space { b' ' } else { *octet });
        }
    }
    text
}

fn string(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

impl Reader {
    fn take(&self, expression: &Expression) -> Option<String> {
        expression.groups(&self.text, 0).and_then(|found| found.get(1).map(string))
    }

    fn has(&self, words: &[u8]) -> bool {
        memchr::memmem::find(&self.text, words).is_some()
    }

    /// What can be told without knowing the format.
    fn common(&mut self) {
        self.relay.id = self.take(&ID).unwrap_or_default();
        self.relay.helo = self.take(&HELO).or_else(|| self.take(&GREETING)).unwrap_or_default();
        self.relay.by = self.take(&BY).unwrap_or_default();
        self.relay.auth = self.auth().unwrap_or_default();
    }

    fn auth(&self) -> Option<String> {
        let has_by = self.has(b" by ");
        if has_by && let Some(auth) = self.take(&AUTH_WITH) {
            return Some(auth);
        }
        if AUTH_GMAIL.is_match(&self.text)
            && let Some(tls) = AUTH_GMAIL_TLS.groups(&self.text, 0)
        {
            let part = |index| tls.get(index).map(string).unwrap_or_default();
            return Some(format!("GMail - transport={} cipher={}", part(1), part(2)));
        }
        if let Some(auth) = self.take(&AUTH_COURIER) {
            return Some(auth);
        }
        if self.has(b"authenticated") && AUTH_SENDMAIL.is_match(&self.text) {
            return Some("Sendmail".to_owned());
        }
        if let Some(gmx) = AUTH_GMX.groups(&self.text, 0) {
            let part = |index| gmx.get(index).map(string).unwrap_or_default();
            return Some(format!("GMX ({} / {})", part(2), part(1)));
        }
        if self.has(b" (authenticated as ") && AUTH_PATH.is_match(&self.text) {
            return Some("CriticalPath".to_owned());
        }
        if let Some(name) = self.take(&AUTH_POSTFIX) {
            return Some(if name == "Postfix" { name } else { format!("Postfix ({name})") });
        }
        if AUTH_COMMUNIGATE.is_match(&self.text) && self.has(b" (account ") {
            return Some("Communigate".to_owned());
        }
        if self.has(b" with Microsoft Exchange Server HTTP-DAV") {
            return Some("HTTP-DAV".to_owned());
        }
        self.take(&AUTH_VIA).filter(|_| has_by)
    }

    fn read(mut self) -> Handover {
        if let Some(rest) = self.text.strip_prefix(b"from ") {
            self.text = rest.to_vec();
            if let Some(done) = self.from() {
                return done;
            }
            if self.relay.helo.is_empty() {
                self.relay.helo = self.take(&GUESSED_HELO).unwrap_or_default();
            }
        } else if let Some(rest) = self.text.strip_prefix(b"FROM ") {
            self.text = rest.to_vec();
            if let Some(found) = SIMTA.groups(&self.text, 0).map(|found| Parted::of(&found)) {
                self.apply(found, Asked);
                if self.relay.rdns == "unverified" {
                    self.relay.rdns.clear();
                }
                return self.finish();
            }
        } else if let Some(rest) = self.text.strip_prefix(b"(from ") {
            self.text = rest.to_vec();
            if let Some(found) = NORTON.groups(&self.text, 0).map(|found| Parted::of(&found)) {
                self.apply(found, Plain);
                return self.finish();
            }
            if COMMAND.is_match(&self.text) || JUNO.is_match(&self.text) {
                return Handover::Nothing(None);
            }
        }
        if self.relay.ip.is_empty() {
            let found = BRACKETED.groups(&self.text, 0).and_then(|found| found.named("ip").map(string));
            self.relay.ip = found.filter(|ip| is_address(ip)).unwrap_or_default();
        }
        if self.relay.ip.is_empty() || self.relay.by.is_empty() { Handover::Unparseable } else { self.finish() }
    }

    /// Tries all formats of `from ...`.
    fn from(&mut self) -> Option<Handover> {
        self.relay.envelope_from = self.take(&ENVELOPE);
        let is_web = self.has(b" (SquirrelMail authenticated user ") || self.has(b" (NaSMail authenticated user ");
        for (expression, gate) in
            [(&SQUIRREL, is_web), (&AOL, self.has(b"aol.com") && self.has(b"with HTTP (WebMailUI)"))]
        {
            if gate && let Some(found) = expression.groups(&self.text, 0).map(|found| Parted::of(&found)) {
                return Some(self.done(found, Plain));
            }
        }
        let table = &*TABLE;
        if let Some((gate, (_, forms))) =
            table.families.iter().enumerate().find(|(_, (gate, _))| gate.is_match(&self.text))
        {
            if let Some(done) = self.try_forms(forms) {
                return Some(done);
            }
            if FAMILIES.get(gate).is_some_and(|(name, _)| *name == "Exim") && self.odd_exim() {
                return Some(self.clone_finished());
            }
        }
        self.try_forms(&table.forms)
    }

    fn try_forms(&mut self, forms: &[(Expression, Reading)]) -> Option<Handover> {
        let is_ldap = QMAIL_LDAP.is_match(&self.text);
        let is_http = self.has(b"with HTTP");
        for (index, (expression, reading)) in forms.iter().enumerate() {
            // Two formats count under conditions of their own: HTTP, and sendmail unless it is qmail-ldap.
            let is_common = forms.len() > FORMS.len();
            if is_common && ((index == 0 && !is_http) || (index == 1 && is_ldap)) {
                continue;
            }
            let Some(found) = expression.groups(&self.text, 0).map(|found| Parted::of(&found)) else { continue };
            if found.ip.as_ref().is_some_and(|ip| !is_address(ip)) {
                continue;
            }
            if matches!(reading, Qmail | QmailBoth) && self.is_sendmail_id() {
                continue;
            }
            return Some(self.done(found, *reading));
        }
        None
    }

    /// ` id ` right behind the protocol is sendmail's, not qmail's.
    fn is_sendmail_id(&self) -> bool {
        let ends = [&b" SMTP"[..], b" QMQP"].into_iter().flat_map(|name| memchr::memmem::find_iter(&self.text, name));
        let mut rests = ends.filter_map(|at| self.text.get(at + 5..));
        rests.all(|rest| rest.starts_with(b" id "))
    }

    fn done(&mut self, found: Parted, reading: Reading) -> Handover {
        match reading {
            Ignored => Handover::Nothing(None),
            Fetched => Handover::Fetched,
            Scanner => Handover::Nothing(self.relay.envelope_from.as_deref().map(envelope)),
            reading => {
                self.apply(found, reading);
                self.clone_finished()
            }
        }
    }

    fn clone_finished(&mut self) -> Handover {
        let reader = Reader { text: Vec::new(), relay: std::mem::take(&mut self.relay), looked_up: self.looked_up };
        reader.finish()
    }

    /// Exim's fields can be formatted at will: what looks right is taken.
    fn odd_exim(&mut self) -> bool {
        let name = self.take(&EXIM_NAME);
        let helo = self.take(&EXIM_HELO);
        let ip = EXIM_IP.groups(&self.text, 0).and_then(|found| found.named("ip").map(string));
        let by = self.take(&EXIM_BY);
        self.relay.rdns = name.unwrap_or_default();
        self.relay.helo = helo.unwrap_or_else(|| std::mem::take(&mut self.relay.helo));
        self.relay.ip = ip.unwrap_or_default();
        let has_by = by.is_some();
        self.relay.by = by.unwrap_or_else(|| std::mem::take(&mut self.relay.by));
        has_by && !self.relay.ip.is_empty()
    }

    fn apply(&mut self, found: Parted, reading: Reading) {
        let Parted { ip, rdns, helo, by, ident, id, sub } = found;
        let relay = &mut self.relay;
        relay.ip = ip.unwrap_or_default();
        relay.rdns = rdns.unwrap_or_default();
        if let Some(helo) = helo {
            relay.helo = helo;
        }
        relay.by = by.unwrap_or_else(|| std::mem::take(&mut relay.by));
        relay.ident =
            ident.map(|ident| ident.strip_suffix('@').map(str::to_owned).unwrap_or(ident)).unwrap_or_default();
        relay.id = id.unwrap_or_else(|| std::mem::take(&mut relay.id));
        self.looked_up = matches!(reading, Asked | Sendmail | AskedOrUnknown | BothAsked | Courier);
        match reading {
            AskedOrUnknown if matches!(relay.rdns.as_str(), "unknown" | "UNKNOWN") => relay.rdns.clear(),
            NamedParts | Both | BothAsked | QmailBoth => relay.helo.clone_from(&relay.rdns),
            WithoutId => relay.id.clear(),
            Courier if relay.rdns == "softdnserr" => {
                relay.rdns.clear();
                self.looked_up = false;
            }
            _ => {}
        }
        if matches!(reading, Qmail | QmailBoth) {
            self.looked_up = relay.rdns != "unknown";
        }
        if reading == Sendmail
            && let Some((ident, name)) = relay.rdns.split_once('@')
        {
            relay.ident = ident.strip_prefix("IDENT:").unwrap_or(ident).to_owned();
            relay.rdns = name.to_owned();
        }
        if let Some(sub) = sub {
            let part = |expression: &Expression| expression.groups(&sub, 0).and_then(|found| found.get(1).map(string));
            if let Some(helo) = part(&SUB_HELO) {
                relay.helo = helo;
            }
            relay.ident = part(&SUB_IDENT).unwrap_or_default();
        }
        if self.has(b"[XMail ") {
            self.relay.id = self.take(&XMAIL_ID).unwrap_or_else(|| std::mem::take(&mut self.relay.id));
            self.relay.envelope_from = self.take(&XMAIL_FROM).or_else(|| self.relay.envelope_from.take());
        }
    }

    fn finish(self) -> Handover {
        let mut relay = self.relay;
        relay.rdns.truncate(relay.rdns.trim_end_matches('.').len());
        if relay.rdns.eq_ignore_ascii_case("unknown") || relay.rdns.starts_with('[') {
            relay.rdns.clear();
        }
        relay.ip = super::relays::plain_address(&relay.ip);
        relay.by.truncate(relay.by.strip_suffix(';').unwrap_or(&relay.by).len());
        for text in [&mut relay.ip, &mut relay.rdns, &mut relay.helo, &mut relay.by, &mut relay.ident] {
            *text = marked(text);
        }
        relay.envelope_from = relay.envelope_from.as_deref().map(envelope);
        relay.no_reverse_dns = relay.rdns.is_empty() && self.looked_up;
        relay.is_private = super::relays::is_private(&relay.ip);
        Handover::Relay(Box::new(relay))
    }
}

/// Characters that SpamAssassin's notation gives a meaning are marked.
fn marked(text: &str) -> String {
    let is_special = |letter: char| super::wide::is_space(letter) || "\0#[]()<>|".contains(letter);
    text.chars().map(|letter| if is_special(letter) { '!' } else { letter }).collect()
}

fn envelope(text: &str) -> String {
    marked(
        text.trim_start_matches(super::wide::is_space)
            .trim_start_matches('<')
            .trim_end_matches(super::wide::is_space)
            .trim_end_matches('>'),
    )
}

/// The named parts of a match.
#[derive(Default)]
struct Parted {
    ip: Option<String>,
    rdns: Option<String>,
    helo: Option<String>,
    by: Option<String>,
    ident: Option<String>,
    id: Option<String>,
    sub: Option<Vec<u8>>,
}

impl Parted {
    fn of(found: &Groups<'_>) -> Self {
        let part = |name: &str| found.named(name).map(string);
        Self {
            ip: part("ip"),
            rdns: part("rdns"),
            helo: part("helo"),
            by: part("by"),
            ident: part("ident"),
            id: part("id"),
            sub: found.named("sub").map(<[u8]>::to_vec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(field: &str) -> Relay {
        match parse(field.as_bytes()) {
            Handover::Relay(relay) => *relay,
            other => panic!("{field}: {other:?}"),
        }
    }

    #[test]
    fn mail_systems_have_their_own_words() {
        let read = relay(
            "from a.example (b.example [192.0.2.7]) by c.example (Postfix) with ESMTP id 12345; Mon, 1 Jan 2024 00:00:00 +0000",
        );
        assert_eq!(
            (&*read.ip, &*read.rdns, &*read.helo, &*read.by, &*read.id),
            ("192.0.2.7", "b.example", "a.example", "c.example", "12345")
        );
        let read = relay("from unknown (HELO x) (192.0.2.8) by y.example with SMTP; 1 Jan 2024 00:00:00 -0000");
        assert_eq!((&*read.ip, &*read.rdns, &*read.helo, read.no_reverse_dns), ("192.0.2.8", "", "x", false));
        let read = relay("from [192.0.2.9] (helo=h ident=i) by z with esmtp (Exim 4.9) id 1a-b-c");
        assert_eq!((&*read.ip, &*read.helo, &*read.ident), ("192.0.2.9", "h", "i"));
        let read = relay("from a (unknown [IPv6:2001:db8::1]) by b (Postfix) with ESMTPSA id 123");
        assert_eq!((&*read.ip, &*read.auth, read.no_reverse_dns), ("2001:db8::1", "ESMTPSA", true));
    }

    #[test]
    fn some_fields_tell_nothing() {
        assert_eq!(parse(b"by x with SMTP; 1 Jan"), Handover::Nothing(None));
        assert_eq!(parse(b"from a by b; Thu, 1 Jan 2004 00:00:00 +0000"), Handover::Nothing(None));
        assert_eq!(parse(b"from a [192.0.2.1] by localhost with IMAP (fetchmail)"), Handover::Fetched);
        assert_eq!(parse(b"from somewhere strange"), Handover::Unparseable);
    }
}
