//! Facts about header fields.
//!
//! Pure.

use super::{Arguments, Run, first, joined, mime, run, squeezed};
use crate::mail::classic::{
    Classic,
    expression::{Expression, Stored},
    hosts,
    wide::{is_blank, trim},
};
use std::{collections::BTreeSet, sync::LazyLock};

/// The functions about headers.
pub fn resolve(name: &str, args: &Arguments<'_>) -> Option<Run> {
    let word = args.text(0).unwrap_or_default().to_owned();
    Some(match name {
        "check_for_missing_to_header" => {
            run(|classic| joined(classic, "To").is_empty() && joined(classic, "Apparently-To").is_empty())
        }
        "check_illegal_chars" => {
            let request = if word.ends_with(":raw") { word } else { format!("{word}:raw") };
            let (ratio, count) = (args.number(1)?, args.number(2)?);
            run(move |classic| has_illegal(&joined(classic, &request), &request, ratio, count))
        }
        "check_header_count_range" => {
            let (min, max) = (args.number(1)?, args.number(2)?);
            run(move |classic| {
                let distinct: BTreeSet<Vec<u8>> = classic.header_values(&word).into_iter().collect();
                let count = u32::try_from(distinct.len()).map_or(f64::MAX, f64::from);
                count >= min && count <= max
            })
        }
        "subject_is_all_caps" => run(is_shouting),
        "check_for_to_in_subject" => run(move |classic| is_recipient_in_subject(classic, &word)),
        "check_unresolved_template" => run(has_template),
        "check_ratware_name_id" => run(has_name_in_id),
        "check_ratware_envelope_from" => run(is_recipient_in_sender),
        "check_equal_from_domains" => run(have_different_domains),
        "check_for_matching_env_and_hdr_from" => {
            run(|classic| first(classic, "EnvelopeFrom:addr").eq_ignore_ascii_case(&first(classic, "From:addr")))
        }
        "sorted_recipients" => run(|classic| {
            let all = recipients(classic);
            all.len() >= 7 && all.is_sorted()
        }),
        "similar_recipients" => {
            let (min, max) = (args.bound(0), args.bound(1));
            run(move |classic| {
                let ratio = similarity(&recipients(classic));
                min.is_none_or(|min| ratio >= min) && max.is_none_or(|max| ratio < max)
            })
        }
        "check_messageid_not_usable" => run(is_id_unusable),
        "gated_through_received_hdr_remover" => run(is_gated),
        "check_for_fake_aol_relay_in_rcvd" => run(is_fake_aol),
        "check_for_forged_hotmail_received_headers" => run(|classic| hotmail(classic).0),
        "check_for_no_hotmail_received_headers" => run(|classic| hotmail(classic).1),
        "check_for_msn_groups_headers" => run(is_msn_group),
        "check_for_forged_eudoramail_received_headers" => run(is_forged_eudoramail),
        "check_for_forged_yahoo_received_headers" => run(is_forged_yahoo),
        "check_for_forged_juno_received_headers" => run(is_forged_juno),
        "check_for_forged_gmail_received_headers" => run(is_forged_gmail),
        _ => return None,
    })
}

