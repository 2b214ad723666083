//! What must arrive encrypted: with TLS and without, with a client's certificate and without, at both doors.

use crate::{
    ground::wait_for,
    lab::{HONEST, Lab, SENDER, plain_mail, send},
    smtp::{Reply, Smtp},
    stored::Stored,
};
use std::net::SocketAddr;

const LINK: &str = "https://example.org/encrypted-mail";

fn send_tls(lab: &Lab, port: SocketAddr, shows_certificate: bool, recipient: &str, message: &[u8]) -> Reply {
    let mut smtp = Smtp::connect_tls(port, HONEST, &lab.postfix.keys, shows_certificate).expect("TLS with Postfix");
    smtp.send(SENDER, &[recipient], message).expect("Postfix answers")
}

fn must_refuse(reply: &Reply) {
    assert_eq!(reply.code, 550, "{}", reply.text);
    assert!(reply.text.contains("5.7.10") && reply.text.contains(LINK), "{}", reply.text);
}

pub fn alias_at_the_milter(lab: &mut Lab) {
    lab.with_filter();
    let (port, alias) = (lab.postfix.behind_tcp, "anna@secure.direct.example.org");
    let message = plain_mail("anna@example.net", "alias-milter");
    must_refuse(&send(port, HONEST, SENDER, &[alias], &message));
    // Only the recipient is refused, the mail goes on for others.
    let mut smtp = Smtp::connect(port, HONEST).expect("Postfix greets");
    assert!(smtp.command(&format!("MAIL FROM:<{SENDER}>")).expect("an answer").is_positive());
    assert_eq!(smtp.command(&format!("RCPT TO:<{alias}>")).expect("an answer").code, 550);
    assert!(smtp.command("RCPT TO:<bert@direct.example.org>").expect("an answer").is_positive());
    assert!(lab.dovecot.mails_with("anna", "alias-milter").is_empty());
    let reply = send_tls(lab, port, false, alias, &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    let stored = lab.dovecot.wait_for_mail("anna", "alias-milter");
    let told = Stored::read(&stored);
    assert!(told.values("X-Wehr-Verdict")[0].contains("action=accept"));
    let fate = lab.postfix.wait_for_fate("alias-milter", "status=sent");
    assert!(fate.contains("to=<anna@direct.example.org>"), "not rewritten: {fate}");
}

pub fn alias_at_the_lmtp_door(lab: &mut Lab) {
    lab.with_filter();
    let (port, alias) = (lab.postfix.plain, "anna@secure.filtered.example.org");
    let message = plain_mail("anna@example.net", "alias-lmtp-clear");
    assert_eq!(send(port, HONEST, SENDER, &[alias], &message).code, 250);
    let fate = lab.postfix.wait_for_fate("alias-lmtp-clear", "status=bounced");
    assert!(fate.contains("5.7.10") && fate.contains(LINK), "{fate}");
    // The sender writes what our own Postfix would have written; it stands below the true field.
    let mut forged =
        b"Received: from mail.example.net (mail.example.net [192.0.2.10])\r\n\t(using TLSv1.3 with cipher \
        TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby mx.example.org (Postfix) with ESMTPS id 4ABC12\r\n\tfor \
        <anna@secure.filtered.example.org>; Sun, 22 Nov 2026 12:00:00 +0000 (UTC)\r\n"
            .to_vec();
    forged.extend(plain_mail("anna@example.net", "alias-lmtp-forged"));
    assert_eq!(send(port, HONEST, SENDER, &[alias], &forged).code, 250);
    let fate = lab.postfix.wait_for_fate("alias-lmtp-forged", "status=bounced");
    assert!(fate.contains("5.7.10"), "{fate}");
    let message = plain_mail("anna@example.net", "alias-lmtp-tls");
    assert_eq!(send_tls(lab, port, false, alias, &message).code, 250);
    lab.dovecot.wait_for_mail("anna", "alias-lmtp-tls");
    let arrived = lab.dovecot.mails_with("anna", "alias-lmtp-");
    assert_eq!(arrived.len(), 1, "only the encrypted one arrived");
}

pub fn certificate_at_both_doors(lab: &mut Lab) {
    lab.with_filter();
    let (milter, lmtp) = (lab.postfix.behind_tcp, lab.postfix.plain);
    let (direct, filtered) = ("bert+certified@direct.example.org", "bert+certified@filtered.example.org");
    let mail = |mark: &str| plain_mail("anna@example.net", mark);
    must_refuse(&send_tls(lab, milter, false, direct, &mail("no-cert-milter")));
    let reply = send_tls(lab, milter, true, direct, &mail("cert-at-milter"));
    assert_eq!(reply.code, 250, "{}", reply.text);
    lab.dovecot.wait_for_mail("bert", "cert-at-milter");
    assert_eq!(send_tls(lab, lmtp, false, filtered, &mail("no-cert-lmtp")).code, 250);
    let fate = lab.postfix.wait_for_fate("no-cert-lmtp", "status=bounced");
    assert!(fate.contains("5.7.10"), "{fate}");
    assert_eq!(send_tls(lab, lmtp, true, filtered, &mail("cert-at-lmtp")).code, 250);
    lab.dovecot.wait_for_mail("bert", "cert-at-lmtp");
    let page = lab.wehr.get("/metrics").expect("the metrics");
    let series = |line: &str| page.lines().any(|known| known.starts_with(line) && !known.ends_with(" 0"));
    assert!(series("wehr_transport_total{door=\"milter\",level=\"verified\"}"), "{page}");
    assert!(series("wehr_transport_total{door=\"lmtp\",level=\"verified\"}"), "{page}");
    assert!(series("wehr_transport_refused_total{door=\"milter\"}"), "{page}");
}

pub fn partners_are_counted(lab: &mut Lab) {
    lab.with_filter();
    let (port, to) = (lab.postfix.behind_tcp, "anna@direct.example.org");
    assert_eq!(send(port, HONEST, SENDER, &[to], &plain_mail("anna@example.net", "counted-clear")).code, 250);
    assert_eq!(send_tls(lab, port, false, to, &plain_mail("anna@example.net", "counted-tls")).code, 250);
    let line = wait_for("the partner in the store", || {
        let told = lab.wehr.verb(&["partners", "--json"]);
        let line = told.lines().find(|line| line.contains("\"domain\":\"example.net\""))?.to_owned();
        (!line.contains("\"none\":0") && !line.contains("\"tls1.2\":0")).then_some(line)
    });
    assert!(line.contains("last_seen"), "{line}");
    assert!(lab.wehr.verb(&["partners"]).contains("example.net"));
    assert!(lab.wehr.verb(&["partners", "forget", "example.net"]).contains("forgotten"));
}
