//! Plots as SVG: the histogram of scores, and the ROC curve.
//!
//! Pure. Colours and fonts stand in the page's style.

use super::{
    report::Levels,
    sweep::{Bar, Point, float},
};
use std::fmt::Write as _;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 46.0;
/// Decades of the share of ham: from 0.01 % to 100 %.
const DECADES: f64 = 4.0;

/// A place on the plot from shares of its width and height, the latter counted from below.
fn place(across: f64, up: f64) -> (f64, f64) {
    (LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))
}

/// The frame of a plot with its name for those who do not see it.
fn framed(title: &str, inner: &str) -> String {
    let ((left, bottom), (right, top)) = (place(0.0, 0.0), place(1.0, 1.0));
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">{inner}\
         <path class=\"axis\" fill=\"none\" d=\"M{left:.1} {top:.1}V{bottom:.1}H{right:.1}\"/></svg>"
    )
}

fn label(out: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    // Writing into a String cannot fail.
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn line(out: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = write!(out, "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
}

/// Which mails of a bar are counted.
type Count = fn(&Bar) -> u64;

/// Bars of ham and unwanted mail side by side, each as a share of its class; thresholds as broken lines.
#[must_use]
pub fn histogram(bars: &[Bar], levels: &Levels) -> String {
    let mut out = String::new();
    let sum = |of: Count| bars.iter().map(of).sum::<u64>().max(1);
    let classes: [(&str, Count); 3] =
        [("ham", |bar| bar.ham), ("unwanted", |bar| bar.unwanted), ("unlabelled", |bar| bar.unlabelled)];
    let shown: Vec<_> = classes.into_iter().filter(|(_, of)| bars.iter().any(|bar| of(bar) > 0)).collect();
    let share = |of: Count, bar: &Bar| float(of(bar)) / float(sum(of));
    let highest = bars.iter().flat_map(|bar| shown.iter().map(move |(_, of)| share(*of, bar))).fold(0.01, f64::max);
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        line(&mut out, "grid", place(0.0, quarter), place(1.0, quarter));
        let (x, y) = place(0.0, quarter);
        label(&mut out, (x - 6.0, y + 4.0), "end", &format!("{:.0} %", highest * quarter * 100.0));
    }
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return framed("No scores", &out) };
    let across = |points: f64| (points - first.from) / (last.to - first.from);
    let lanes = shown.iter().fold(0.0, |lanes, _| lanes + 1.0_f64).max(1.0);
    let width = across(first.to) / lanes * 0.9;
    for bar in bars {
        let mut lane = across(bar.from) + width * 0.05;
        for (class, of) in &shown {
            let part = share(*of, bar);
            let ((x, y), (right, bottom)) = (place(lane, part / highest), place(lane + width, 0.0));
            lane += width;
            if part > 0.0 {
                let (across, up) = (right - x, bottom - y);
                let _ = write!(
                    out,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{across:.1}\" height=\"{up:.1}\">\
                     <title>{:.0} to {:.0} points: {} {class} mails</title></rect>",
                    bar.from,
                    bar.to,
                    of(bar),
                );
            }
        }
    }
    let step = ((last.to - first.from) / 10.0).ceil().max(1.0);
    // Adding nothing makes a negative zero a plain one.
    let mut tick = (first.from / step).ceil() * step + 0.0;
    while tick <= last.to {
        let (x, y) = place(across(tick), 0.0);
        label(&mut out, (x, y + 16.0), "middle", &format!("{tick:.0}"));
        tick += step;
    }
    for (name, points) in [("tag", levels.tag), ("quarantine", levels.quarantine), ("reject", levels.reject)] {
        if (first.from..=last.to).contains(&points) {
            line(&mut out, "mark", place(across(points), 0.0), place(across(points), 1.0));
            let (x, y) = place(across(points), 1.0);
            label(&mut out, (x, y - 6.0), "middle", name);
        }
    }
    label(&mut out, (WIDTH / 2.0, HEIGHT - 8.0), "middle", "score in points");
    framed("Histogram of scores: share of each class by score", &out)
}

/// Share of unwanted mail caught over the share of ham caught with it, the latter by powers of ten.
#[must_use]
pub fn roc(points: &[Point], tag: Option<&Point>) -> String {
    let mut out = String::new();
    let across = |rate: f64| if rate <= 0.0 { 0.0 } else { ((rate.log10() + DECADES) / DECADES).clamp(0.0, 1.0) };
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        line(&mut out, "grid", place(0.0, quarter), place(1.0, quarter));
        let (x, y) = place(0.0, quarter);
        label(&mut out, (x - 6.0, y + 4.0), "end", &format!("{:.0} %", quarter * 100.0));
    }
    for (rate, name) in [(1e-4, "0.01 % or less"), (1e-3, "0.1 %"), (1e-2, "1 %"), (1e-1, "10 %"), (1.0, "100 %")] {
        line(&mut out, "grid", place(across(rate), 0.0), place(across(rate), 1.0));
        let (x, y) = place(across(rate), 0.0);
        let anchor = if rate < 2e-4 {
            "start"
        } else if rate > 0.5 {
            "end"
        } else {
            "middle"
        };
        label(&mut out, (x, y + 16.0), anchor, name);
    }
    let mut path = String::new();
    let mut last = 0.0;
    for point in points {
        let (x, y) = place(across(point.ham_rate), point.catch_rate);
        let (_, before) = place(0.0, last);
        // A step: between two thresholds there is none.
        let _ =
            if path.is_empty() { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "L{x:.1} {before:.1}V{y:.1}") };
        last = point.catch_rate;
    }
    let _ = write!(out, "<path class=\"curve\" d=\"{path}\"/>");
    if let Some(point) = tag {
        let (x, y) = place(across(point.ham_rate), point.catch_rate);
        let _ = write!(out, "<circle class=\"unwanted\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>");
        let (anchor, beside) = if x > WIDTH / 2.0 { ("end", x - 9.0) } else { ("start", x + 9.0) };
        label(&mut out, (beside, y + 18.0), anchor, "tag threshold");
    }
    label(&mut out, (WIDTH / 2.0, HEIGHT - 8.0), "middle", "ham at or above the threshold");
    framed("ROC curve: unwanted mail caught over ham caught", &out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::sweep::Scores;
    use crate::{judge::findings::Score, replay::label::Label};

    #[test]
    fn plots_stay_inside_their_frame() {
        let mut scores = Scores::default();
        for (label, score) in [(Label::Ham, -200), (Label::Ham, 700), (Label::Spam, 650), (Label::Phish, 99_900)] {
            scores.add(label, Score::from_hundredths(score));
        }
        let levels = Levels { tag: 6.0, quarantine: 10.0, reject: 15.0 };
        let sweep = scores.sweep();
        for plot in [histogram(&scores.histogram(), &levels), roc(&sweep.points, sweep.points.first())] {
            assert!(plot.starts_with("<svg") && plot.ends_with("</svg>") && !plot.contains("NaN"), "{plot}");
            assert!(!plot.contains("x=\"-") && !plot.contains("y=\"-"), "{plot}");
        }
        assert!(histogram(&[], &levels).contains("No scores") && !roc(&[], None).contains("NaN"));
    }
}
