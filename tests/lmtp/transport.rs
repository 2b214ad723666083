//! What must arrive encrypted, at the LMTP door: evidence, replies for each recipient, aliases, REQUIRETLS (RFC 8689).

use crate::{
    house::{Client, House},
    tls::{keys, secured},
};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use wehr::doors::lmtp::certificate::Certificate;

const POLICY: &str = "[[class]]\nname = 'head'\nrecipients = ['head@school.example']\ntransport = 'tls1.2'\n\
                      [[secure_alias]]\ndomain = 'secure.school.example'\nmailbox = 'school.example'\n\
                      [[partner]]\ndomains = ['amt.example']\ntransport = 'tls'\n";
const RECEIVED: &str = "Received: from c.example (c.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher \
                        TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\tby mx.example.org (Postfix) with ESMTPS id 4ABC12\r\n\t\
                        for <x@school.example>; Sun, 22 Nov 2026 12:00:00 +0000 (UTC)\r\n";
const MAIL: &str = "From: Carl <carl@c.example>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\r\nHello\r\n.\r\n";

/// One mail to the head, an alias and a teacher; what each recipient was told.
async fn told(client: &mut Client<DuplexStream>, forward: &str, message: &str) -> Vec<String> {
    assert_eq!(client.code().await, 220);
    assert_eq!(client.ask("LHLO mx.example.org").await[..3], *"250");
    if !forward.is_empty() {
        client.ask(forward).await;
    }
    assert_eq!(client.ask("MAIL FROM:<carl@c.example>").await[..3], *"250");
    for recipient in ["head+x@school.example", "office@secure.school.example", "teacher@school.example"] {
        assert_eq!(
            client.ask(&format!("RCPT TO:<{recipient}>")).await[..3],
            *"250",
            "the evidence comes with the mail"
        );
    }
    assert_eq!(client.ask("DATA").await[..3], *"354");
    client.say(message).await;
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.push(client.reply().await.unwrap());
    }
    replies
}

fn codes(replies: &[String]) -> Vec<&str> {
    replies.iter().map(|reply| &reply[..10]).collect()
}

#[tokio::test]
async fn each_recipient_is_answered_by_what_the_trusted_mta_witnessed() {
    let refused = ["550 5.7.10", "550 5.7.10", "250 2.0.0 "];
    let forward = "XFORWARD ADDR=192.0.2.1 IDENT=4ABC12";
    for (forward, message, expected) in [
        (forward, MAIL.to_owned(), refused),
        (forward, format!("{RECEIVED}{MAIL}"), ["250 2.0.0 "; 3]),
        // No queue ID, another one, and a field of the sender under the one of the MTA: no evidence.
        ("", format!("{RECEIVED}{MAIL}"), refused),
        ("XFORWARD ADDR=192.0.2.1 IDENT=4ABC13", format!("{RECEIVED}{MAIL}"), refused),
        (forward, format!("Received: from x by mx.example.org with ESMTP id 4ABC12\r\n{RECEIVED}{MAIL}"), refused),
        // Made on the MTA's machine; a client there has an address.
        ("XFORWARD SOURCE=LOCAL IDENT=4ABC12", MAIL.to_owned(), ["250 2.0.0 "; 3]),
        ("XFORWARD SOURCE=LOCAL ADDR=192.0.2.1", MAIL.to_owned(), refused),
    ] {
        let house = House::with_maildir(|_| {}).demanding(POLICY);
        let replies = told(&mut house.local(), forward, &message).await;
        assert_eq!(codes(&replies), expected, "{forward} {message}");
        let arrived = if expected == refused { 1 } else { 3 };
        assert_eq!(house.delivered().len(), arrived);
        assert_eq!(house.series("wehr_transport_refused_total{door=\"lmtp\"}"), if arrived == 1 { 2 } else { 0 });
    }
}

#[tokio::test]
async fn a_stranger_cannot_witness_and_the_mailbox_of_an_alias_gets_the_mail() {
    let house = House::with_maildir(|_| {}).demanding(POLICY);
    let replies = told(&mut house.remote(), "XFORWARD IDENT=4ABC12", &format!("{RECEIVED}{MAIL}")).await;
    assert_eq!(codes(&replies), ["550 5.7.10", "550 5.7.10", "250 2.0.0 "]);
    let house = House::with_maildir(|_| {}).demanding(POLICY);
    told(&mut house.local(), "XFORWARD ADDR=192.0.2.1 IDENT=4ABC12", &format!("{RECEIVED}{MAIL}")).await;
    let folders: Vec<String> = house.delivered().iter().map(|(folder, _)| folder.display().to_string()).collect();
    assert!(folders.iter().any(|folder| folder.contains("/school.example/office")), "{folders:?}");
    assert!(folders.iter().all(|folder| !folder.contains("secure.school.example")), "{folders:?}");
}

#[tokio::test]
async fn the_author_is_a_partner_too() {
    let house = House::with_maildir(|_| {}).demanding(POLICY);
    let message = MAIL.replace("carl@c.example", "chef@mail.amt.example");
    let replies = told(&mut house.local(), "XFORWARD ADDR=192.0.2.1", &message).await;
    assert_eq!(codes(&replies), ["550 5.7.10"; 3]);
}

#[tokio::test]
async fn requiretls_is_for_secured_sessions_only() {
    let folder = TempDir::new().unwrap();
    let keys = keys(&folder);
    let certificate = Arc::new(Certificate::load(&keys.chain, &keys.key).unwrap());
    let house = House::with_maildir(|settings| settings.certificate = Some(certificate));
    let mut client = house.local();
    assert_eq!(client.code().await, 220);
    assert!(!client.ask("LHLO mx.example.org").await.contains("REQUIRETLS"));
    assert_eq!(client.ask("MAIL FROM:<a@b.example> REQUIRETLS").await[..10], *"550 5.7.30");
    assert_eq!(&client.ask("STARTTLS").await[..3], "220");
    let mut client = secured(client, &keys.root).await.unwrap();
    assert!(client.ask("LHLO mx.example.org").await.contains("REQUIRETLS"));
    assert_eq!(client.ask("MAIL FROM:<a@b.example> REQUIRETLS=1").await[..3], *"501");
    assert_eq!(client.ask("MAIL FROM:<a@b.example> REQUIRETLS").await[..3], *"250");
    assert_eq!(client.ask("RCPT TO:<x@school.example>").await[..3], *"250");
    assert_eq!(client.ask("DATA").await[..3], *"354");
    client.say(MAIL).await;
    assert_eq!(client.code().await, 250);
}
