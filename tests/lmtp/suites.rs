//! The foreign suites: LMTP dialogues against a scripted mailstore, and streams that try to smuggle a second mail.

use crate::{
    house::{Client, House, MESSAGE, suites},
    mailstore::{self, Memory, Script, Seen},
};
use serde_json::Value;
use std::{fs, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use wehr::doors::{
    deliver::{
        Mailstore,
        lmtp::{self, stream::Place},
    },
    desk::Limits,
};

/// Dialogues that we answer otherwise, each with the reason. The list may only shrink.
const DEVIATIONS: [(&str, &str); 1] = [(
    "lmtp/all-rejected",
    "the mailstore is asked when the mail is handed over, so it refuses after the dot, not at RCPT",
)];

/// A filter in front of a mailstore that follows a script.
fn before(script: Option<Script>) -> (House, Memory) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store");
    let memory = script.map(|script| mailstore::on_unix(&path, script)).unwrap_or_default();
    let settings = lmtp::Settings { place: Place::Unix(path), tls: None, hostname: "mx.school.example".to_owned() };
    let client = Mailstore::Lmtp(lmtp::Client::new(settings).unwrap());
    (House::new(folder, Some(client), Limits::default(), |_| {}), memory)
}

/// The mailstore that a dialogue speaks of in its `check`; `None` when it has to be down.
fn mailstore_of(id: &str) -> Option<Script> {
    let refusing = |word: &'static str, reply: &'static str| Script {
        rcpt: Box::new(move |line| if line.contains(word) { reply.into() } else { "250 2.1.5 OK".into() }),
        ..Script::default()
    };
    match id {
        "lmtp/nexthop-down" => None,
        "lmtp/three-rcpt" => Some(refusing("<b@", "452 4.2.2 mailbox full")),
        "lmtp/all-rejected" => Some(refusing("<unknown@", "550 5.1.1 no such user")),
        "lmtp/nexthop-multiline" => {
            Some(Script { done: Box::new(|_| "250-a\r\n250 b".to_owned()), ..Script::default() })
        }
        _ => Some(Script::default()),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        bits = bits << 6 | u32::from(value(letter));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    out
}

/// Does a code fit one of the allowed words?
fn fits(code: &str, allowed: &[Value]) -> bool {
    allowed.iter().filter_map(Value::as_str).any(|word| word == code || word.strip_suffix("xx") == code.get(..1))
}

/// Plays one dialogue; the error says where it went another way.
async fn play<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>, steps: &[Value]) -> Result<(), String> {
    for (at, step) in steps.iter().enumerate() {
        if let Some(text) = step["c"].as_str() {
            client.say(text).await;
        } else if let Some(text) = step["c_b64"].as_str() {
            client.say(decoded(text)).await;
        } else if step.get("c_file").is_some() {
            client.say(MESSAGE).await;
        } else if step["action"] == "close" {
            return Ok(());
        } else if step["s"] == "close" {
            let reply = hear(client).await?;
            if reply.is_some() {
                return Err(format!("step {at}: not closed, {reply:?}"));
            }
        } else if let Some(allowed) = step["s"].as_array() {
            expect(client, step, allowed).await.map_err(|error| format!("step {at}: {error}"))?;
        }
    }
    Ok(())
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>) -> Result<Option<String>, String> {
    timeout(Duration::from_secs(15), client.reply()).await.map_err(|_| "silence".to_owned())
}

async fn expect<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    step: &Value,
    allowed: &[Value],
) -> Result<(), String> {
    for _ in 0..step["count"].as_u64().unwrap_or(1) {
        let Some(reply) = hear(client).await? else {
            return if allowed.contains(&"close".into()) { Ok(()) } else { Err("closed".to_owned()) };
        };
        if !fits(&reply[..3], allowed) {
            return Err(format!("{reply:?} is none of {allowed:?}"));
        }
        let lacking = |word: &&Value| !reply.contains(word.as_str().unwrap_or_default());
        if let Some(word) = step["must_advertise"].as_array().into_iter().flatten().find(lacking) {
            return Err(format!("{word} is not announced in {reply:?}"));
        }
    }
    Ok(())
}

/// What has to hold at the mailstore after a dialogue.
fn check(id: &str, seen: &[Seen]) -> Result<(), String> {
    let messages: Vec<&Vec<u8>> = seen.iter().flat_map(|connection| &connection.messages).collect();
    let commands: Vec<&str> = seen.iter().flat_map(|connection| &connection.commands).map(String::as_str).collect();
    let holds = match id {
        "lmtp/basic" | "lmtp/dot-split" | "lmtp/xforward" | "lmtp/bdat-two" | "lmtp/bdat-zero-last" => {
            messages.len() == 1 && messages[0].ends_with(b"\r\n\r\nhi\r\n")
        }
        "lmtp/same-rcpt-twice" => {
            commands.iter().filter(|line| **line == "RCPT TO:<victim@victim.com>").count() >= 1 && !messages.is_empty()
        }
        "lmtp/dot-stuffing" => {
            messages.len() == 1 && messages[0].ends_with(b"\r\n\r\n.\r\n.dot\r\n..two\r\n x\r\nx\r\n")
        }
        "lmtp/disconnect-in-data" | "lmtp/bdat-then-data" | "lmtp/all-rejected" => messages.is_empty(),
        "lmtp/disconnect-after-dot" => messages.len() <= 1,
        _ => true,
    };
    if holds { Ok(()) } else { Err(format!("the mailstore saw {commands:?} and {} messages", messages.len())) }
}

