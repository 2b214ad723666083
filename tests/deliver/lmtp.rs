use crate::{
    mailstore::{CLOSE, HANG, Memory, Script, on_tcp, on_unix},
    parcels::{addresses, parcel, parcel_with},
};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::time::{Duration, Instant, sleep};
use wehr::{
    doors::deliver::{
        Mailstore,
        lmtp::{Client, Settings, stream::Place},
    },
    judge::policy::verdict::{Edit, Reply},
    limits,
    mail::address::Address,
};

const MAIL: &[u8] = b"Subject: x\r\n\r\nbody\r\n";

struct Store {
    client: Client,
    memory: Memory,
    _folder: TempDir,
}

fn store(script: Script) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let memory = on_unix(&path, script);
    Store { client: client(Place::Unix(path)), memory, _folder: folder }
}

fn client(place: Place) -> Client {
    Client::new(Settings { place, tls: None, hostname: "filter.example".into() }).unwrap()
}

impl Store {
    async fn deliver(&self, raw: &[u8], recipients: &[&str]) -> Vec<String> {
        texts(&self.client.deliver(&parcel(raw).await, &addresses(recipients)).await)
    }

    async fn codes(&self, recipients: &[&str]) -> Vec<u16> {
        let replies = self.client.deliver(&parcel(MAIL).await, &addresses(recipients)).await;
        replies.iter().map(|reply| reply.code).collect()
    }
}

fn texts(replies: &[Reply]) -> Vec<String> {
    replies.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_mail_goes_over_in_one_breath() {
    let store = store(Script::default());
    let edits = [Edit::AddField { name: "X".into(), value: "y".into() }];
    let parcel = parcel_with(MAIL, &edits, 0).await;
    let replies = store.client.deliver(&parcel, &addresses(&["a@x", "\"b c\"@x"])).await;
    assert_eq!(texts(&replies), ["250 2.0.0 <a@x> saved", "250 2.0.0 <\"b c\"@x> saved"]);
    let seen = &store.memory.connections()[0];
    let size = parcel.len_bytes();
    let mail = format!("MAIL FROM:<sender@example.org> SIZE={size} BODY=8BITMIME");
    assert_eq!(seen.commands, ["LHLO filter.example", &mail, "RCPT TO:<a@x>", "RCPT TO:<\"b c\"@x>", "DATA"]);
    assert_eq!(seen.messages, [b"X: y\r\nSubject: x\r\n\r\nbody\r\n"]);
    assert_eq!(seen.messages[0].len(), size);
}

#[tokio::test]
async fn without_offers_nothing_is_used() {
    let store = store(Script { lhlo: "250 store".into(), ..Script::default() });
    assert_eq!(store.codes(&["a@x", "b@x"]).await, [250, 250]);
    let commands = store.memory.connections()[0].commands.clone();
    assert_eq!(commands[1], "MAIL FROM:<sender@example.org>");
    assert_eq!(commands.len(), 5);
}

#[tokio::test]
async fn partial_failure_maps_one_to_one() {
    for lhlo in ["250-store\r\n250 PIPELINING", "250 store"] {
        let store = store(Script {
            lhlo: lhlo.into(),
            rcpt: Box::new(|line| match line {
                "RCPT TO:<unknown@x>" => "550-5.1.1 <unknown@x>\r\n550 5.1.1 User doesn't exist".into(),
                "RCPT TO:<later@x>" => "450 4.2.0 locked 100%".into(),
                _ => "250 OK".into(),
            }),
            done: Box::new(|recipient| match recipient {
                "<full@x>" => "552 5.2.2 Quota exceeded".into(),
                "<slow@x>" => "451 4.2.0 Temporary failure".into(),
                _ => "250 2.0.0 OK".into(),
            }),
            ..Script::default()
        });
        let recipients = ["a@x", "unknown@x", "full@x", "a b@x", "later@x", "b@x", "slow@x", "c@x>\r\nDATA"];
        let expected = [
            "250 2.0.0 OK",
            "550 5.1.1 <unknown@x> User doesn't exist",
            "552 5.2.2 Quota exceeded",
            "553 5.1.3 the recipient address cannot be handed over",
            "450 4.2.0 locked 100?",
            "250 2.0.0 OK",
            "451 4.2.0 Temporary failure",
            "553 5.1.3 the recipient address cannot be handed over",
        ];
        assert_eq!(store.deliver(MAIL, &recipients).await, expected);
        // The same connection takes the next mail, and nothing of the last one is left on it.
        assert_eq!(store.deliver(MAIL, &recipients).await, expected);
        let seen = store.memory.connections();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].messages.len(), 2);
    }
}

