//! Who comes for the first time has to come again; limits hold; a store that is gone turns nobody away.

use crate::house::House;
use std::{net::TcpListener, path::Path, time::Duration};
use tokio::time::sleep;
use wehr::world::store::{Site, campaigns};

const POLICY: &str = "[greylist]\nwait_seconds = 6\n[[rate]]\nof = 'client_network'\nmails = 2\nseconds = 604800\n";

/// The last digit of the sender's address tells mails apart; the reply to the message.
async fn send(house: &House, address: &str, sender: &str) -> String {
    let mut client = house.local();
    assert_eq!(client.code().await, 220);
    assert_eq!(client.ask("LHLO mx.example.org").await[..3], *"250");
    assert_eq!(client.ask(&format!("XFORWARD ADDR={address} HELO=mail.new.example")).await[..3], *"250");
    assert_eq!(client.ask(&format!("MAIL FROM:<{sender}@new.example>")).await[..3], *"250");
    assert_eq!(client.ask("RCPT TO:<office@school.example>").await[..3], *"250");
    assert_eq!(client.ask("DATA").await[..3], *"354");
    client.ask("From: a@new.example\r\nSubject: hello\r\n\r\nhello\r\n.").await
}

#[tokio::test]
async fn a_second_try_after_the_wait_is_taken_and_then_the_limit_counts() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::parse("redb:state.redb", folder.path()).unwrap();
    let house = House::with_maildir(|_| ()).remembering(POLICY, &site);
    let first = send(&house, "198.51.100.7", "a").await;
    assert!(first.starts_with("451 4.7.1"), "{first}");
    sleep(Duration::from_millis(1200)).await;
    assert!(send(&house, "198.51.100.7", "a").await.starts_with("451"), "too soon");
    sleep(Duration::from_millis(6500)).await;
    // Another server of the same network: the triplet is the same.
    assert!(send(&house, "198.51.100.8", "a").await.starts_with("250"));
    assert!(send(&house, "198.51.100.8", "b").await.starts_with("451"), "another sender is new");
    assert!(send(&house, "127.0.0.1", "c").await.starts_with("250"), "the house's own mail never waits");
    assert!(send(&house, "198.51.100.7", "a").await.starts_with("250"));
    sleep(Duration::from_millis(1500)).await;
    let third = send(&house, "198.51.100.7", "a").await;
    assert!(third.starts_with("451"), "two mails a week may come: {third}");
    assert_eq!(house.delivered().len(), 3);
}

#[tokio::test]
async fn a_mail_in_many_copies_is_a_campaign_and_its_first_copies_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::parse("redb:state.redb", folder.path()).unwrap();
    let policy = "[campaign]\nrecipients = 5\nminutes = 5\n";
    let house = House::with_maildir(|_| ()).remembering(policy, &site);
    let copy = async |to: u32, text: &str| {
        let mut client = house.local();
        assert_eq!(client.code().await, 220);
        client.ask("LHLO mx.example.org").await;
        client.ask(&format!("XFORWARD ADDR=198.51.{to}.7 HELO=mail{to}.new.example")).await;
        client.ask(&format!("MAIL FROM:<s{to}@new{to}.example>")).await;
        client.ask(&format!("RCPT TO:<person{to}@school.example>")).await;
        client.ask("DATA").await;
        let mail = format!("From: a@new{to}.example\r\nSubject: nr {to}\r\n\r\nHallo Frau {to}x,\r\n{text}\r\n.");
        client.ask(&mail).await
    };
    let text = "bitte bestaetigen Sie heute noch Ihr Konto auf unserer neuen Seite, sonst wird es am Abend leider geschlossen und \
        alle Nachrichten darin gehen verloren. Mit freundlichen Gruessen, Ihre Verwaltung der Postfaecher im Haus";
    for to in 0..5 {
        assert!(copy(to, text).await.starts_with("250"));
    }
    sleep(Duration::from_millis(1500)).await;
    assert!(copy(5, text).await.starts_with("250"), "it is found, and three points mark no mail");
    assert!(
        copy(6, "etwas ganz anderes, das mit der Reihe von vorhin nichts zu tun hat, kommt auch an")
            .await
            .starts_with("250")
    );
    sleep(Duration::from_millis(1500)).await;
    assert_eq!((house.series("wehr_symbols_total{symbol=\"CAMPAIGN\"}"), house.series("wehr_campaigns_total")), (1, 1));
    assert_eq!(house.series("wehr_dependency_up{dependency=\"store\"}"), 1);
    let store = site.open().unwrap();
    let found = campaigns::all(&*store, 0).unwrap();
    let [campaign] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(campaign.recipients, 5);
    let copies = campaigns::copies(&*store, campaign, 0).unwrap();
    assert_eq!(copies.len(), 6, "those before it was known, and the one after");
    for copy in copies {
        let reference = String::from_utf8(copy.reference.to_vec()).unwrap();
        let is_named = house.delivered().iter().any(|(_, mail)| mail.contains(&format!("ref={reference}")));
        assert!(is_named, "{reference} leads to a mail");
    }
}

#[tokio::test]
async fn without_a_store_all_mail_is_taken() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sites = vec![Site::parse("redb:/dev/null/state.redb", Path::new("")).unwrap()];
    if cfg!(feature = "redis") {
        sites.push(Site::parse(&format!("redis://{closed}"), Path::new("")).unwrap());
    }
    for site in sites {
        let house = House::with_maildir(|_| ()).remembering(POLICY, &site);
        for sender in ["a", "b", "c"] {
            let reply = send(&house, "198.51.100.7", sender).await;
            assert!(reply.starts_with("250"), "{site:?}: {reply}");
        }
        assert_eq!(house.delivered().len(), 3);
        assert_eq!(house.series("wehr_dependency_up{dependency=\"store\"}"), 0);
        let failed = house.series("wehr_questions_total{kind=\"stored\",outcome=\"server_failure\"}");
        assert!(failed >= 9, "a triplet, a correspondence and a counter for each mail: {failed}");
    }
}
