//! What is recorded can be repeated: the same verdict, down to the last header edit.

use crate::{
    clamd::eicar,
    ground::{run, wait_for},
    lab::{HONEST, Lab, SENDER, STRANGER, mail_with_attachment, must_be_taken, plain_mail, send},
};
use std::{fs, path::PathBuf, process::Command};

/// Recorded cases whose message has this mark.
fn cases(lab: &Lab, mark: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(&lab.wehr.records).expect("the folder of records").map(|entry| entry.expect("it").path());
    let has_mark = |folder: &PathBuf| {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read(folder.join("message.eml")).unwrap_or_default();
        !name.starts_with('.') && String::from_utf8_lossy(&text).contains(mark)
    };
    found.filter(has_mark).collect()
}

/// Clean mail, a forged sender and a virus through both doors; the recorded verdicts are met again bit for bit.
pub fn recorded_mails_are_judged_alike_again(lab: &mut Lab) {
    lab.with_filter();
    let mark = "recorded-mail";
    for domain in ["direct.example.org", "filtered.example.org"] {
        let port = if domain.starts_with("direct") { lab.postfix.behind_tcp } else { lab.postfix.plain };
        let to = format!("anna@{domain}");
        must_be_taken(port, &[&to], &plain_mail("anna@example.net", mark));
        send(port, STRANGER, SENDER, &[&to], &plain_mail("anna@example.net", &format!("{mark}-strange")));
        let virus = mail_with_attachment("anna@example.net", &format!("{mark}-virus"), "a.txt", eicar().as_bytes());
        send(port, HONEST, SENDER, &[&to], &virus);
    }
    let folders = wait_for("six recorded cases", || Some(cases(lab, mark)).filter(|found| found.len() >= 6));
    // One recipient who does not consent, and nothing is recorded of a mail.
    let both = ["anna@direct.example.org", "bert@direct.example.org"];
    must_be_taken(lab.postfix.behind_tcp, &both, &plain_mail("anna@example.net", "not-consented"));
    lab.dovecot.wait_for_mail("anna", "not-consented");
    let page = lab.wehr.get("/metrics").expect("the metrics");
    assert!(page.contains("wehr_records_total{result=\"failed\"} 0"), "a record failed");
    for jobs in ["1", "4"] {
        let mut replay = Command::new(env!("CARGO_BIN_EXE_wehr"));
        replay
            .args(["replay", "--json", "--against", "recorded", "--jobs", jobs, "--config"])
            .arg(lab.wehr.configuration());
        let told = run(replay.args(&folders));
        let report: serde_json::Value = serde_json::from_str(told.lines().last().expect("a report")).expect("JSON");
        let against = &report["against"];
        assert_eq!((&against["flips"], &against["other_verdicts"]), (&0.into(), &0.into()), "{told}");
        assert_eq!((&against["same_verdicts"], &against["unknown"]), (&folders.len().into(), &0.into()), "{told}");
        assert_eq!(report["not_recorded"]["mails"], 0, "{told}");
        let refused =
            report["confusion"]["by_action"].as_array().expect("lines").last().expect("reject")["unlabelled"].clone();
        assert!(refused.as_u64() >= Some(2), "{told}");
    }
    assert!(cases(lab, "not-consented").is_empty(), "a mail was recorded without consent");
}
