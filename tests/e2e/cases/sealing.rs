//! Mail that is sealed to its recipient: deferred without key, then read back from the mailstore with foreign tools.

use crate::{
    dovecot::contains,
    ground::{run, set_mode},
    lab::{Lab, large_mail, must_be_taken, plain_mail},
    parts::Part,
    stored::body_of,
};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// What opens a sealed mail.
type Opening<'a> = &'a dyn Fn(&Path) -> Vec<u8>;

pub fn read_back(lab: &mut Lab) {
    lab.with_filter();
    let folder = lab.ground.subfolder("seal");
    let early = plain_mail("anna@example.net", "seal-early");
    must_be_taken(lab.postfix.plain, &["sara@filtered.example.org"], &early);
    lab.postfix.wait_for_fate("seal-early", "451 4.7.5");
    // From here on both have keys; the filter finds them by looking.
    let (certificate, key) = (lab.wehr.keys.join("sara@filtered.example.org.pem"), folder.join("sara.key"));
    let mut openssl = Part::Openssl.command();
    openssl.args(["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30", "-subj", "/CN=Sara"]);
    openssl.args(["-addext", "subjectAltName=email:sara@filtered.example.org", "-keyout"]);
    run(openssl.arg(&key).arg("-out").arg(&certificate));
    let home = folder.join("gnupg");
    fs::create_dir(&home).expect("a folder for GnuPG");
    set_mode(&home, 0o700);
    let gpg = || {
        let mut gpg = Part::Gpg.command();
        gpg.arg("--homedir").arg(&home).args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]);
        gpg
    };
    run(gpg().args(["--quick-gen-key", "Paul <paul@filtered.example.org>", "future-default", "default", "30d"]));
    run(gpg().args(["--armor", "--export", "--output"]).arg(lab.wehr.keys.join("paul@filtered.example.org.asc")));
    lab.wehr.log_lines_with("\"reloaded\"");
    let with_openssl = |sealed: &Path| {
        let mut openssl = Part::Openssl.command();
        openssl.args(["cms", "-decrypt", "-binary", "-recip"]).arg(&certificate).arg("-inkey").arg(&key);
        output(openssl.arg("-in").arg(sealed))
    };
    let with_gnupg = |sealed: &Path| {
        let text = fs::read_to_string(sealed).expect("a sealed mail is ASCII");
        let start = text.find("-----BEGIN PGP MESSAGE-----").expect("an armoured message");
        let end = text.find("-----END PGP MESSAGE-----").expect("the end of the message");
        let message = folder.join("message.asc");
        fs::write(&message, format!("{}-----END PGP MESSAGE-----\n", &text[start..end]))
            .expect("the message in a file");
        output(gpg().arg("--decrypt").arg(&message))
    };
    lab.postfix.flush();
    read(lab, &folder, "sara", "seal-early", &early, &with_openssl);
    for (mailbox, opening) in [("sara", &with_openssl as Opening<'_>), ("paul", &with_gnupg)] {
        let small = format!("seal-small-{mailbox}");
        let large = format!("seal-large-{mailbox}");
        for (mark, mail) in [
            (&small, plain_mail("anna@example.net", &small)),
            (&large, large_mail("anna@example.net", &large, 2 << 20)),
        ] {
            let recipient = format!("{mailbox}@filtered.example.org");
            // A neighbour whose mail is not sealed gets it as it came.
            must_be_taken(lab.postfix.plain, &["bert@filtered.example.org", &recipient], &mail);
            read(lab, &folder, mailbox, mark, &mail, opening);
            assert!(contains(&lab.dovecot.wait_for_mail("bert", mark), b"About seal-"), "{mark}");
        }
    }
    let _ = Command::new("gpgconf").arg("--homedir").arg(&home).args(["--kill", "all"]).output();
}

/// The stored mail hides its subject and content, and opened it is what was sent.
fn read(lab: &Lab, folder: &Path, mailbox: &str, mark: &str, mail: &[u8], opening: Opening<'_>) {
    let stored = lab.dovecot.wait_for_mail(mailbox, mark);
    assert!(!contains(&stored, b"About seal-") && !contains(&stored, b"Line 1"), "{mark} can be read");
    for kept in [&b"X-Wehr-Verdict:"[..], b"Authentication-Results:", b"Subject: [...]", b"Message-ID:"] {
        assert!(contains(&stored, kept), "{mark} lacks {}", String::from_utf8_lossy(kept));
    }
    let file = folder.join(format!("{mark}.eml"));
    fs::write(&file, &stored).expect("the mail in a file");
    let inside = opening(&file);
    assert!(contains(&inside, format!("Subject: About {mark}").as_bytes()), "{mark} lost its subject");
    assert!(body_of(&inside) == body_of(mail), "{mark} is not byte for byte what was sent");
}

/// What a command prints, octet for octet.
fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("a reader starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