static ADDRESS: Stored = Stored::with("%IP", expand);
static REPLY: Stored = Stored::new(r"(?i)^(?:(?:Re|Fwd|Fw|Aw|Antwort|WG|SV|VB|VS|VL):\s*)+");
static CAPITAL_WORD: LazyLock<Expression> = LazyLock::new(|| Expression::new(&mime::capital_word()));
static TEMPLATE: Stored = Stored::new(r"%[A-Z][A-Z_-]");
static TEMPLATE_FREE: Stored = Stored::new(
    r"(?i)^(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To|(?:X-|Resent-|X-Original-)?Message-Id):",
);
static NAMED_ID: Stored = Stored::new(r"<[A-Z]{28}\.([^>]+?)>");
static SRS: Stored = Stored::new(r"(?i)^SRS[0-9][=+-]");
static EZMLM: Stored = Stored::new(r"(?m)^contact \S+@\S+; run by ezmlm$");
static EZMLM_LIST: Stored = Stored::new(r"(?m)^mailing list \S+@\S+");
static EZMLM_QMAIL: Stored = Stored::new(r"qmail \d+ invoked (?:from network|by .{3,20})\); \d+ ... \d+");
static MSN_GROUPS: Stored = Stored::new(r"from groups\.msn\.com \(\S+\.msn\.com ");
static LEAVE: Stored = Stored::new(r"(?i)<mailto:(?:leave-\S+|\S+-unsubscribe)@\S+>\n?\z");
static AOL_RELAY: Stored = Stored::new(r"(?i) rly-[a-z][a-z]\d\d\.");
static AOL_REAL: Stored = Stored::new(r"/AOL-\d+\.\d+\.\d+\)|ESMTP id (?:RELAY|MAILRELAY|MAILIN)");
static PICKUP: Stored = Stored::new(r"from mail pickup service by hotmail\.com with Microsoft SMTPSVC;");
static ORIGINATOR: Stored = Stored::new(r"hotmail\.com|msonline-outlook");
static HOTMAIL_IP: Stored = Stored::with(
    concat!(
        r"from (?:\S*\.)?hotmail.com \(\S+\.hotmail(?:\.msn)?\.com[ \)]|",
        r"from \S*\.hotmail.com \(\[%IP\][ \):]|from \S+ by \S+\.hotmail(?:\.msn)?\.com with HTTP;|",
        r"from \[66\.218.\S+\] by \S+\.yahoo\.com"
    ),
    expand,
);
static HOTMAIL_ORIGIN: Stored = Stored::with(
    concat!(
        r"from \S*\.outbound\.protection\.outlook\.com \(\S+\.outbound\.protection\.outlook\.com[ \)]|",
        r"from \S*\.(?:eur|nam)prd\d+\.prod\.outlook\.com \(%IP\)"
    ),
    expand,
);
static HOTMAIL_HELO: Stored = Stored::new(r"(?:from |HELO |helo=)\S*hotmail\.com\b");
static IN_HOTMAIL: Stored = Stored::new(r"(?i)\bhotmail\.com\n?\z");
static MSN_LIST: Stored = Stored::new(r"(?i)<(\S+)@groups\.msn\.com>");
static MSN_SERVER: Stored = Stored::new(r"from mail pickup service by ((?:p\d\d\.)groups\.msn\.com)\b");
static IN_EUDORAMAIL: Stored = Stored::new(r"(?i)\beudoramail\.com\n?\z");
static WHOWHERE: Stored = Stored::new(r"by \S*whowhere.com;");
static IN_YAHOO: Stored = Stored::new(r"(?i)\byahoo\.com\n?\z");
static YAHOO_TRUSTED: Stored = Stored::new(r" rdns=\S+\.yahoo\.com ");
static YAHOO_FIRST: Stored = Stored::new(r"^[^\]]+ rdns=\S+\.yahoo\.com ");
static YAHOO_REAL: Stored = Stored::with(
    concat!(
        r"by web\S+\.mail\S*\.yahoo\.com via HTTP|by sonic\S+\.consmr\.mail\S*\.yahoo\.com with HTTP|",
        r"by smtp\S+\.yahoo\.com with SMTP|from \[%IP\] by \S+\.(?:groups|scd|dcn)\.yahoo\.com with NNFMP|",
        r"by \w+\.\w+\.yahoo\.com \(\d+\.\d+\.\d+/\d+\.\d+\.\d+\)(?: with ESMTP)? id \w+"
    ),
    expand,
);
static YAHOO_BULK: Stored = Stored::new(r"\bmailer\d+\.bulk\.scd\.yahoo\.com\b");
static YAHOO_REPLY: Stored = Stored::new(r"(?i)@reply\.yahoo\.com\n?\z");
static IN_JUNO: Stored = Stored::new(r"(?i)\bjuno\.com\n?\z");
static JUNO_REAL: Stored =
    Stored::with(r"from.*\b(?:juno|untd)\.com.*[\[\(]%IP[\]\)].*by| cookie\.(?:juno|untd)\.com ", expand);
