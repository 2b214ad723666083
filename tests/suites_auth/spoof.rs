//! Spoofing: published attacks on what readers see, and thousands of broken From fields.

use crate::{Tally, bytes, json, lines, mail, zone::Zone};
use wehr::{
    judge::{
        auth::{self, Authentication, Settings, Word},
        checks::{self, evidence::Evidence},
        facts::{Facts, Reading},
        findings::Symbol,
        foresee::foresee,
        policy::{
            self,
            classes::Classes,
            encryption::Encryption,
            verdict::{Action, Verdict},
        },
        rulebook::{Rulebook, Thresholds},
        rules::{Rule, ruleset::Ruleset},
    },
    mail::{Mail, address::Address},
};

/// The day the signatures of the suite were made.
const NOW: i64 = 1_795_310_000;

/// The rules that are built in; only the authentication check is run with them.
fn rulebook() -> Rulebook {
    Rulebook {
        auth: Settings::default(),
        own_domains: Vec::new(),
        thresholds: Thresholds::default(),
        rules: Ruleset::embedded(&[]).unwrap(),
        classes: Classes::embedded(),
        encryption: Encryption::default(),
        senders: policy::senders::Senders::default(),
        learned: None,
        digest: String::new(),
    }
}

fn judge(mail: &Mail, zone: &Zone, rulebook: &Rulebook) -> (Authentication, Verdict) {
    let (authentication, _) = zone.authenticate(mail, &rulebook.auth);
    let facts = Facts::default();
    let reading = Reading::of(&facts);
    let evidence = Evidence::new(mail, &reading, rulebook, Ok(&authentication));
    let findings = (checks::authentication::CHECK.run)(&evidence).unwrap();
    let verdict = policy::decide(mail, &facts, findings, authentication.clone(), rulebook);
    (authentication, verdict)
}

#[test]
fn every_symbol_has_a_rule_and_back() {
    let rulebook = rulebook();
    let declared: Vec<&str> = checks::authentication::CHECK.symbols.iter().map(Symbol::as_str).collect();
    for symbol in &declared {
        assert!(rulebook.rules.table.contains_key(&Symbol::named(symbol)), "{symbol} has no rule");
    }
    let of_pack = |rule: &Rule| rule.position.file == "authentication.toml" && rule.when.is_empty();
    for (symbol, _) in rulebook.rules.table.iter().filter(|(_, rule)| of_pack(rule)) {
        assert!(declared.contains(&symbol.as_str()), "{symbol} is no symbol");
    }
}

#[test]
fn cases() {
    let zone = Zone::by_type(&json("spoof/zone.json"));
    let rulebook = rulebook();
    let cases = lines("spoof/cases.jsonl");
    let mut tally = Tally::new(&[]);
    for case in &cases {
        let name = case["id"].as_str().unwrap();
        let envelope = |key: &str| case["envelope"][key].as_str().unwrap();
        let mut message = mail(bytes(&format!("spoof/{}", case["file"].as_str().unwrap())), NOW);
        message.client.address = Some(envelope("client_ip").parse().unwrap());
        message.client.helo = Some(envelope("helo").to_owned());
        message.envelope.sender = Address::new(envelope("mail_from"));
        message.envelope.recipients = vec![Address::new(envelope("rcpt_to"))];
        let (authentication, verdict) = judge(&message, &zone, &rulebook);
        let head = Some(&message.message.head);
        let foreseen = foresee(&message.client, &message.envelope, head, &rulebook);
        let (_, asked) = zone.authenticate(&message, &rulebook.auth);
        assert!(!foreseen.is_empty() && foreseen.is_subset(&asked), "{name}: {foreseen:?} beyond {asked:?}");
        let action = verdict.for_message().action;
        let has_passed = authentication.dkim.iter().any(|dkim| dkim.result == Word::Pass);
        let dmarc = authentication.dmarc.result;
        let is_right = match name {
            "control/legit" => {
                action == Action::Accept && has_passed && dmarc == Word::Pass && authentication.spf.result == Word::Pass
            }
            "control/list" => action == Action::Accept && dmarc == Word::Pass,
            name if name.starts_with("replay/") => !has_passed && dmarc != Word::Pass && action >= Action::Quarantine,
            _ => !matches!(dmarc, Word::Pass | Word::None) && action >= Action::Quarantine,
        };
        let symbols: Vec<&str> = verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect();
        tally.case(name, is_right, format!("{action} {dmarc:?} {symbols:?}"));
    }
    tally.finish(cases.len());
}

