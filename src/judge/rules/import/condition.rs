//! Conditions of rule files: `if (version >= 3.004) && !plugin(X)`, `ifplugin X`, `can(X::y)`.
//!
//! Pure. A recursive descent with a bound on depth; what cannot be read is false, as SpamAssassin has it.

use super::site::{PERL_VERSION, Site, VERSION};

/// Whether the condition holds; `None` where it cannot be read.
#[must_use]
pub fn holds(text: &str, site: &Site) -> Option<bool> {
    let tokens = tokens(text);
    let mut reading = Reading { tokens: &tokens, at: 0, depth: 0, site };
    let value = reading.any()?;
    (reading.at == tokens.len()).then_some(value != 0.0)
}

/// The lexer takes what it knows and passes over the rest, as the original does.
fn tokens(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = length_of_token(rest, first);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if is_token(token) {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

fn is_token(token: &str) -> bool {
    matches!(token, "(" | ")" | "!" | "&&" | "||" | ">" | "<" | ">=" | "<=" | "==" | "!=")
        || token.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, '_' | '.'))
}

fn length_of_token(rest: &str, first: char) -> usize {
    let run = |is: fn(char) -> bool| rest.find(|character| !is(character)).unwrap_or(rest.len());
    if first.is_ascii_digit() || matches!(first, '.' | '+' | '-') {
        return run(|character| character.is_ascii_digit() || matches!(character, '.' | '+' | '-'));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        return run(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | ':'));
    }
    let two = rest.get(..2).unwrap_or_default();
    if matches!(two, "&&" | "||" | ">=" | "<=" | "==" | "!=") { 2 } else { first.len_utf8() }
}

/// Nesting that is followed; no real condition has more than three.
const DEPTH_MAX: usize = 32;

struct Reading<'a> {
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
    site: &'a Site,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let token = self.tokens.get(self.at).copied();
        self.at += usize::from(token.is_some());
        token
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&wanted);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<f64> {
        let mut value = self.all()?;
        while self.take("||") {
            let right = self.all()?;
            value = truth(value != 0.0 || right != 0.0);
        }
        Some(value)
    }

    fn all(&mut self) -> Option<f64> {
        let mut value = self.comparison()?;
        while self.take("&&") {
            let right = self.comparison()?;
            value = truth(value != 0.0 && right != 0.0);
        }
        Some(value)
    }

    #[allow(clippy::float_cmp, reason = "version numbers are compared as written")]
    fn comparison(&mut self) -> Option<f64> {
        let left = self.operand()?;
        let Some(operator) = self.tokens.get(self.at).copied() else { return Some(left) };
        let compare: fn(f64, f64) -> bool = match operator {
            ">" => |left, right| left > right,
            "<" => |left, right| left < right,
            ">=" => |left, right| left >= right,
            "<=" => |left, right| left <= right,
            "==" => |left, right| left == right,
            "!=" => |left, right| left != right,
            _ => return Some(left),
        };
        self.at += 1;
        let right = self.operand()?;
        Some(truth(compare(left, right)))
    }

    fn operand(&mut self) -> Option<f64> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let value = match self.next()? {
            "!" => truth(self.operand()? == 0.0),
            "(" => {
                let value = self.any()?;
                self.take(")").then_some(value)?
            }
            "version" => VERSION,
            "perl_version" => PERL_VERSION,
            "local_tests_only" => truth(self.site.scores == super::site::ScoreSet::Local),
            "plugin" => {
                let name = self.argument()?;
                truth(self.site.has_plugin(name))
            }
            "can" | "has" => {
                let path = self.argument()?;
                truth(self.site.can(path))
            }
            number => number.parse().ok()?,
        };
        self.depth -= 1;
        Some(value)
    }

    fn argument(&mut self) -> Option<&'a str> {
        if !self.take("(") {
            return None;
        }
        let name = self.next()?;
        self.take(")").then_some(name)
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_a_stock_installation() {
        let site = Site::default();
        for (text, expected) in [
            ("(version >= 3.004002)", true),
            ("(version < 4.000000)", false),
            ("!((version >= 3.004000))", false),
            ("plugin(Mail::SpamAssassin::Plugin::MIMEHeader)", true),
            ("plugin (Mail::SpamAssassin::Plugin::TxRep)", false),
            ("!plugin(Mail::SpamAssassin::Plugin::ReplaceTags)", false),
            ("can(Mail::SpamAssassin::Conf::feature_bug6558_free)", true),
            ("!(can(Mail::SpamAssassin::Conf::feature_bug6558_free))", false),
            ("can(Mail::SpamAssassin::Conf::compat_welcomelist_blocklist)", true),
            ("can(Mail::SpamAssassin::Plugin::DecodeShortURLs::has_get)", false),
            ("local_tests_only && (version > 4 || plugin(X))", true),
        ] {
            assert_eq!(holds(text, &site), Some(expected), "{text}");
        }
        assert_eq!(holds("(version >=", &site), None);
        assert_eq!(holds(&"(".repeat(10_000), &site), None);
    }
}