#[tokio::test]
async fn every_refusal_reaches_everybody() {
    let mail = |reply: &'static str| Script { mail: Box::new(move |_| reply.into()), ..Script::default() };
    let data = |reply: &str| Script { data: reply.into(), ..Script::default() };
    let rcpt = |reply: &'static str| Script { rcpt: Box::new(move |_| reply.into()), ..Script::default() };
    let greeting = |reply: &str| Script { greeting: reply.into(), ..Script::default() };
    let lhlo = |reply: &str| Script { lhlo: reply.into(), ..Script::default() };
    let cases = [
        (mail("552 5.3.4 too large"), "552 5.3.4 too large"),
        (mail("451 4.3.0 not now"), "451 4.3.0 not now"),
        (mail("503 5.5.1 LHLO first"), "451 4.3.5 mailstore misconfigured, try again later"),
        (mail("530 5.7.0 STARTTLS first"), "451 4.3.5 mailstore misconfigured, try again later"),
        (mail("421 4.3.2 going down"), "451 4.3.2 going down"),
        (mail("354 what"), "451 4.5.0 mailstore trouble, try again later"),
        (mail(CLOSE), "451 4.4.2 mailstore connection lost, try again later"),
        (rcpt("550 5.1.1 unknown"), "550 5.1.1 unknown"),
        (rcpt(CLOSE), "451 4.4.2 mailstore connection lost, try again later"),
        (data("452 4.3.1 disk full"), "452 4.3.1 disk full"),
        (data("554 5.6.0 no"), "554 5.6.0 no"),
        (data("250 OK"), "451 4.5.0 mailstore trouble, try again later"),
        (data(CLOSE), "451 4.4.2 mailstore connection lost, try again later"),
        (data("garbage"), "451 4.5.0 mailstore trouble, try again later"),
        (greeting("421 4.3.2 too many"), "451 4.3.2 too many"),
        (greeting("554 5.7.1 go away"), "451 4.3.2 go away"),
        (greeting(CLOSE), "451 4.4.2 mailstore connection lost, try again later"),
        (greeting("SSH-2.0-x"), "451 4.5.0 mailstore trouble, try again later"),
        (lhlo("500 5.5.1 this is SMTP"), "451 4.3.2 this is SMTP"),
    ];
    for (script, expected) in cases {
        let store = store(script);
        assert_eq!(store.deliver(MAIL, &["a@x", "b@x"]).await, [expected, expected]);
        assert!(store.memory.connections().iter().all(|seen| seen.messages.is_empty()));
    }
}

#[tokio::test]
async fn a_dialogue_goes_on_after_a_refusal() {
    let store = store(Script {
        rcpt: Box::new(|line| if line.contains("bad") { "550 5.1.1 no".into() } else { "250 OK".into() }),
        ..Script::default()
    });
    assert_eq!(store.codes(&["bad@x"]).await, [550]);
    assert_eq!(store.codes(&["a@x"]).await, [250]);
    let seen = store.memory.connections();
    assert_eq!(seen.len(), 1, "the connection is used again");
    assert_eq!(seen[0].commands[4], "RSET", "{:?}", seen[0].commands);
}

#[tokio::test]
async fn data_without_recipients_is_left_without_a_dot() {
    let store =
        store(Script { rcpt: Box::new(|_| "550 5.1.1 no".into()), data: "354 odd".into(), ..Script::default() });
    assert_eq!(store.codes(&["a@x"]).await, [550]);
    assert_eq!(store.codes(&["a@x"]).await, [550]);
    let seen = store.memory.connections();
    assert_eq!(seen.len(), 2, "that connection is not used again");
    assert!(seen.iter().all(|seen| seen.messages.is_empty()));
}

