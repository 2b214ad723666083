//! What the dashboards show: one file a dashboard. Pure data.

pub mod coverage;
pub mod dependencies;
pub mod encryption;
pub mod judging;
pub mod mail;
pub mod overview;

use super::{Board, Line};

/// All dashboards, as Grafana's list should have them.
pub const ALL: &[Board] = &[
    overview::OVERVIEW,
    mail::MAIL,
    judging::JUDGING,
    dependencies::DEPENDENCIES,
    coverage::COVERAGE,
    encryption::ENCRYPTION,
];

const fn line(legend: &'static str, query: &'static str) -> Line {
    Line { query, legend }
}
