//! The formats of Received fields: how some sixty mail systems say who handed the mail to whom.
//!
//! Pure. A table; `%ip`, `%helo` and the like stand for what is taken out. Facts that SpamAssassin gathered over the years.

use super::{expression::Expression, hosts};
use std::sync::LazyLock;

/// How the parts of a format are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As they stand.
    Plain,
    /// The host asked DNS for the name.
    Asked,
    /// As `Asked`; what identd said stands before the name.
    Sendmail,
    /// As `Asked`, and `unknown` means that there is none.
    AskedOrUnknown,
    /// `%sub` holds `helo=` and `ident=`.
    Parts,
    /// As `Parts`; the name is the greeting unless there is one.
    NamedParts,
    /// A name that is also the greeting.
    Both,
    /// As `Both`, and the host asked DNS.
    BothAsked,
    /// qmail: `unknown` means that nobody asked.
    Qmail,
    /// As `Qmail`, the name is also the greeting.
    QmailBoth,
    /// Local delivery and the like.
    Ignored,
    Fetched,
    /// qmail-scanner tells the envelope sender of the field below.
    Scanner,
    /// Not the identifier that was found.
    WithoutId,
    /// couriertcpd: `softdnserr` is no name.
    Courier,
}

use Reading::{
    Asked, AskedOrUnknown, Both, BothAsked, Courier, Fetched, Ignored, NamedParts, Parts, Plain, Qmail, QmailBoth,
    Scanner, Sendmail, WithoutId,
};