#[tokio::test]
async fn messages_arrive_as_they_are() {
    let huge = [b"Subject: x\r\n\r\n".to_vec(), b".0123456789\r\n..\r\n.\r\n\r\n".repeat(300_000)].concat();
    let cases: [(&[u8], &[u8]); 8] = [
        (b"", b""),
        (b"A: b\r\n\r\n", b"A: b\r\n\r\n"),
        (b"A: b", b"A: b\r\n"),
        (b"A: b\r\n\r\n.\r\n..\r\n.x\r\nend", b"A: b\r\n\r\n.\r\n..\r\n.x\r\nend\r\n"),
        (b"A: b\r\n\r\n\xe4\xf6\xfc \xff\0\r\n", b"A: b\r\n\r\n\xe4\xf6\xfc \xff\0\r\n"),
        (b"A: b\n\nx\n.\ny\n", b"A: b\r\n\r\nx\r\n.\r\ny\r\n"),
        (b"A: b\r\n\r\nx\r.\r\nMAIL FROM:<evil@x>\r\n", b"A: b\r\n\r\nx .\r\nMAIL FROM:<evil@x>\r\n"),
        (&huge, &huge),
    ];
    let store = store(Script::default());
    for (raw, expected) in cases {
        for memory_bytes_max in [0, 1 << 30] {
            let parcel = parcel_with(raw, &[], memory_bytes_max).await;
            let replies = store.client.deliver(&parcel, &addresses(&["a@x"])).await;
            assert_eq!(replies[0].code, 250, "{}", replies[0]);
            let seen = store.memory.connections();
            assert!(seen[0].messages.last().unwrap() == expected, "{}", raw[..raw.len().min(99)].escape_ascii());
        }
    }
    assert_eq!(store.memory.connections().len(), 1);
}

#[tokio::test]
async fn replies_in_any_chunks_are_read() {
    for reply_chunk in [1, 2, 3, 7] {
        let store = store(Script {
            reply_chunk,
            rcpt: Box::new(|_| "250-2.1.5 two\r\n250 2.1.5 lines".into()),
            ..Script::default()
        });
        assert_eq!(store.codes(&["a@x", "b@x", "c@x"]).await, [250, 250, 250]);
    }
}

