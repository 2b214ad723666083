//! The real parts without our filter: what they do by themselves is the ground the other cases stand on.

use crate::{
    clamd::{MARKED_WORD, eicar},
    dovecot::contains,
    lab::{HONEST, Lab, plain_mail, send},
};

pub fn delivers(lab: &mut Lab) {
    let message = plain_mail("anna@example.net", "alone-clean");
    let reply = send(lab.postfix.plain, HONEST, "sender@example.net", &["anna@direct.example.org"], &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    let stored = lab.dovecot.wait_for_mail("anna", "alone-clean");
    assert!(contains(&stored, b"End of alone-clean."), "the body did not arrive");
}

pub fn refuses(lab: &mut Lab) {
    let message = plain_mail("anna@example.net", "alone-refused");
    let recipients = ["nobody@direct.example.org", "bert@direct.example.org"];
    let reply = send(lab.postfix.plain, HONEST, "sender@example.net", &recipients, &message);
    assert_eq!(reply.code, 250, "{}", reply.text);
    lab.dovecot.wait_for_mail("bert", "alone-refused");
    let bounce = lab.dovecot.wait_for_mail("sender", "alone-refused");
    assert!(contains(&bounce, b"nobody@direct.example.org"), "the bounce does not name the recipient");
}

pub fn clamd_finds_eicar(lab: &mut Lab) {
    let asked = |content: &str| lab.clamd.asked(content.as_bytes());
    assert!(asked(&eicar()).contains("Wehr.Test.Eicar"), "{}", asked(&eicar()));
    assert!(asked(MARKED_WORD).contains("Wehr.Test.Word"), "{}", asked(MARKED_WORD));
    assert!(asked("nothing in it").contains("OK"), "{}", asked("nothing in it"));
}
