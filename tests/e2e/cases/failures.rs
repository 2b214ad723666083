//! What happens when a part is away or dies: nothing is lost, nothing unscanned gets through, it is only later.

use crate::{
    ground::wait_for,
    lab::{HONEST, Lab, SENDER, large_mail, must_be_taken, plain_mail, send},
    smtp::{Reply, Smtp},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The filter streams a mail to the stopped clamd, and the stream stands.
fn wait_until_the_stream_stands(lab: &Lab) {
    let mut before = 0;
    wait_for("the stream to pile up before clamd", || {
        thread::sleep(Duration::from_millis(100));
        let unread = lab.clamd.unread_bytes();
        let stands = unread > 50_000 && unread == before;
        before = unread;
        stands.then_some(())
    });
}

/// The scanner dies while a mail streams to it through the milter: the client is told to come again.
pub fn clamd_killed_mid_stream_at_the_milter(lab: &mut Lab) {
    lab.with_filter();
    let message = large_mail("anna@example.net", "clamd-dies-milter", 25_000_000);
    let recipients = ["anna@direct.example.org"];
    lab.clamd.process().signal("STOP");
    let port = lab.postfix.behind_tcp;
    let reply = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut smtp = Smtp::connect(port, HONEST).expect("Postfix greets");
            smtp.send(SENDER, &recipients, &message).expect("Postfix answers")
        });
        wait_until_the_stream_stands(lab);
        lab.clamd.process().kill();
        sending.join().expect("the sender's thread")
    });
    assert!(is_temporary(&reply), "{}", reply.text);
    // With nobody listening at all it is the same.
    let small = plain_mail("anna@example.net", "clamd-away");
    let reply = send(port, HONEST, SENDER, &recipients, &small);
    assert!(is_temporary(&reply), "{}", reply.text);
    lab.clamd.restart();
    must_be_taken(port, &recipients, &small);
    must_be_taken(port, &recipients, &message);
    for mark in ["clamd-away", "clamd-dies-milter"] {
        lab.dovecot.wait_for_mail("anna", mark);
        assert_eq!(lab.dovecot.mails_with("anna", mark).len(), 1, "{mark}");
    }
}

/// The same at the LMTP door: Postfix keeps the mail and brings it again.
pub fn clamd_killed_mid_stream_at_the_lmtp_door(lab: &mut Lab) {
    lab.with_filter();
    let mark = "clamd-dies-lmtp";
    let message = large_mail("anna@example.net", mark, 25_000_000);
    lab.clamd.process().signal("STOP");
    must_be_taken(lab.postfix.plain, &["anna@filtered.example.org"], &message);
    wait_until_the_stream_stands(lab);
    lab.clamd.process().kill();
    let fate = lab.postfix.wait_for_fate(mark, "status=deferred");
    assert!(fate.contains("said: 451 4."), "{fate}");
    assert!(lab.dovecot.mails_with("anna", mark).is_empty(), "an unscanned mail was delivered");
    lab.clamd.restart();
    lab.postfix.flush();
    lab.dovecot.wait_for_mail("anna", mark);
    lab.postfix.wait_for_fate(mark, "status=sent");
    assert_eq!(lab.dovecot.mails_with("anna", mark).len(), 1);
}

/// The mailstore is away: Postfix keeps the mail.
pub fn mailstore_away(lab: &mut Lab) {
    lab.with_filter();
    let mark = "mailstore-away";
    lab.dovecot.end();
    must_be_taken(
        lab.postfix.plain,
        &["anna@filtered.example.org", "bert@filtered.example.org"],
        &plain_mail("anna@example.net", mark),
    );
    let fate = lab.postfix.wait_for_fate(mark, "status=deferred");
    assert!(fate.contains("said: 4"), "{fate}");
    lab.dovecot.restart();
    lab.postfix.flush();
    for mailbox in ["anna", "bert"] {
        lab.dovecot.wait_for_mail(mailbox, mark);
        assert_eq!(lab.dovecot.mails_with(mailbox, mark).len(), 1, "{mailbox}");
    }
}