/// Formats of one mail system: if the gate is in the field and no format fits, the common ones are tried.
pub type Family = (&'static str, &'static [(&'static str, Reading)]);

pub const FAMILIES: &[Family] = &[
    (
        r" SMTPSVC",
        &[
            (r"^(?P<helo>\S*) \(\[%ip\][^\)]{0,40}\) by %by with Microsoft SMTPSVC", Plain),
            (r"^mail pickup service by \S+ with Microsoft SMTPSVC\z", Ignored),
        ],
    ),
    (
        r" with (?:Microsoft SMTP Server|mapi id) (?:\([^\)]+\) )?\d+\.\d+\.\d+\.\d+(?:\z| )",
        &[(r"^%helo \(\[?%ip(?:%[A-Z0-9._~-]*)?\]?\) by %by ", WithoutId)],
    ),
    (r"\[XMail ", &[(r"^%helo \((?P<ip>\[?%IP\]?):\d+\) by %by(?: \(\S+\))? with \[XMail", Plain)]),
    (r"\(ecelerity\b", &[(r"^\(\[%ip:\d+\] helo=%helo\) by %by ", Plain), (r"^\S+ \(\[%ip:\d+\]\) by %by ", Plain)]),
    (
        r"Exim",
        &[
            (r"^.*?\bwith local(?:-\S+)? ", Ignored),
            (r"^\[%ip\] \((?P<sub>.*?)\) by %by ", Parts),
            (r"^%rdns \(\[%ip\](?P<sub>.*?)\) by %by ", NamedParts),
            (r"^%rdns \[%ip\](?::\d+)? by %by ", Both),
        ],
    ),
    (
        r" \(Postfix\) with",
        &[(r"^%helo \(%rdns \[%ip\]\) by %by ", AskedOrUnknown), (r"^%helo \(%rdns\[%ip\]\) by %by ", AskedOrUnknown)],
    ),
    (r"\(Scalix SMTP Relay", &[(r"^%helo \( ?%ip\) by %by", Plain)]),
    (r" \(Lotus Domino ", &[(r"^%helo \(\[%ip\]\) by %by \(Lotus", Plain)]),
];

/// Formats tried in this order when no mail system names itself.
pub const FORMS: &[(&str, Reading)] = &[
    (r"^%ip \(\[%IP\]\) by %by", Plain),
    (r"^%helo \(%rdns \[%ip\].*\) by %by \(", Sendmail),
    (r"^%helo \(%rdns \[%ip\]\) by %by with \S+ \(", Asked),
    (r"^%rdns \(\[%ip\] helo=%helo\) by %by with ", Plain),
    (r"^%helo \(<unknown\S*>\[%ip\]\) by %by ", Plain),
    (r"^%helo \((?P<rdns>\S+\.\S+)\[%ip\]\) by %by ", Asked),
    (r"^%helo \((?P<ident>\S*)@\[%ip\].*\) by %by \(", Asked),
    (r"^(?:%ip )?.*?by (?P<by>\S+\.hotmail\.msn\.com) ", Plain),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>\S*)\) \(%ip\) by %by \(qpsmtpd/\S+\) with (?:ESMTP|SMTP)", Plain),
    (r"^%rdns \(LHLO (?P<helo>\S*)\) \(%ip\) by %by with LMTP", Plain),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>\S*)\) \[%ip\] by %by \([^\)]+\) with (?:ESMTP|SMTP)", Plain),
    (r"^%helo \(\[%ip\]\) by %by via smtpd \(for \S+\) with SMTP\(", Plain),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>[^ \(\)]*)\) \((?P<ident>\S*)@\[?%ip\]?\)%sender by (?P<by>\S+)%qmail", Qmail),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>[^ \(\)]*)\) \(\[?%ip\]?\)%sender by (?P<by>\S+)%qmail", Qmail),
    (r"^%rdns \((?P<ident>\S*)@\[?%ip\]?\)%sender by (?P<by>\S+)%qmail", QmailBoth),
    (r"^%rdns \(\[?%ip\]?\)%sender by (?P<by>\S+)%qmail", QmailBoth),
    (r"^\[%ip\] by %by via HTTP\z", Plain),
    (r"^\S+ \( \[%ip\]\).*? by %by ", Plain),
    (r"^\(%helo \[%ip\]\) by %by ", Plain),
    (r"^\[%ip\] by %by ", Plain),
    (r"^\(\[?%ip\]?\) by %by ", Plain),
    (r"^%helo \[%ip\] by %by \[%IP\] with ", Asked),
    (r"^%helo \[\(%ip\)\] by %by \(%IP\) ", Plain),
    (r"^%helo \(\[%ip\]\) by %by \(", Asked),
    (r"^%helo \(%rdns \[%ip\]\).*? by (?P<by>\S+)\b", Courier),
    (r"^%helo \(\[%ip(?:[.:]\d+)?\]\).*? by %by ", Asked),
    (r"^%helo \(%rdns \[%ip\]\)(?: \(authenticated bits=\d+\))? by %by \(", Asked),
    (r"^.*?with (?:POP3|IMAP)", Fetched),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>[^\)]*)\) \((?P<ident>\S*@)?\[?%ip\]?\).* by %by ", Asked),
    (r"^%rdns \((?P<ident>\S*@)?\[?%ip\]?\).* by %by ", BothAsked),
    (r"^\[%ip\] by %by with http for ", Plain),
    (r"^(?P<rdns>\S+)\(%ip\) by %by via smap ", Asked),
    (r"^(?P<rdns>\S+)\(%ip, (?:HELO|EHLO) (?P<helo>\S*)\) by %by via smap ", Asked),
    (r"^\[%ip\] by %by \((?:Post|ArGoSoft)", Plain),
    (r"^%ip by %by \((?:SMTPL|InterScan)\b", Plain),
    (r"^\S+ by \S+ with BSMTP", Ignored),
    (r"^%helo \(%rdns \[%ip\]\) by %by with ", Asked),
    (r"^%rdns \((?:HELO|EHLO) (?P<helo>\S*)\) \((?:(?P<ident>\S+)@)?%ip.*?\) by %by with ", Asked),
    (r"^\[%ip\] \((?:account \S+ )?(?:HELO|EHLO) (?P<helo>\S*)\) by %by \(", Plain),
    (r"^%rdns \(\[%ip\] verified\) by %by \(CommuniGate Pro", BothAsked),
    (r"^\(\[%ip\]\) by %by with ", Plain),
    (r"^(?P<helo>[^\d]\S+) \(%ip\) by %by ", Plain),
    (r"^\S+ \(\S+\) by \S+ \(Content Technologies ", Ignored),
    (r"^%helo \(\[%ip\] \[\S+\]\) by %by with ", Plain),
    (r"^%ip by %by with ", Plain),
    (r"^%helo \(%rdns\[%ip\]\) by %by ", Asked),
    (r"^\[%ip\]\S+ \((?:HELO|EHLO) (?P<helo>\S*)\) by %by ", Plain),
    (r"^%ip \((?:HELO|EHLO) (?P<helo>\S*)\) by %by ", Plain),
    (r"^%helo \[%ip\] by %by ", Plain),
    (r"^(?P<rdns>\S+)\(%ip\) by %by ", Plain),
    (r"^%helo \(unverified \[%ip\]\) by %by ", Plain),
    (r"^%ip \([A-Za-z][^\)]+\) by %by with ", Plain),
    (r"^\[%ip\] \((?P<sub>[^\)]+)\) by %by ", Parts),
    (r"^%rdns \((?:\S+@)?%ip\) by %by with ", Plain),
    (r#"^%rdns\(%ip\)(?:, claiming to be "%helo")? via \S+ by (?P<by>\S+),"#, AskedOrUnknown),
    (r"^%helo \(\S+@%ip with login\) by (?P<by>\S+\.yahoo\.com) with SMTP", Plain),
    (r"^X-Originating-IP: %ip\z", Plain),
];

