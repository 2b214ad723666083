//! Mail that arrives, is judged, and is handed over or refused.

use crate::{
    clamd::eicar,
    dovecot::contains,
    lab::{HONEST, Lab, SENDER, STRANGER, large_mail, mail_with_attachment, must_be_taken, plain_mail, send},
    postfix::{DIRECT, FILTERED},
    smtp::{Reply, Smtp, starttls},
    stored::{Stored, body_of},
    wehr::AUTHSERV_ID,
};
use std::{net::SocketAddr, path::Path};

/// `local@domain`.
fn at(local: &str, domain: &str) -> String {
    format!("{local}@{domain}")
}

/// The header our verdict leaves on a clean mail from the honest client, and the mail itself untouched.
fn must_be_clean(stored: &[u8], message: &[u8]) {
    let mail = Stored::read(stored);
    assert!(mail.body == body_of(message), "the body was changed on its way");
    let results = mail.values("Authentication-Results");
    let first = results.first().expect("Authentication-Results is there");
    assert!(first.trim_start().starts_with(AUTHSERV_ID), "{first}");
    for word in ["spf=pass", "dmarc=pass", "iprev=pass"] {
        assert!(first.contains(word), "{word} is not in {first}");
    }
    let verdicts = mail.values("X-Wehr-Verdict");
    assert!(verdicts.first().expect("X-Wehr-Verdict is there").contains("action=accept"), "{verdicts:?}");
    for name in ["Authentication-Results", "X-Wehr-Verdict"] {
        assert!(mail.place(name) < mail.place("From"), "{name} does not stand on top");
    }
    // Every field of the sender is still there, in order and unchanged.
    let sent = Stored::read(message);
    let kept: Vec<_> = mail.fields.iter().filter(|field| sent.fields.contains(field)).collect();
    assert_eq!(kept, sent.fields.iter().collect::<Vec<_>>());
}

/// The clean mail over one SMTP port and one way to the mailstore.
fn clean_mail(lab: &Lab, port: SocketAddr, domain: &str, mark: &str) {
    let message = plain_mail("anna@example.net", mark);
    must_be_taken(port, &[&at("anna", domain)], &message);
    must_be_clean(&lab.dovecot.wait_for_mail("anna", mark), &message);
    assert_eq!(lab.dovecot.mails_with("anna", mark).len(), 1);
}

pub fn clean_over_tcp(lab: &mut Lab) {
    lab.with_filter();
    clean_mail(lab, lab.postfix.behind_tcp, DIRECT, "clean-tcp");
    // One log line a mail, with the queue ID that Postfix tells because we ask for the macro `i`.
    let fate = lab.postfix.wait_for_fate("clean-tcp", "status=sent");
    let queue_id = fate.split(": ").nth(1).expect("a queue ID");
    let lines = lab.wehr.log_lines_with(&format!("\"queue_id\":\"{queue_id}\""));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for word in ["\"door\":\"milter\"", "\"client\":\"p:", "\"tls\":\"none\"", "\"action\":\"accept\""] {
        assert!(lines[0].contains(word), "{word} is not in {}", lines[0]);
    }
    for word in ["sender@", "anna", "192.0.2.10"] {
        assert!(!lines[0].contains(word), "the log names somebody: {}", lines[0]);
    }
}

/// The client speaks STARTTLS with Postfix, and the milter hears of it: `{tls_version}` is among the macros we ask for.
pub fn starttls_is_seen(lab: &mut Lab) {
    lab.with_filter();
    let mark = "over-tls";
    let message = plain_mail("anna@example.net", mark);
    starttls(lab.postfix.behind_tcp, SENDER, &at("anna", DIRECT), &message);
    lab.dovecot.wait_for_mail("anna", mark);
    let fate = lab.postfix.wait_for_fate(mark, "status=sent");
    let queue_id = fate.split(": ").nth(1).expect("a queue ID");
    let lines = lab.wehr.log_lines_with(&format!("\"queue_id\":\"{queue_id}\""));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("\"tls\":\"TLSv1."), "{}", lines[0]);
}

pub fn clean_over_unix(lab: &mut Lab) {
    lab.with_filter();
    clean_mail(lab, lab.postfix.behind_unix, DIRECT, "clean-unix");
}

/// Only the LMTP door: the client comes by XFORWARD, and our fields are the very first.
pub fn clean_over_lmtp(lab: &mut Lab) {
    lab.with_filter();
    clean_mail(lab, lab.postfix.plain, FILTERED, "clean-lmtp");
    let stored = Stored::read(&lab.dovecot.wait_for_mail("anna", "clean-lmtp"));
    let (first, _) = stored.fields.first().expect("a field");
    assert!(first == "Authentication-Results" || first.starts_with("X-Wehr-"), "{first} stands above our fields");
}

pub fn clean_over_both(lab: &mut Lab) {
    lab.with_filter();
    clean_mail(lab, lab.postfix.behind_tcp, FILTERED, "clean-both");
}