#[tokio::test]
async fn dialogues_go_as_the_suite_says() {
    let text = fs::read_to_string(suites().join("lmtp/scripts.json")).unwrap();
    let suite: Value = serde_json::from_str(&text).unwrap();
    let scripts = suite["scripts"].as_array().unwrap();
    assert!(scripts.len() >= 20, "the suite has lost its scripts");
    let mut wrong = Vec::new();
    for script in scripts {
        let id = script["id"].as_str().unwrap();
        let (house, memory) = before(mailstore_of(id));
        let mut client = house.local();
        let mut result = play(&mut client, script["steps"].as_array().unwrap()).await;
        let Client { stream, serving, .. } = client;
        drop(stream);
        serving.await.expect("the door panicked");
        result = result.and_then(|()| check(id, &memory.connections()));
        let deviation = DEVIATIONS.iter().find(|(known, _)| *known == id);
        match (result, deviation) {
            (Err(error), None) => wrong.push(format!("{id}: {error}")),
            (Ok(()), Some(_)) => wrong.push(format!("{id}: passes, take it off the list of deviations")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), scripts.len(), wrong.join("\n"));
}

/// Three replies of which the mailstore says each: they come back in the order of RCPT.
#[tokio::test]
async fn what_the_mailstore_says_comes_back_recipient_by_recipient() {
    let done = |recipient: &str| match recipient {
        "<a@victim.com>" => "250 2.0.0 saved".to_owned(),
        "<b@victim.com>" => "452 4.2.2 mailbox full".to_owned(),
        _ => "550 5.7.1 not for you".to_owned(),
    };
    let (house, _) = before(Some(Script { done: Box::new(done), ..Script::default() }));
    let mut client = house.local();
    client.envelope(&["a@victim.com", "b@victim.com", "c@victim.com", "a@victim.com"]).await;
    assert_eq!(&client.ask("DATA").await[..3], "354");
    client.say(MESSAGE).await;
    assert_eq!(client.codes(4).await, [250, 452, 550, 250]);
}

struct Stream {
    id: String,
    bytes: Vec<u8>,
    messages_max: usize,
}

fn streams() -> Vec<Stream> {
    let folder: PathBuf = suites().join("smuggling");
    let table = fs::read_to_string(folder.join("cases.jsonl")).unwrap();
    let cases = table.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let case: Value = serde_json::from_str(line).unwrap();
        Stream {
            id: case["id"].as_str().unwrap().to_owned(),
            bytes: fs::read(folder.join(case["file"].as_str().unwrap())).unwrap(),
            messages_max: usize::try_from(case["max_messages_downstream"].as_u64().unwrap()).unwrap(),
        }
    });
    cases.collect()
}

/// The same carrier with every sequence of up to four octets out of CR, LF, NUL and dot in the middle that has a dot.
fn bred() -> Vec<Stream> {
    let mut sequences: Vec<Vec<u8>> = vec![Vec::new()];
    let mut all = Vec::new();
    for _ in 0..5 {
        sequences = sequences
            .iter()
            .flat_map(|sequence| b"\r\n\0.".iter().map(|byte| [sequence.as_slice(), &[*byte]].concat()))
            .collect();
        all.extend(sequences.iter().filter(|sequence| sequence.contains(&b'.')).cloned());
    }
    let carrier = |sequence: Vec<u8>| Stream {
        id: format!("{sequence:?}"),
        messages_max: if sequence.windows(5).any(|five| five == b"\r\n.\r\n") { 2 } else { 1 },
        bytes: [
            b"LHLO mx.example.org\r\nMAIL FROM:<sender@attack.com>\r\nRCPT TO:<victim@victim.com>\r\nDATA\r\n\
              Subject: carrier\r\n\r\nline"
                .as_slice(),
            &sequence,
            b"MAIL FROM:<smuggled@legitimate.com>\r\nRCPT TO:<victim@victim.com>\r\nDATA\r\nSubject: smuggled\r\n\r\n\
              x\r\n.\r\nQUIT\r\n",
        ]
        .concat(),
    };
    all.into_iter().map(carrier).collect()
}

/// What a careless reader of our stream to the mailstore could take for an end of data.
fn is_clean(message: &[u8]) -> bool {
    let text: String = message.iter().map(|byte| char::from(*byte)).collect();
    !text.replace("\r\n", "").contains(['\r', '\n', '\0'])
}

#[tokio::test]
async fn no_stream_smuggles_a_second_mail() {
    let known = streams();
    assert!(known.len() >= 14, "the suite has lost its streams");
    let mut wrong = Vec::new();
    let (house, memory) = before(Some(Script::default()));
    for stream in known.into_iter().chain(bred()) {
        let before: usize = memory.connections().iter().map(|seen| seen.messages.len()).sum();
        let commands_before: usize = memory.connections().iter().map(|seen| seen.commands.len()).sum();
        let mut client = house.local();
        client.say(&stream.bytes).await;
        let replies = client.rest().await;
        let seen = memory.connections();
        let messages: Vec<Vec<u8>> = seen.iter().flat_map(|seen| seen.messages.clone()).skip(before).collect();
        let commands: Vec<String> = seen.iter().flat_map(|seen| seen.commands.clone()).skip(commands_before).collect();
        let smuggled = commands.iter().any(|line| line.contains("smuggled@"));
        if messages.len() > stream.messages_max
            || (smuggled && stream.messages_max < 2)
            || !messages.iter().all(|message| is_clean(message))
        {
            wrong.push(format!("{}: {} messages, {commands:?}, {replies:?}", stream.id, messages.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
