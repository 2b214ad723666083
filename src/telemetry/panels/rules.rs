//! Alerts in the form of a Prometheus rule file. Pure.

use super::Alert;
use std::fmt::Write as _;

/// A rule file with one group.
#[must_use]
pub fn file(alerts: &[Alert]) -> String {
    let mut text = String::from(
        "# Written by `wehr dashboards`; edit a copy.\n\
         # https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/\n\
         groups:\n  - name: wehr\n    rules:\n",
    );
    for alert in alerts {
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        \
             annotations:\n          summary: {}\n          runbook: {}\n",
            alert.name,
            quoted(alert.query),
            alert.lasting,
            alert.severity.word(),
            quoted(alert.summary),
            quoted(alert.runbook),
        );
    }
    text
}

/// A YAML scalar in single quotes (YAML 1.2, 7.3.2).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a'b: \"c\""), "'a''b: \"c\"'");
    }
}