static JUNO_MAIL: Stored = Stored::with(r"from.*\bmail\.com.*\[%IP\].*by", expand);
static JUNO_WEB: Stored = Stored::with(r"from (webmail\S+\.untd\.com) \((webmail\S+\.untd\.com) \[%IP\]\) by", expand);
static JUNO_WEB_MAILER: Stored = Stored::new(r"^Webmail Version \d");
static MAIL_DOT_COM: Stored = Stored::new(r"\bmail\.com");
static IN_GMAIL: Stored = Stored::new(r"(?i)\bgmail\.com\n?\z");
static GMAIL_TEN: Stored = Stored::new(r"by 10\.\S+ with SMTP id \S+|by 2002:a\d\d:\w+:\S+ with SMTP id \S+");

static GMAIL_LOGIN: Stored = Stored::new(r"by smtp\.googlemail\.com with ESMTPSA id \S+");

/// An expression in which `%IP` stands for an address.
fn expand(source: &str) -> Expression {
    Expression::new(&source.replace("%IP", hosts::ADDRESS))
}

/// Octets that a header must not hold, more than `ratio` of them and at least `count`.
#[allow(clippy::cast_precision_loss, reason = "headers are small")]
fn has_illegal(text: &[u8], request: &str, ratio: f64, count: f64) -> bool {
    if text.iter().all(is_blank) {
        return false;
    }
    let is_control = |octet: &u8| matches!(octet, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f);
    if !text.is_ascii() && std::str::from_utf8(text).is_ok() && !text.iter().any(is_control) {
        return false;
    }
    let mut illegal = text.iter().filter(|octet| is_control(octet) || **octet >= 0x7f).count();
    if illegal > 0 && request.eq_ignore_ascii_case("subject:raw") {
        let signs = text.iter().filter(|octet| matches!(octet, 0xa2 | 0xa3 | 0xae)).count();
        illegal -= usize::from(signs == 1);
    }
    illegal as f64 / text.len() as f64 >= ratio && illegal as f64 >= count
}

fn is_shouting(classic: &Classic) -> bool {
    let subject = joined(classic, "Subject");
    let text = trim(&subject);
    let text = REPLY.find(text, 0).map_or(text, |found| text.get(found.end..).unwrap_or_default());
    if !text.iter().any(is_blank) || text.len() < 10 || CAPITAL_WORD.is_match(&joined(classic, "Subject:raw")) {
        return false;
    }
    text.iter().any(u8::is_ascii_uppercase) && !text.iter().any(u8::is_ascii_lowercase)
}

fn is_recipient_in_subject(classic: &Classic, test: &str) -> bool {
    let to = first(classic, "To:addr");
    let subject = joined(classic, "Subject");
    if to.is_empty() {
        return false;
    }
    match test {
        "address" => words(&subject, &to, true).is_some(),
        "user" => {
            let user = to.split(|octet| *octet == b'@').next().unwrap_or_default();
            is_user_in_subject(&subject, user)
        }
        _ => false,
    }
}

/// Where `word` stands in `text` between word boundaries, case ignored.
fn words(text: &[u8], word: &[u8], bounded: bool) -> Option<usize> {
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let is_word = |octet: Option<&u8>| octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
    memchr::memmem::find_iter(&lower, &word).find(|at| {
        let before = at.checked_sub(1).and_then(|before| lower.get(before));
        let end = at + word.len();
        !bounded || (is_word(before) != is_word(word.first()) && is_word(lower.get(end)) != is_word(word.last()))
    })
}