/// Fields that tell of no handover between hosts, or of none with an address.
const NOTHINGS: &[&str] = &[
    r"^\S+ \([^\s@]+@%local\) by \S+ \(",
    r"^\S+ \S+ by \S+ with local-e?smtp ",
    r"^127\.0\.0\.1 \(AVG SMTP \S+ \[\S+\]\)",
    r"^\S+@\S+ by \S+ ",
    r"^Unknown/Local \(",
    r"^%local \((?:\S+@)?%local[\)\[]",
    r"^\S+ \((?:\S+@)?%local\) ",
    r"^\S+ \(\S+@\S+ \[%local\]\) ",
    r"^\(AUTH: \S+\) by \S+ with ",
    r"^localhost \(localhost \[\[UNIX: localhost\]\]\) by ",
    r"^\S+\.amazon\.com by \S+\.amazon\.com with ESMTP \(peer crosscheck: ",
    r"^[^\.]+ by \S+ with Novell_GroupWise",
    r"^no\.name\.available by \S+ via smtpd \(for ",
];

/// As `NOTHINGS`, tried behind qmail-scanner.
const MORE_NOTHINGS: &[&str] = &[
    r"^\S+ by \S+ with local",
    r"^\S+ \(\[unix socket\]\) by \S+ \(Cyrus v[0-9]*?\.[0-9]*?\.[0-9]*?\) with LMTPA",
    r"^\S+ by \S+ (?:with|via|for|\()",
    r"^\S+ (?:(?:with|via|for) \S+|\(unverified\)) by\b",
    r"^\S+ \(unknown\) by \S+ \(SG\) with \b",
    r"^\S+ \(\S+ \[local\]\) by \S+ \(OpenSMTPD\) with \b",
    r"\(LSMTP for",
    r"^\(\[%local\]\) with MailEnable ",
    r"^facebook\.com \([^\)]+\) by facebook\.com with Thrift id \S+\z",
    r"^\S+ named \S+ by gmailapi\.google\.com with HTTPREST\z",
    r"^\S+ id \S+\z",
    r"^\[<.*? \(Jetsend",
];

/// An expression from a format: what stands for parts is filled in.
pub fn compile(source: &str) -> Expression {
    let source = source
        .replace("%sender", r"(?: \(envelope-sender <\S+>\))?")
        .replace("%qmail", r"(?: \(.+\))* with (?:.* )?(?:SMTP|QMQP)")
        .replace("%local", r"(?:(?i:localhost(?:\.localdomain)?)|127\.0\.0\.1\b|(?i:IPv6:)?(?:0{0,4}:){2,7}(?:0{0,3}1|(?i:ffff:)127\.0\.0\.1))")
        .replace("%ip", "(?P<ip>%IP)")
        .replace("%IP", hosts::ADDRESS)
        .replace("%helo", r"(?P<helo>\S+)")
        .replace("%rdns", r"(?P<rdns>\S+)")
        .replace("%by", r"(?P<by>\S+)");
    Expression::new(&source)
}

/// All formats, compiled.
#[derive(Debug)]
pub struct Table {
    pub families: Vec<(Expression, Vec<(Expression, Reading)>)>,
    pub forms: Vec<(Expression, Reading)>,
}

pub static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let compiled =
        |forms: &[(&str, Reading)]| forms.iter().map(|(source, reading)| (compile(source), *reading)).collect();
    let mut forms: Vec<(Expression, Reading)> = compiled(FORMS);
    forms.extend(NOTHINGS.iter().map(|source| (compile(source), Ignored)));
    forms.push((compile(r"^\S+ by \S+ \(.{0,100}\) with qmail-scanner"), Scanner));
    forms.extend(MORE_NOTHINGS.iter().map(|source| (compile(source), Ignored)));
    Table { families: FAMILIES.iter().map(|(gate, forms)| (Expression::new(gate), compiled(forms))).collect(), forms }
});