fn is_temporary(reply: &Reply) -> bool {
    (400..500).contains(&reply.code)
}

/// Mails sent while the filter is killed, by so many connections, and how often it is killed.
const MAILS: usize = 600;
const SENDERS: usize = 6;
const KILLS: usize = 5;

/// `kill -9` under load, again and again: every mail that Postfix took is in the mailstore, once.
///
/// The one window that RFC 2033 leaves: the mailstore has answered 250, and the filter dies before its own 250 has
/// reached Postfix. Postfix logs each such mail ("may be sent more than once"), and only those may be there twice.
pub fn killed_under_load(lab: &mut Lab) {
    lab.with_filter();
    let (next, taken) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let ports = [lab.postfix.behind_tcp, lab.postfix.plain, lab.postfix.behind_unix];
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (next, taken, port) = (&next, &taken, ports[sender % ports.len()]);
            scope.spawn(move || {
                let mut connection = None;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MAILS {
                        break;
                    }
                    let mark = format!("load-{number:05}");
                    let message = plain_mail("anna@example.net", &mark);
                    if send_once(&mut connection, port, &message) {
                        taken.lock().expect("no sender panicked").insert(mark);
                    }
                }
            });
        }
        for kill in 1..=KILLS {
            let share = MAILS * kill / (KILLS + 1);
            wait_for("the next kill", || (next.load(Ordering::Relaxed) >= share).then_some(()));
            lab.wehr.process().kill();
            lab.wehr.start();
        }
    });
    let taken = taken.into_inner().expect("no sender panicked");
    assert!(taken.len() > MAILS / 4, "only {} of {MAILS} mails were taken", taken.len());
    lab.postfix.flush();
    wait_for("Postfix's queue to be empty", || lab.postfix.is_idle().then_some(()));
    must_be_there_once(lab, &taken);
}

/// Sends one mail, on a new connection if the last one broke; true when Postfix has taken it.
fn send_once(connection: &mut Option<Smtp>, port: std::net::SocketAddr, message: &[u8]) -> bool {
    let mut smtp = match connection.take() {
        Some(smtp) => smtp,
        None => match Smtp::connect(port, HONEST) {
            Ok(smtp) => smtp,
            Err(_) => return false,
        },
    };
    match smtp.send(SENDER, &["load@filtered.example.org"], message) {
        Ok(reply) if reply.code == 250 => {
            *connection = Some(smtp);
            true
        }
        // A refused or broken mail: this connection's milter may be gone, begin anew.
        _ => false,
    }
}

fn must_be_there_once(lab: &Lab, taken: &BTreeSet<String>) {
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for mail in lab.dovecot.mails("load") {
        let text = String::from_utf8_lossy(&mail);
        let mark = text.split("Message-ID: <").nth(1).and_then(|rest| rest.split('@').next());
        *copies.entry(mark.expect("a Message-ID of ours").to_owned()).or_default() += 1;
    }
    let lost: Vec<&String> = taken.iter().filter(|mark| !copies.contains_key(*mark)).collect();
    assert!(lost.is_empty(), "taken by Postfix and not in the mailstore: {lost:?}");
    let (mut twice, mut interrupted) = (0, 0);
    for (mark, count) in &copies {
        let fates = lab.postfix.fates(mark);
        let unsure = fates.iter().filter(|fate| fate.contains("while sending end of data")).count();
        interrupted += fates.iter().filter(|fate| fate.contains("status=deferred")).count();
        assert!(*count <= 1 + unsure, "{mark} is there {count} times: {fates:#?}");
        twice += count - 1;
    }
    assert!(interrupted > 0, "no kill interrupted a delivery: the case has shown nothing");
    println!(
        "    {} mails taken, {} in the mailstore, {interrupted} deliveries interrupted, {twice} copies from the window",
        taken.len(),
        copies.len()
    );
}