/// The recipient's name where a mail merge puts it: alone, first with a comma, or last with one.
fn is_user_in_subject(subject: &[u8], user: &[u8]) -> bool {
    let subject = subject.strip_suffix(b"\n").unwrap_or(subject);
    let lower = subject.to_ascii_lowercase();
    let user_lower = user.to_ascii_lowercase();
    let is_mark = |octet: &u8| b",:;!?-".contains(octet);
    if lower == user_lower {
        return true;
    }
    if let Some(rest) = subject.strip_prefix(user) {
        let start = rest.iter().position(|octet| !is_blank(octet)).unwrap_or(rest.len());
        let rest = rest.get(start..).unwrap_or_default();
        if rest.first().is_some_and(is_mark) && rest.get(1).is_none_or(is_blank) {
            return true;
        }
    }
    for reply in [&b"re:"[..], b"fw:"] {
        let Some(rest) = lower.strip_prefix(reply) else { continue };
        let Some(head) = rest.strip_suffix(user_lower.as_slice()) else { continue };
        let head_words: Vec<&[u8]> = head.split(is_blank).filter(|word| !word.is_empty()).collect();
        let is_word = |word: &[u8]| word.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'_');
        match head_words.as_slice() {
            [] => return true,
            [word] if is_word(word) && head.last().is_some_and(is_blank) => return true,
            _ => {}
        }
    }
    let Some((mark, rest)) = lower.split_last() else { return false };
    if !is_mark(mark) {
        return false;
    }
    let Some(head) = rest.strip_suffix(user_lower.as_slice()) else { return false };
    let kept = head.iter().rposition(|octet| !is_blank(octet));
    head.is_empty() || kept.is_some_and(|at| head.get(at) == Some(&b',')) && !user.is_empty() && kept != Some(0)
}

fn has_template(classic: &Classic) -> bool {
    let all = joined(classic, "ALL");
    all.split(|octet| *octet == b'\n').any(|line| TEMPLATE.is_match(line) && !TEMPLATE_FREE.is_match(line))
}

fn has_name_in_id(classic: &Classic) -> bool {
    let id = joined(classic, "MESSAGEID");
    let Some(address) = NAMED_ID.groups(&id, 0).and_then(|found| found.get(1).map(<[u8]>::to_vec)) else {
        return false;
    };
    let from = joined(classic, "From");
    let enclosed = [b"<", address.as_slice(), b">"].concat();
    memchr::memmem::find_iter(&from, &enclosed).any(|at| {
        let head = from.get(..at).unwrap_or_default();
        let kept = head.iter().rposition(|octet| !is_blank(octet));
        let quoted = kept.and_then(|at| head.get(..at).filter(|_| head.get(at) == Some(&b'"')));
        quoted.and_then(|head| memchr::memrchr(b'"', head).map(|open| head.len() - open > 1)).unwrap_or(false)
    })
}

/// A sender such as `example.org.user@` or `example.org-user@` for the recipient `user@example.org`.
fn is_recipient_in_sender(classic: &Classic) -> bool {
    let (to, from) = (first(classic, "To:addr"), first(classic, "EnvelopeFrom:addr"));
    if from.is_empty() || SRS.is_match(&from) {
        return false;
    }
    let Some(at) = memchr::memchr(b'@', &to).filter(|at| *at > 0) else { return false };
    let (user, host) = to.split_at(at);
    let domain = hosts::trim(host.get(1..).unwrap_or_default());
    if !hosts::has_top_level(&domain) {
        return false;
    }
    let from = from.to_ascii_lowercase();
    let tail = [user.to_ascii_lowercase().as_slice(), b"@"].concat();
    memchr::memmem::find_iter(&from, &domain).any(|at| {
        let is_word = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
        let before = at.checked_sub(1).and_then(|before| from.get(before)).is_some_and(|octet| is_word(*octet));
        let starts = from.get(at).is_some_and(|octet| is_word(*octet));
        before != starts && from.get(at + domain.len() + 1..).is_some_and(|rest| rest.starts_with(&tail))
    })
}

