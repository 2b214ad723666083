//! Classes of recipients that take signed or encrypted mail only.

use crate::{
    house::{ANNA, has, judge, now, rulebook, symbols},
    smime::Authority,
};
use wehr::judge::policy::verdict::Action;

const POLICY: &str = "link = 'https://schule.example/mail'\n\
    [[class]]\nname = 'examinations'\nrecipients = ['exam@schule.example']\ncontent = 'signed'\nsigners = ['@schule.example']\n\
    [[class]]\nname = 'data protection'\nrecipients = ['dpo@schule.example']\ncontent = 'encrypted'\n\
    [[class]]\nname = 'council'\nrecipients = ['council@schule.example']\ncontent = 'signed_or_encrypted'\nsigned_refused = 'quarantine'\n";

#[test]
fn each_class_gets_what_it_takes() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    house.signer("anna", "ec:P-256", "root", ANNA);
    house.signer("guest", "ec:P-256", "root", "guest@other.example");
    let rulebook = rulebook(Some(house.path().join("root.pem")), None, Some(POLICY));
    let plain = format!(
        "From: {ANNA}\r\nTo: all@schule.example\r\nSubject: s\r\nMessage-ID: <a@schule.example>\r\n\r\nwords\r\n"
    );
    let signed = house.mail("anna", "");
    let foreign = house.mail_from("guest", "", "guest@other.example");
    let words = format!("cms -encrypt -aes256 -in body.txt -from {ANNA} -to all@schule.example -subject s anna.pem");
    let encrypted = crate::house::must(house.path(), "openssl", &words);
    for (to, mail, refused) in [
        (
            "exam",
            plain.as_bytes(),
            Some("550 5.7.1 only signed mail is accepted here, see https://schule.example/mail (ref "),
        ),
        ("exam", &signed, None),
        ("exam", &foreign, Some("550 5.7.1 only signed")),
        ("exam+x", plain.as_bytes(), Some("550 5.7.1 only signed")),
        ("exam", &encrypted, Some("550 5.7.1 only signed")),
        ("dpo", plain.as_bytes(), Some("550 5.7.10 only encrypted mail is accepted here")),
        ("dpo", &signed, Some("550 5.7.10 only encrypted")),
        ("dpo", &encrypted, None),
        ("council", &signed, None),
        ("council", &encrypted, None),
        ("anybody", plain.as_bytes(), None),
    ] {
        let verdict = judge(&rulebook, mail, &format!("{to}@schule.example"), now());
        let outcome = &verdict.outcomes[0];
        assert_eq!(symbols(&verdict).contains(&"POLICY_CONTENT"), refused.is_some(), "{to}");
        match refused {
            Some(start) => assert!(outcome.reply.to_string().starts_with(start), "{to}: {}", outcome.reply),
            None => assert_ne!(outcome.action, Action::Reject, "{to}: {}", outcome.reply),
        }
    }
    let verdict = judge(&rulebook, plain.as_bytes(), "council@schule.example", now());
    assert_eq!(verdict.outcomes[0].action, Action::Quarantine);
}

/// The blocks of the manual, in order: configuration, rule, policy.
#[test]
fn the_manual_is_right() {
    let manual = include_str!("../../docs/encryption.md");
    let signed = manual.split("## Signed mail").nth(1).unwrap();
    let blocks: Vec<&str> = signed.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [config, rule, policy] = blocks[..3] else { panic!("{} blocks", blocks.len()) };
    let folder = tempfile::tempdir().unwrap();
    let name = |part: &str| folder.path().join(part).display().to_string();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/trust/authorities.pem"), name("authorities.pem"))
        .unwrap();
    let config =
        config.replace("/etc/wehr/authorities.pem", &name("authorities.pem")).replace("/etc/wehr/keys", &name("keys"));
    let config = format!("{config}\n[policy]\nencryption = '{}'\n", name("policy.toml"));
    std::fs::write(name("policy.toml"), policy).unwrap();
    std::fs::write(name("wehr.toml"), config).unwrap();
    let settings = wehr::config::Settings::load(Some(std::path::Path::new(&name("wehr.toml")))).unwrap();
    let found = settings.rulebook().unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((found.auth.trust.anchors().len(), found.encryption.classes.len()), (1, 2));
    assert_ne!(found.digest, rulebook(None, None, Some(policy)).digest);
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(name("rules/own.toml"), rule).unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_wehr"))
        .args(["rules", "check", "--rules", &name("rules")])
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
}
