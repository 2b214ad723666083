//! Packs written: one TOML file a rule file, rules in the order of their lines.
//!
//! Pure and the same for the same rules.

use std::fmt::Write;

/// A rule in our language.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name in our language.
    pub name: String,
    /// Where it stood: file and line.
    pub from: (String, usize),
    pub about: Option<String>,
    /// None for sub-rules.
    pub score: Option<f64>,
    pub hits_max: usize,
    pub bounded: bool,
    /// None for symbols that others read and nothing here reports.
    pub when: Option<String>,
}

/// The name of the pack that a rule file becomes.
#[must_use]
pub fn file_name(rule_file: &str) -> String {
    let stem = rule_file.strip_suffix(".cf").unwrap_or(rule_file);
    let stem: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect();
    format!("{}.toml", stem.to_ascii_lowercase())
}

/// Writes one pack.
#[must_use]
pub fn written(rule_file: &str, rules: &[Rule]) -> String {
    let mut out = format!("# Imported from {rule_file} of SpamAssassin.\n");
    for rule in rules {
        let Rule { name, from, about, score, hits_max, bounded, when } = rule;
        let _ = write!(out, "\n# {}:{}\n[{name}]\n", from.0, from.1);
        if let Some(about) = about {
            let _ = writeln!(out, "about = {}", basic(about));
        }
        if let Some(score) = score {
            let _ = writeln!(out, "score = {}", points(*score));
        }
        if *hits_max > 1 {
            let _ = writeln!(out, "multiple = {hits_max}");
        }
        if *bounded {
            out.push_str("bounded = true\n");
        }
        if let Some(when) = when {
            let _ = writeln!(out, "when = {}", text(&folded(when)));
        }
    }
    out
}

/// Points with one or two decimals: scores are hundredths here.
fn points(score: f64) -> String {
    let text = format!("{score:.2}");
    let text = text.strip_suffix('0').unwrap_or(&text);
    if text == "-0.0" { "0.0".to_owned() } else { text.to_owned() }
}

/// Lines longer than this are broken before `and` and `or` outside of parentheses.
const LINE_CHARACTERS: usize = 110;

/// Breaks a long expression into lines; one that holds a pattern stays as it is.
fn folded(when: &str) -> String {
    if when.len() <= LINE_CHARACTERS || when.contains('~') {
        return when.to_owned();
    }
    let mut out = String::from("\n  ");
    let mut depth = 0_usize;
    for word in when.split(' ') {
        if depth == 0 && matches!(word, "and" | "or") {
            out.push_str("\n  ");
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
        out.push_str(word);
        depth += word.matches('(').count();
        depth = depth.saturating_sub(word.matches(')').count());
    }
    out.push('\n');
    out
}

/// A literal string where the text allows it.
fn text(content: &str) -> String {
    let is_literal = !content.contains("'''")
        && content.chars().all(|character| !character.is_control() || matches!(character, '\n' | '\t'));
    if is_literal {
        // The spaces keep a quote at either end apart from the delimiters.
        if content.ends_with('\n') { format!("'''{content}'''") } else { format!("''' {content} '''") }
    } else {
        basic(content)
    }
}

/// A basic string.
fn basic(content: &str) -> String {
    let mut out = String::from('"');
    for character in content.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            character if character.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_toml_again() {
        let rule = |name: &str, when: &str| Rule {
            name: name.to_owned(),
            from: ("x.cf".to_owned(), 3),
            about: Some("says \"a\\b\" \u{e4}\u{1}".to_owned()),
            score: Some(-0.001),
            hits_max: 5,
            bounded: true,
            when: Some(when.to_owned()),
        };
        let long = format!("{} and (A or B) or C", "A + ".repeat(40));
        let whens = ["body ~ /a'/", "body ~ /'''/", "body ~ /\\\\/", long.as_str()];
        let rules: Vec<Rule> = whens.iter().enumerate().map(|(index, when)| rule(&format!("R{index}"), when)).collect();
        let table: toml::Table = written("x.cf", &rules).parse().unwrap();
        for (index, when) in whens.iter().enumerate() {
            let found = table[&format!("R{index}")]["when"].as_str().unwrap();
            let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(squeeze(found), squeeze(when));
        }
        assert_eq!(table["R0"]["about"].as_str(), Some("says \"a\\b\" \u{e4}\u{1}"));
        assert_eq!((points(-0.001), points(2.499), points(1000.0)), ("0.0".into(), "2.5".into(), "1000.0".into()));
        assert_eq!(file_name("20_Body.tests.cf"), "20_body_tests.toml");
    }
}