#[tokio::test]
async fn a_thousand_recipients_fit() {
    let store = store(Script::default());
    let names: Vec<String> =
        (0..limits::RECIPIENTS_MAX).map(|number| format!("user{number}@{}.example", "x".repeat(50))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(store.codes(&names).await, vec![250; names.len()]);
}

#[tokio::test]
async fn utf8_addresses_need_an_offer() {
    let without = store(Script { lhlo: "250-store\r\n250 8BITMIME".into(), ..Script::default() });
    let recipients = ["j\u{f6}rg@x", "a@x"];
    assert_eq!(
        without.deliver(MAIL, &recipients).await,
        ["550 5.6.7 the mailstore takes no UTF-8 addresses", "250 2.0.0 <a@x> saved"]
    );
    let with = store(Script::default());
    assert_eq!(with.codes(&recipients).await, [250, 250]);
    assert!(with.memory.connections()[0].commands[1].ends_with(" BODY=8BITMIME SMTPUTF8"));
    assert_eq!(with.memory.connections()[0].commands[2], "RCPT TO:<j\u{f6}rg@x>");
    // Declared, but with ASCII addresses only: handed over also where it is not offered.
    let mut declared = parcel(MAIL).await;
    declared.smtputf8 = true;
    assert_eq!(without.client.deliver(&declared, &addresses(&["a@x"])).await[0].code, 250);
    declared.sender = Address::new("j\u{f6}rg@x");
    assert_eq!(without.client.deliver(&declared, &addresses(&["a@x", "b@x"])).await[1].enhanced, "5.6.7");
    let mut null = parcel(MAIL).await;
    null.sender = Address::new("<>");
    assert_eq!(with.client.deliver(&null, &addresses(&["a@x"])).await[0].code, 250);
    assert!(with.memory.connections()[0].commands.iter().any(|line| line.starts_with("MAIL FROM:<> ")));
    null.sender = Address::new("a> SIZE=1 <b");
    assert_eq!(with.client.deliver(&null, &addresses(&["a@x"])).await[0].to_string().get(..9), Some("553 5.1.7"));
}

#[tokio::test]
async fn connections_are_used_again() {
    let store = store(Script::default());
    for _ in 0..5 {
        assert_eq!(store.codes(&["a@x"]).await, [250]);
    }
    assert_eq!(store.memory.connections().len(), 1);
    assert_eq!(store.memory.connections()[0].messages.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn connections_unused_are_closed() {
    let store = store(Script::default());
    assert_eq!(store.codes(&["a@x"]).await, [250]);
    sleep(limits::MAILSTORE_IDLE_SECONDS_MAX * 3).await;
    assert_eq!(store.memory.connections()[0].commands.last().unwrap(), "QUIT");
    assert_eq!(store.codes(&["a@x"]).await, [250]);
    assert_eq!(store.memory.connections().len(), 2);
}

#[tokio::test]
async fn a_stale_connection_costs_nothing() {
    let store = store(Script { mails_per_connection: 1, ..Script::default() });
    for _ in 0..4 {
        assert_eq!(store.codes(&["a@x"]).await, [250]);
    }
    assert_eq!(store.memory.connections().len(), 4);
}

#[tokio::test]
async fn a_connection_that_dies_under_the_next_mail_is_replaced_once() {
    // The second MAIL of each connection finds the mailstore gone.
    for last_words in [CLOSE, "421 4.3.2 too many mails on this connection"] {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let store = store(Script {
            mail: Box::new(move |_| {
                let turn = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if turn % 2 == 1 { last_words.into() } else { "250 OK".into() }
            }),
            ..Script::default()
        });
        for _ in 0..4 {
            assert_eq!(store.codes(&["a@x", "b@x"]).await, [250, 250]);
        }
        let seen = store.memory.connections();
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|seen| seen.messages.len() == 1));
    }
}

#[tokio::test]
async fn after_the_dot_nothing_is_sent_twice() {
    let store = store(Script {
        done: Box::new(|recipient| if recipient == "<b@x>" { CLOSE.into() } else { "250 2.0.0 OK".into() }),
        ..Script::default()
    });
    assert_eq!(store.codes(&["a@x"]).await, [250]);
    let lost = "451 4.4.2 mailstore connection lost, try again later";
    assert_eq!(store.deliver(MAIL, &["a@x", "b@x", "c@x"]).await, ["250 2.0.0 OK", lost, lost]);
    let seen = store.memory.connections();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].messages.len(), 2);
}

