//! Dashboards and alerts over our own series: what is shown, when somebody is woken, and what to do then. Pure.
//!
//! `boards` and `alerts` are data; `grafana` and `rules` write them in the form that Grafana and Prometheus read.

pub mod alerts;
pub mod boards;
pub mod grafana;
pub mod rules;

/// One dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Grafana's identifier, and the name of its file.
    pub uid: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub panels: &'static [Panel],
}

/// One panel of a dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    pub title: &'static str,
    /// What it tells, and what to look for.
    pub about: &'static str,
    pub form: Form,
    pub unit: Unit,
    pub lines: &'static [Line],
}

/// One query of a panel.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// PromQL; `$instance` and `$__rate_interval` are Grafana's to fill in.
    pub query: &'static str,
    /// Grafana's name for each of its series, for example `{{action}}`.
    pub legend: &'static str,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The latest value, large.
    Number,
    /// Lines over time.
    Lines,
    /// Areas over time, one upon the other.
    Stacked,
    /// The latest values, one row a series.
    Table,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    PerMinute,
    Seconds,
    Bytes,
    /// 0 to 1.
    Share,
}

/// One alert.
#[derive(Clone, Copy, Debug)]
pub struct Alert {
    pub name: &'static str,
    /// PromQL that has a value while something is wrong.
    pub query: &'static str,
    /// How long it has to last, in Prometheus' spelling.
    pub lasting: &'static str,
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    /// What to look at, and what to do.
    pub runbook: &'static str,
}

/// Who has to hear of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Now: mail waits, or a protection is gone.
    Critical,
    /// Today.
    Warning,
}

impl Severity {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// Every file, with its name: a dashboard each, and the alerts.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        boards::ALL.iter().map(|board| (format!("{}.json", board.uid), grafana::dashboard(board))).collect();
    files.push(("wehr.rules.yml".to_owned(), rules::file(alerts::ALL)));
    files
}
