//! One LMTP command line: any bytes give a command or a refusal, and a mailbox never breaks out of its brackets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::doors::lmtp::line::{Command, attributes, parse};

fuzz_target!(|line: &[u8]| {
    let mailbox = match parse(line) {
        Ok(Command::Mail(sender)) => sender.mailbox,
        Ok(Command::Rcpt(mailbox)) => mailbox,
        Ok(Command::Xforward(text)) => {
            let _ = attributes(&text);
            return;
        }
        Ok(_) => return,
        Err(reply) => {
            assert!((500..560).contains(&reply.code));
            return;
        }
    };
    assert!(!mailbox.chars().any(char::is_control));
    let again = format!("RCPT TO:<{mailbox}>");
    assert!(mailbox.is_empty() || parse(again.as_bytes()) == Ok(Command::Rcpt(mailbox)));
});