/// The last two labels of an address.
fn two_labels(address: &[u8]) -> Option<Vec<u8>> {
    let host = address.get(memchr::memrchr(b'@', address)? + 1..)?;
    let labels: Vec<&[u8]> = host.split(|octet| *octet == b'.').collect();
    let short = match labels.as_slice() {
        [.., _, _] if labels.len() > 2 && labels.iter().rev().take(2).all(|label| !label.is_empty()) => {
            labels.get(labels.len() - 2..)?.join(&b'.')
        }
        _ => host.to_vec(),
    };
    Some(short.to_ascii_lowercase()).filter(|host| !host.is_empty())
}

fn have_different_domains(classic: &Classic) -> bool {
    let from = two_labels(&first(classic, "From:addr"));
    let envelope = two_labels(&first(classic, "EnvelopeFrom:addr"));
    matches!((from, envelope), (Some(from), Some(envelope)) if from != envelope)
}

/// Recipients, neighbours that are the same left out.
fn recipients(classic: &Classic) -> Vec<Vec<u8>> {
    let mut all = classic.header_values("ToCc:addr");
    if all.len() < 5 {
        all.extend(classic.header_values("Bcc:addr"));
    }
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for address in all.into_iter().take_while(|address| !address.is_empty() && address != b"0") {
        if !kept.last().is_some_and(|last| last.eq_ignore_ascii_case(&address)) {
            kept.push(address);
        }
        if kept.len() >= 256 {
            break;
        }
    }
    kept
}

/// How many pairs of recipients begin alike.
fn similarity(all: &[Vec<u8>]) -> f64 {
    if all.len() < 5 {
        return 0.0;
    }
    let start = |text: &[u8]| text.get(..2).unwrap_or(text).to_vec();
    let hosts: Vec<Vec<u8>> = all
        .iter()
        .filter_map(|address| address.get(memchr::memchr(b'@', address)? + 1..).map(<[u8]>::to_vec))
        .collect();
    let (mut hits, mut pairs) = (0_u32, 0_u32);
    for (i, one) in all.iter().enumerate() {
        for (j, other) in all.iter().enumerate().skip(i + 1) {
            pairs += 1;
            hits += u32::from(start(one) == start(other));
            if let (Some(one), Some(other)) = (hosts.get(i), hosts.get(j)) {
                hits += u32::from(start(one) == start(other) && one != other);
            }
        }
    }
    f64::from(hits) / f64::from(pairs.max(1))
}

fn is_id_unusable(classic: &Classic) -> bool {
    let received = joined(classic, "Received");
    let has = |words: &[u8]| memchr::memmem::find(&received, words).is_some();
    LEAVE.is_match(&joined(classic, "List-Unsubscribe"))
        || is_gated(classic)
        || has(b"/CWT/DCE)")
        || has(b"iPlanet Messaging Server")
}

/// Some list programs remove Received fields.
fn is_gated(classic: &Classic) -> bool {
    let received = joined(classic, "Received");
    if received.is_empty() {
        return true;
    }
    let is_ezmlm = EZMLM.is_match(&joined(classic, "Mailing-List"));
    (is_ezmlm && EZMLM_LIST.is_match(&joined(classic, "Delivered-To")) && EZMLM_QMAIL.is_match(&received))
        || MSN_GROUPS.is_match(&received)
}

fn is_fake_aol(classic: &Classic) -> bool {
    let received = squeezed(classic, "Received");
    AOL_RELAY.is_match(&received) && !AOL_REAL.is_match(&received)
}

/// Greets as Hotmail though it is not; claims to be from Hotmail though it is not.
fn hotmail(classic: &Classic) -> (bool, bool) {
    let received = squeezed(classic, "Received");
    if PICKUP.is_match(&received) || is_msn_group(classic) || is_gated(classic) {
        return (false, false);
    }
    let has_ip = ADDRESS.is_match(&joined(classic, "X-Originating-Ip"));
    let has_origin = ORIGINATOR.is_match(&joined(classic, "X-OriginatorOrg"));
    if (has_ip && HOTMAIL_IP.is_match(&received)) || (has_origin && HOTMAIL_ORIGIN.is_match(&received)) {
        return (false, false);
    }
    if HOTMAIL_HELO.is_match(&received) {
        (true, false)
    } else {
        (false, IN_HOTMAIL.is_match(&first(classic, "From:addr")))
    }
}