#[tokio::test]
async fn what_is_said_amid_the_message_is_heard() {
    let large = [MAIL.to_vec(), b"0123456789\r\n".repeat(500_000)].concat();
    let lost = "451 4.4.2 mailstore connection lost, try again later";
    for (words, expected) in [("552 5.3.4 too large", "552 5.3.4 too large"), (CLOSE, lost), ("250 2.0.0 OK", lost)] {
        let store = store(Script { cut_message: Some((100_000, words.into())), ..Script::default() });
        assert_eq!(store.deliver(&large, &["a@x", "b@x"]).await, [expected, expected], "{words}");
        assert_eq!(store.memory.connections().len(), 1, "it is not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn every_wait_ends() {
    let hang = || Box::new(|_: &str| HANG.to_owned());
    let cases = [
        (Script { greeting: HANG.into(), ..Script::default() }, limits::MAILSTORE_CONNECT_SECONDS_MAX),
        (Script { lhlo: HANG.into(), ..Script::default() }, limits::MAILSTORE_REPLY_SECONDS_MAX),
        (Script { mail: hang(), ..Script::default() }, limits::MAILSTORE_REPLY_SECONDS_MAX),
        (Script { rcpt: hang(), ..Script::default() }, limits::MAILSTORE_REPLY_SECONDS_MAX),
        (Script { data: HANG.into(), ..Script::default() }, limits::MAILSTORE_REPLY_SECONDS_MAX),
        (Script { done: hang(), ..Script::default() }, limits::MAILSTORE_SECONDS_MAX),
        (
            Script { lhlo: "250 no pipelining".into(), rcpt: hang(), ..Script::default() },
            limits::MAILSTORE_REPLY_SECONDS_MAX,
        ),
    ];
    for (script, limit) in cases {
        let store = store(script);
        let start = Instant::now();
        let lost = "451 4.4.2 mailstore connection lost, try again later";
        assert_eq!(store.deliver(MAIL, &["a@x", "b@x"]).await, [lost, lost]);
        let waited = start.elapsed();
        assert!(waited >= limit && waited < limit + Duration::from_secs(2), "{waited:?} for {limit:?}");
    }
}

#[tokio::test]
async fn a_mailstore_that_is_not_there_defers() {
    let down = "451 4.4.1 mailstore does not answer, try again later";
    for place in [Place::Unix("/nonexistent/lmtp".into()), Place::Tcp("127.0.0.1:1".into())] {
        let replies = client(place).deliver(&parcel(MAIL).await, &addresses(&["a@x", "b@x"])).await;
        assert_eq!(texts(&replies), [down, down]);
    }
}

#[tokio::test]
async fn connections_are_bounded() {
    let store = Arc::new(store(Script::default()));
    let mails: Vec<_> = (0..limits::MAILSTORE_CONNECTIONS_MAX * 5)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.codes(&[&format!("user{number}@x")]).await })
        })
        .collect();
    for mail in mails {
        assert_eq!(mail.await.unwrap(), [250]);
    }
    let seen = store.memory.connections();
    assert!(seen.len() <= limits::MAILSTORE_CONNECTIONS_MAX, "{}", seen.len());
    assert_eq!(seen.iter().map(|seen| seen.messages.len()).sum::<usize>(), limits::MAILSTORE_CONNECTIONS_MAX * 5);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_for_a_connection_is_deferred() {
    let store = Arc::new(store(Script { done: Box::new(|_| HANG.into()), ..Script::default() }));
    let mails: Vec<_> = (0..=limits::MAILSTORE_CONNECTIONS_MAX)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.deliver(MAIL, &["a@x"]).await.remove(0) })
        })
        .collect();
    let mut busy = 0;
    for mail in mails {
        let reply = mail.await.unwrap();
        assert!(reply.starts_with("451 4."), "{reply}");
        busy += usize::from(reply.starts_with("451 4.3.2 mailstore busy"));
    }
    assert_eq!(busy, 1);
}

#[tokio::test]
async fn a_recipient_named_twice_gets_one_mail() {
    let (address, memory) = on_tcp(Script::default(), None).await;
    let mailstore = Mailstore::Lmtp(client(Place::Tcp(address)));
    let replies = mailstore.deliver(&parcel(MAIL).await, &addresses(&["b@x", "a@x", "b@x"])).await;
    assert_eq!(texts(&replies), ["250 2.0.0 <b@x> saved", "250 2.0.0 <a@x> saved", "250 2.0.0 <b@x> saved"]);
    assert_eq!(memory.connections()[0].commands.iter().filter(|line| line.starts_with("RCPT")).count(), 2);
}

#[tokio::test]
async fn a_spool_that_lost_bytes_hands_nothing_over() {
    use wehr::{
        doors::{deliver::parcel::Parcel, spool::Spool},
        mail::head::Head,
    };
    // The head is longer than what the spool holds: the bytes do not add up to a whole mail.
    let store = store(Script::default());
    let mut spool = Spool::new(0);
    spool.push(b"Subject").await.unwrap();
    // A push that is dropped half-way tears the spool.
    let large = vec![b'x'; 16 << 20];
    assert!(futures_util::FutureExt::now_or_never(spool.push(&large)).is_none());
    let head = Head::parse(&bytes::Bytes::from_static(b"Subject: x\r\n\r\n"));
    let torn = Parcel::new(Address::new("s@x"), &head, &[], spool);
    let replies = store.client.deliver(&torn, &addresses(&["a@x"])).await;
    assert_eq!(texts(&replies), ["451 4.3.0 mail system trouble, try again later"]);
    assert!(store.memory.connections()[0].messages.is_empty());
}
