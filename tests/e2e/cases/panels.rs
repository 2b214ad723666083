//! Dashboards and alerts over a real Prometheus that scrapes the filter.

use crate::{
    ground::{run, wait_for},
    lab::{Lab, must_be_taken, plain_mail},
    prometheus::Prometheus,
};
use serde_json::Value;
use std::{fs, process::Command};

/// Prometheus takes the rules and answers the query of every panel; after a mail the books balance.
pub fn prometheus_takes_dashboards_and_alerts(lab: &mut Lab) {
    lab.with_filter();
    let folder = lab.ground.subfolder("dashboards");
    let files = run(Command::new(env!("CARGO_BIN_EXE_wehr")).arg("dashboards").arg("-o").arg(&folder));
    let prometheus = Prometheus::start(&lab.ground, lab.wehr.http, &folder.join("wehr.rules.yml"));
    let mark = "balanced";
    must_be_taken(lab.postfix.plain, &["anna@filtered.example.org"], &plain_mail("anna@example.net", mark));
    lab.dovecot.wait_for_mail("anna", mark);
    wait_for("the delivery to be scraped", || {
        let delivered = prometheus.query("wehr_deliveries_total{class=\"2xx\"} > 0").expect("a query");
        (!delivered.is_empty()).then_some(())
    });
    let mut queries = 0;
    for file in files.lines().filter(|file| !file.contains(".rules.")) {
        let board: Value = serde_json::from_slice(&fs::read(file).expect("a dashboard")).expect("JSON");
        for panel in board["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().expect("targets") {
                let query = target["expr"].as_str().expect("a query");
                let query = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
                if let Err(told) = prometheus.query(&query) {
                    panic!("{}: {}: {query}: {told}", board["title"], panel["title"]);
                }
                queries += 1;
            }
        }
    }
    assert!(queries > 30, "only {queries} queries were found");
    wait_for("every alert to be evaluated", || {
        let rules = prometheus.api("/api/v1/rules").expect("the rules");
        let rules = rules["groups"][0]["rules"].as_array().expect("one group").clone();
        assert!(rules.iter().all(|rule| rule["health"] != "err"), "{rules:#?}");
        rules.iter().all(|rule| rule["health"] == "ok").then_some(())
    });
    for name in ["WehrBalance", "WehrDeliveryBalance"] {
        let alerts = prometheus.query(&format!("ALERTS{{alertname=\"{name}\", alertstate=\"firing\"}}"));
        assert_eq!(alerts, Ok(Vec::new()), "{name}");
    }
    wait_for("the books to balance", || {
        let unaccounted = prometheus.query(
            "sum(wehr_mails_begun_total) - sum(wehr_mails_total) - sum(wehr_refused_early_total) \
             - sum(wehr_aborted_total) - sum(wehr_mails_open)",
        );
        (unaccounted.expect("a query")[0]["value"][1] == "0").then_some(())
    });
}