/// The domains of every `x@domain` that stands anywhere, comments and quotes or not.
fn lenient_domains(line: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let pieces = line.split('@').skip(1);
    pieces
        .map(|piece| piece.chars().take_while(|letter| is_part(*letter)).collect::<String>())
        .filter(|d| d.contains('.'))
        .collect()
}

#[test]
fn broken_from_fields() {
    let zone = Zone::by_type(&json("spoof/zone.json"));
    let rulebook = rulebook();
    let template = String::from_utf8(bytes("spoof/msg/control_list.eml")).unwrap();
    let place = template.lines().find(|line| line.starts_with("From:")).unwrap();
    let suite = json("spoof/from-fuzz.json");
    let lines = suite["from_headers_latin1"].as_array().unwrap();
    let mut tally = Tally::new(&[]);
    for (number, line) in lines.iter().enumerate() {
        let line = line.as_str().unwrap();
        let ended = if line.ends_with("\r\n") { line.to_owned() } else { format!("{line}\r\n") };
        // Characters up to U+00FF stand for octets; the few others for themselves.
        let ended: Vec<u8> = ended
            .chars()
            .flat_map(|letter| {
                u8::try_from(u32::from(letter)).map_or_else(|_| letter.to_string().into_bytes(), |byte| vec![byte])
            })
            .collect();
        let (before, after) = template.split_once(&format!("{place}\r\n")).unwrap();
        let raw = [before.as_bytes(), &ended, after.as_bytes()].concat();
        let mut message = mail(raw, NOW);
        message.client.address = Some("203.0.113.66".parse().unwrap());
        message.client.helo = Some("attack.com".to_owned());
        message.envelope.sender = Address::new("<any@attack.com>");
        let (authentication, verdict) = judge(&message, &zone, &rulebook);
        let reported: Vec<&str> =
            authentication.dmarc.author_domains.iter().map(wehr::mail::address::Domain::as_str).collect();
        let is_kept_back = verdict.for_message().action >= Action::Quarantine;
        let wanted = lenient_domains(line);
        let is_complete = wanted.iter().all(|domain| reported.contains(&domain.as_str()));
        let is_right = authentication.dmarc.result != Word::Pass && (is_kept_back || is_complete);
        tally.case(&format!("{number}"), is_right, format!("{line:?} {reported:?} {:?}", authentication.dmarc.result));
    }
    tally.finish(lines.len());
}

/// SPF of the HELO name may stand in for a null sender, never beside a MAIL FROM of another domain.
#[test]
fn helo_does_not_stand_for_mail_from() {
    let zone = Zone::by_type(&json("spoof/zone.json"));
    let mut message = mail("From: <admin@legitimate.com>\r\n\r\n", NOW);
    message.client.address = Some("198.51.100.10".parse().unwrap());
    message.client.helo = Some("legitimate.com".to_owned());
    message.envelope.sender = Address::new("<any@attack.com>");
    let (authentication, _) = zone.authenticate(&message, &Settings::default());
    assert_eq!(authentication.spf_helo.result, Word::Pass);
    assert_eq!(authentication.dmarc.result, Word::Fail);
    message.envelope.sender = Address::new("<>");
    let (authentication, _) = zone.authenticate(&message, &Settings::default());
    assert_eq!(authentication.dmarc.result, Word::Pass);
    assert!(auth::judged_address(&message.client).is_some());
}