pub fn several_mails_on_one_connection(lab: &mut Lab) {
    lab.with_filter();
    let mut smtp = Smtp::connect(lab.postfix.behind_tcp, HONEST).expect("Postfix greets");
    for number in 0..5 {
        // A mail given up half-way leaves nothing behind in the next one.
        assert!(smtp.command("MAIL FROM:<given-up@example.net>").expect("an answer").is_positive());
        assert!(smtp.command("RCPT TO:<bert@direct.example.org>").expect("an answer").is_positive());
        assert!(smtp.command("RSET").expect("an answer").is_positive());
        let mark = format!("several-{number}-");
        let message = plain_mail("anna@example.net", &mark);
        let reply = smtp.send(SENDER, &[&at("anna", DIRECT)], &message).expect("an answer");
        assert_eq!(reply.code, 250, "{}", reply.text);
        must_be_clean(&lab.dovecot.wait_for_mail("anna", &mark), &message);
    }
}

/// What a sender is told when a mail is refused: the code, the RFC 3463 code, no rule and no score.
pub fn must_refuse(reply: &Reply, code: u16, enhanced: &str) {
    assert_eq!(reply.code, code, "{}", reply.text);
    assert!(reply.text.contains(enhanced), "{}", reply.text);
    for secret in ["score", "symbol", "DMARC_", "VIRUS_", "Wehr.Test"] {
        assert!(!reply.text.contains(secret), "the reply gives away `{secret}`: {}", reply.text);
    }
}

