//! What operators do: reload, stop, look at the metrics.

use crate::{
    ground::wait_for,
    lab::{Lab, must_be_taken, plain_mail},
    parts::Part,
    stored::Stored,
    wehr::AUTHSERV_ID,
};
use std::{io::Write, net::TcpStream, process::Stdio, thread, time::Duration};

/// `promtool check metrics` finds nothing to say about the page, after mail has been through.
pub fn metrics_are_clean(lab: &mut Lab) {
    lab.with_filter();
    let mark = "counted";
    must_be_taken(lab.postfix.behind_tcp, &["anna@direct.example.org"], &plain_mail("anna@example.net", mark));
    lab.dovecot.wait_for_mail("anna", mark);
    assert!(lab.wehr.get("/healthz").is_some_and(|page| page.starts_with("HTTP/1.1 200")), "/healthz");
    let page = lab.wehr.get("/metrics").expect("the metrics page");
    let (head, body) = page.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut promtool = Part::Promtool.command();
    let mut child = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    child.stdin.take().expect("a pipe").write_all(body.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(output.status.success() && words.trim().is_empty(), "{}: {words}", output.status);
    let value = |series: &str| {
        let line = body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series}")).to_owned()
    };
    assert_ne!(value("wehr_mails_total{action=\"accept\",door=\"milter\"}"), "0");
    assert_eq!(value("wehr_dependency_up{dependency=\"clamd\"}"), "1");
    assert_eq!(value("wehr_dependency_up{dependency=\"dns\"}"), "1");
}

/// SIGHUP: the new file counts from the next mail on; a broken one changes nothing.
pub fn reload(lab: &mut Lab) {
    lab.with_filter();
    let mut number = 0;
    let mut results_of_next_mail = |lab: &Lab| {
        number += 1;
        let mark = format!("reload-{number:03}");
        must_be_taken(lab.postfix.behind_tcp, &["carla@direct.example.org"], &plain_mail("anna@example.net", &mark));
        let stored = Stored::read(&lab.dovecot.wait_for_mail("carla", &mark));
        stored.values("Authentication-Results").first().expect("Authentication-Results").trim().to_owned()
    };
    lab.wehr.configure("renamed.example.org");
    lab.wehr.process().signal("HUP");
    wait_for("the new name in Authentication-Results", || {
        results_of_next_mail(lab).starts_with("renamed.example.org").then_some(())
    });
    lab.wehr.break_configuration();
    lab.wehr.process().signal("HUP");
    wait_for("the complaint about the broken file", || lab.wehr.log().contains("no_such_key").then_some(()));
    assert!(results_of_next_mail(lab).starts_with("renamed.example.org"), "a broken file changed something");
    lab.wehr.configure(AUTHSERV_ID);
    lab.wehr.process().signal("HUP");
    wait_for("the old name again", || results_of_next_mail(lab).starts_with(AUTHSERV_ID).then_some(()));
}

/// SIGTERM: no new mail, but the one under way gets its verdict and its mailbox; then the exit code is 0.
pub fn drains(lab: &mut Lab) {
    lab.with_filter();
    let mark = "drained";
    lab.clamd.process().signal("STOP");
    must_be_taken(lab.postfix.plain, &["anna@filtered.example.org"], &plain_mail("anna@example.net", mark));
    wait_for("the filter to hold a mail", || {
        let page = lab.wehr.get("/metrics")?;
        page.lines().any(|line| line.starts_with("wehr_mails_open ") && !line.ends_with(" 0")).then_some(())
    });
    lab.wehr.process().signal("TERM");
    let lmtp = lab.wehr.lmtp;
    wait_for("the LMTP door to close", || TcpStream::connect(lmtp).is_err().then_some(()));
    thread::sleep(Duration::from_millis(200));
    lab.wehr.process().must_run();
    lab.clamd.process().signal("CONT");
    let status = lab.wehr.process().wait(Duration::from_secs(60));
    assert!(status.success(), "the filter ended with {status}");
    lab.dovecot.wait_for_mail("anna", mark);
    lab.postfix.wait_for_fate(mark, "status=sent");
    let fates = lab.postfix.fates(mark);
    assert_eq!(fates.len(), 1, "the mail took more than one try: {fates:#?}");
    lab.wehr.start();
}