fn is_msn_group(classic: &Classic) -> bool {
    let group = |expression: &Expression, text: &[u8]| {
        expression.groups(text, 0).and_then(|found| found.get(1).map(<[u8]>::to_vec))
    };
    let Some(list) = group(&MSN_LIST, &joined(classic, "To")) else { return false };
    let Some(server) = group(&MSN_SERVER, &joined(classic, "Received")) else { return false };
    let id = joined(classic, "Message-Id");
    let has = |words: &[u8]| memchr::memmem::find(&id, words).is_some_and(|at| at > 0);
    if list == b"notifications" {
        return id.starts_with(b"<") && has(&[b"@", server.as_slice(), b">"].concat());
    }
    let bounce = [list.as_slice(), b"-bounce@groups.msn.com"].concat();
    id.starts_with(&[b"<", list.as_slice(), b"-"].concat())
        && has(b"@groups.msn.com>")
        && memchr::memmem::find(&first(classic, "EnvelopeFrom:addr"), &bounce).is_some()
}

fn is_forged_eudoramail(classic: &Classic) -> bool {
    let is_real =
        || WHOWHERE.is_match(&squeezed(classic, "Received")) && ADDRESS.is_match(&joined(classic, "X-Sender-Ip"));
    IN_EUDORAMAIL.is_match(&first(classic, "From:addr")) && !is_gated(classic) && !is_real()
}

fn is_forged_yahoo(classic: &Classic) -> bool {
    let from = first(classic, "From:addr");
    if !IN_YAHOO.is_match(&from) {
        return false;
    }
    let mut received = squeezed(classic, "Received");
    if !joined(classic, "Resent-From").is_empty() && !joined(classic, "Resent-To").is_empty() {
        let other = squeezed(classic, "X-Received");
        if !other.is_empty() {
            received = other;
        }
    }
    let relays = classic.relays();
    !(is_gated(classic)
        || YAHOO_TRUSTED.is_match(&relays.trusted_text())
        || YAHOO_FIRST.is_match(&relays.untrusted_text())
        || YAHOO_REAL.is_match(&received)
        || (YAHOO_BULK.is_match(&received) && YAHOO_REPLY.is_match(&from)))
}

fn is_forged_juno(classic: &Classic) -> bool {
    if !IN_JUNO.is_match(&first(classic, "From:addr")) || is_gated(classic) {
        return false;
    }
    let (origin, mailer) = (joined(classic, "X-Originating-IP"), joined(classic, "X-Mailer"));
    let received = joined(classic, "Received");
    if !origin.is_empty() {
        return !JUNO_REAL.is_match(&received) || memchr::memmem::find(&mailer, b"Juno ").is_none();
    }
    if JUNO_MAIL.is_match(&received) {
        return !MAIL_DOT_COM.is_match(&mailer) || !ADDRESS.is_match(&origin);
    }
    let web = JUNO_WEB.groups(&received, 0).is_some_and(|found| found.get(1) == found.get(2));
    !web || !JUNO_WEB_MAILER.is_match(&mailer) || !ADDRESS.is_match(&origin)
}

fn is_forged_gmail(classic: &Classic) -> bool {
    let is_long = |name: &str| joined(classic, name).len() >= 60;
    let is_real = || {
        GMAIL_TEN.is_match(&joined(classic, "X-Received"))
            || GMAIL_LOGIN.is_match(&joined(classic, "Received"))
            || (is_long("X-Gm-Message-State") && is_long("X-Google-Smtp-Source"))
    };
    IN_GMAIL.is_match(&first(classic, "From:addr")) && !is_real()
}