pub fn forged_sender_is_refused(lab: &mut Lab) {
    lab.with_filter();
    let message = plain_mail("principal@example.net", "forged-sender");
    let ports = [lab.postfix.behind_tcp, lab.postfix.behind_unix];
    for port in ports {
        let reply = send(port, STRANGER, "x@host.example.com", &[&at("anna", DIRECT)], &message);
        must_refuse(&reply, 550, "5.7.1");
    }
    // Over LMTP Postfix has taken the mail already: it is the one who has to tell the sender.
    let message = plain_mail("principal@example.net", "forged-lmtp");
    let reply = send(lab.postfix.plain, STRANGER, "sender@host.example.com", &[&at("anna", FILTERED)], &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    let bounce = lab.dovecot.wait_for_mail("sender", "forged-lmtp");
    assert!(contains(&bounce, b"550 5.7.1"), "the bounce does not say 550 5.7.1");
    for mark in ["forged-sender", "forged-lmtp"] {
        assert!(lab.dovecot.mails_with("anna", mark).is_empty(), "{mark} was delivered");
    }
}

pub fn virus_is_refused(lab: &mut Lab) {
    lab.with_filter();
    let message = mail_with_attachment("anna@example.net", "eicar-milter", "invoice.com", eicar().as_bytes());
    let reply = send(lab.postfix.behind_tcp, HONEST, SENDER, &[&at("anna", DIRECT)], &message);
    must_refuse(&reply, 550, "5.7.1");
    let message = mail_with_attachment("anna@example.net", "eicar-lmtp", "invoice.com", eicar().as_bytes());
    must_be_taken(lab.postfix.plain, &[&at("anna", FILTERED)], &message);
    let bounce = lab.dovecot.wait_for_mail("sender", "eicar-lmtp");
    assert!(contains(&bounce, b"550 5.7.1"), "the bounce does not say 550 5.7.1");
    for mark in ["eicar-milter", "eicar-lmtp"] {
        assert!(lab.dovecot.mails_with("anna", mark).is_empty(), "{mark} was delivered");
    }
}

pub fn one_recipient_refused_beside_one_taken(lab: &mut Lab) {
    lab.with_filter();
    let message = plain_mail("anna@example.net", "half-refused");
    let recipients = [at("nobody", FILTERED), at("bert", FILTERED), at("noone", FILTERED), at("carla", FILTERED)];
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    must_be_taken(lab.postfix.plain, &recipients, &message);
    for mailbox in ["bert", "carla"] {
        must_be_clean(&lab.dovecot.wait_for_mail(mailbox, "half-refused"), &message);
        assert_eq!(lab.dovecot.mails_with(mailbox, "half-refused").len(), 1);
    }
    let bounce = lab.dovecot.wait_for_mail("sender", "half-refused");
    let text = String::from_utf8_lossy(&bounce);
    for (local, refused) in [("nobody", true), ("noone", true), ("bert", false), ("carla", false)] {
        let told = text.contains(&format!("<{}>", at(local, FILTERED)));
        assert_eq!(told, refused, "the bounce about {local}: {text}");
    }
    assert!(text.contains("550 5.1.1"), "the mailstore's own reply is not in the bounce: {text}");
}

pub fn large_mail_goes_through(lab: &mut Lab) {
    lab.with_filter();
    let message = large_mail("anna@example.net", "large-25", 25_000_000);
    must_be_taken(lab.postfix.behind_tcp, &[&at("anna", FILTERED)], &message);
    must_be_clean(&lab.dovecot.wait_for_mail("anna", "large-25"), &message);
}

pub fn too_large_mail_is_refused(lab: &mut Lab) {
    lab.with_filter();
    // Postfix takes up to 60 MB here, the filter 50 MiB.
    let message = large_mail("anna@example.net", "too-large", 54_000_000);
    let reply = send(lab.postfix.behind_tcp, HONEST, SENDER, &[&at("anna", DIRECT)], &message);
    must_refuse(&reply, 552, "5.3.4");
    must_be_taken(lab.postfix.plain, &[&at("anna", FILTERED)], &message);
    let bounce = lab.dovecot.wait_for_mail("sender", "too-large");
    assert!(contains(&bounce, b"5.3.4"), "the bounce does not say 5.3.4");
    assert!(lab.dovecot.mails_with("anna", "too-large").is_empty(), "the mail was delivered");
}

pub fn forged_results_are_removed(lab: &mut Lab) {
    lab.with_filter();
    for (port, domain, mark) in
        [(lab.postfix.behind_tcp, DIRECT, "results-milter"), (lab.postfix.plain, FILTERED, "results-lmtp")]
    {
        let forged = "forged.invalid";
        let mut message = format!(
            "Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={forged}\r\n\
             Authentication-Results: elsewhere.example; spf=pass smtp.mailfrom=kept.invalid\r\n\
             authentication-results: (yes) \"MX.Example.ORG.\" 1; dmarc=pass header.from={forged}\r\n\
             X-Spam-Flag: NO\r\nX-Wehr-Verdict: action=accept; score=-99; ref={forged}\r\n"
        )
        .into_bytes();
        message.extend_from_slice(&plain_mail("anna@example.net", mark));
        must_be_taken(port, &[&at("anna", domain)], &message);
        let mail = Stored::read(&lab.dovecot.wait_for_mail("anna", mark));
        let results = mail.values("Authentication-Results");
        assert!(results.iter().all(|value| !value.contains(forged)), "{results:?}");
        assert!(results.iter().any(|value| value.contains("kept.invalid")), "a stranger's field was removed");
        let verdicts = mail.values("X-Wehr-Verdict");
        assert!(verdicts.len() == 1 && !verdicts[0].contains(forged), "{verdicts:?}");
    }
}

/// A milter's quarantine is the MTA's own hold: nothing is lost, an operator releases it.
pub fn held_by_the_mta(lab: &mut Lab) {
    lab.with_filter();
    let message = plain_mail("boss@hold.example", "held-by-mta");
    let reply = send(lab.postfix.behind_tcp, STRANGER, "x@host.example.com", &[&at("anna", DIRECT)], &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    let queue = lab.postfix.queue();
    let entry = queue.lines().find(|line| line.contains("x@host.example.com")).unwrap_or_else(|| panic!("{queue}"));
    assert!(entry.contains("! "), "not on hold: {entry}");
    assert!(lab.dovecot.mails_with("anna", "held-by-mta").is_empty(), "the mail was delivered");
    lab.postfix.release();
    let mail = Stored::read(&lab.dovecot.wait_for_mail("anna", "held-by-mta"));
    assert!(mail.body == body_of(&message), "the body was changed on its way");
    assert!(mail.values("X-Wehr-Verdict")[0].contains("action=quarantine"), "{:?}", mail.values("X-Wehr-Verdict"));
}

/// At the LMTP door the quarantine is ours, and the MTA is done with the mail; released, it is the same mail.
pub fn set_aside_at_the_lmtp_door(lab: &mut Lab) {
    lab.with_filter();
    let message = plain_mail("boss@hold.example", "set-aside");
    let reply = send(lab.postfix.plain, STRANGER, "x@host.example.com", &[&at("anna", FILTERED)], &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    let listed = crate::ground::wait_for("the mail in the quarantine", || {
        Some(lab.wehr.verb(&["quarantine", "list"])).filter(|listed| listed.contains("set-aside"))
    });
    assert!(find_file_with(&lab.wehr.quarantine, "set-aside").is_none(), "the quarantine is not encrypted");
    assert!(lab.dovecot.mails_with("anna", "set-aside").is_empty(), "the mail was delivered");
    let line = listed.lines().find(|line| line.contains("set-aside")).expect("its line");
    let id = line.split(' ').next().expect("its id");
    let released = lab.wehr.verb(&["quarantine", "release", id]);
    assert!(released.contains("released"), "{released}");
    let stored = Stored::read(&lab.dovecot.wait_for_mail("anna", "set-aside"));
    assert!(stored.body == body_of(&message), "the body was changed on its way");
    assert!(stored.values("X-Wehr-Released")[0].contains("by=operator"), "{:?}", stored.values("X-Wehr-Released"));
    assert_eq!(stored.place("X-Wehr-Released"), Some(0), "our field stands on top");
}

/// The first file below `folder` that contains `mark`.
fn find_file_with(folder: &Path, mark: &str) -> Option<Vec<u8>> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let found = if path.is_dir() {
            find_file_with(&path, mark)
        } else {
            std::fs::read(&path).ok().filter(|bytes| contains(bytes, mark.as_bytes()))
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
