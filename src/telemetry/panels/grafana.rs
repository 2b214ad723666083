//! Boards in the form of Grafana's dashboard model (schema version 39). Pure.

use super::{Board, Form, Line, Panel, Unit};
use serde_json::{Value, json};

/// Columns of Grafana's grid.
const COLUMNS: usize = 24;

/// The dashboard as Grafana imports it, with a line end.
#[must_use]
pub fn dashboard(board: &Board) -> String {
    let source = json!({ "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus" });
    let instance = json!({
        "name": "instance", "label": "Instance", "type": "query", "datasource": datasource(),
        "query": { "query": "label_values(wehr_build_info, instance)", "refId": "instance" },
        "refresh": 2, "sort": 1, "multi": true, "includeAll": true, "allValue": ".*",
        "current": { "text": "All", "value": "$__all" },
    });
    let board = json!({
        "uid": board.uid, "title": board.title, "description": board.about, "tags": ["wehr"],
        "schemaVersion": 39, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" }, "timezone": "browser",
        "templating": { "list": [source, instance] },
        "links": [{ "title": "Wehr", "type": "dashboards", "tags": ["wehr"], "asDropdown": false,
                    "includeVars": true, "keepTime": true }],
        "panels": panels(board.panels),
    });
    format!("{board:#}\n")
}

/// The panels, left to right, top to bottom.
fn panels(panels: &[Panel]) -> Vec<Value> {
    let (mut left, mut top, mut row) = (0, 0, 0);
    let mut placed = Vec::new();
    for (number, panel) in panels.iter().enumerate() {
        let (width, height) = size(panel.form);
        if left + width > COLUMNS {
            (left, top, row) = (0, top + row, 0);
        }
        let place = json!({ "x": left, "y": top, "w": width, "h": height });
        placed.push(shown(panel, number + 1, &place));
        left += width;
        row = row.max(height);
    }
    placed
}

fn size(form: Form) -> (usize, usize) {
    match form {
        Form::Number => (4, 4),
        Form::Lines | Form::Stacked => (12, 8),
        Form::Table => (24, 10),
    }
}

fn shown(panel: &Panel, number: usize, place: &Value) -> Value {
    let kind = match panel.form {
        Form::Number => "stat",
        Form::Lines | Form::Stacked => "timeseries",
        Form::Table => "table",
    };
    let mut custom = json!({});
    if panel.form == Form::Stacked {
        custom = json!({ "fillOpacity": 40, "stacking": { "mode": "normal", "group": "A" } });
    }
    let letters = ["A", "B", "C", "D", "E", "F"];
    let is_latest = matches!(panel.form, Form::Number | Form::Table);
    let targets: Vec<Value> =
        panel.lines.iter().zip(letters).map(|(line, letter)| target(line, letter, is_latest, panel.form)).collect();
    json!({
        "id": number, "type": kind, "title": panel.title, "description": panel.about, "gridPos": place,
        "datasource": datasource(), "targets": targets,
        "fieldConfig": { "defaults": { "unit": unit(panel.unit), "custom": custom }, "overrides": [] },
        "options": options(panel.form),
    })
}

fn target(line: &Line, letter: &str, is_latest: bool, form: Form) -> Value {
    let format = if form == Form::Table { "table" } else { "time_series" };
    json!({
        "refId": letter, "datasource": datasource(), "expr": line.query, "legendFormat": line.legend,
        "instant": is_latest, "range": !is_latest, "format": format,
    })
}

fn options(form: Form) -> Value {
    match form {
        Form::Number => json!({ "reduceOptions": { "calcs": ["lastNotNull"] }, "colorMode": "value" }),
        Form::Lines | Form::Stacked => json!({ "legend": { "displayMode": "list", "placement": "bottom" } }),
        Form::Table => json!({}),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "short",
        Unit::PerMinute => "cpm",
        Unit::Seconds => "s",
        Unit::Bytes => "bytes",
        Unit::Share => "percentunit",
    }
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::panels::boards;

    #[test]
    fn panels_stand_side_by_side_and_not_upon_each_other() {
        for board in boards::ALL {
            let mut taken = std::collections::BTreeSet::new();
            for panel in panels(board.panels) {
                let edge = |name: &str| panel["gridPos"][name].as_u64().unwrap();
                for column in edge("x")..edge("x") + edge("w") {
                    assert!(column < COLUMNS as u64, "{}: {}", board.title, panel["title"]);
                    for line in edge("y")..edge("y") + edge("h") {
                        assert!(taken.insert((column, line)), "{}: {}", board.title, panel["title"]);
                    }
                }
            }
        }
    }

    #[test]
    fn every_line_of_a_panel_is_kept() {
        for panel in boards::ALL.iter().flat_map(|board| board.panels) {
            let kept = shown(panel, 1, &json!({}))["targets"].as_array().unwrap().len();
            assert_eq!(kept, panel.lines.len(), "{}", panel.title);
        }
    }
}
