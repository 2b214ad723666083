//! Lines of rule files that count: comments, languages, conditions and `include` are dealt with here.
//!
//! Pure: an included file is looked up among the files given.

use super::{
    condition,
    octets::{first_word, is_space, octets},
    site::Site,
};
use crate::limits;
use std::collections::BTreeMap;

/// One setting and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub file: &'a str,
    /// Counts from 1.
    pub number: usize,
    /// Lower case, `_` for `-`.
    pub key: &'a str,
    pub value: &'a str,
}

/// What is odd about a file: `(file, line, what)`.
pub type Oddity = (String, usize, String);

/// Reads files in the order given and hands every line that counts to `take`.
///
/// `take` may change the site: plugins are loaded by lines, too.
pub fn read(files: &[(&str, &[u8])], site: &mut Site, take: &mut dyn FnMut(&Line<'_>, &mut Site)) -> Vec<Oddity> {
    let by_name: BTreeMap<&str, &[u8]> = files.iter().copied().collect();
    let mut reading = Reading { by_name, read: Vec::new(), oddities: Vec::new(), site, take };
    for (name, text) in files {
        reading.file(name, text, 0);
    }
    reading.oddities
}

struct Reading<'a, 'b> {
    by_name: BTreeMap<&'a str, &'a [u8]>,
    /// A file counts once, however often it is named.
    read: Vec<String>,
    oddities: Vec<Oddity>,
    site: &'b mut Site,
    take: &'b mut dyn FnMut(&Line<'_>, &mut Site),
}

/// Open conditions of one file: whether lines were skipped before each, and whether they are now.
#[derive(Default)]
struct Conditions {
    before: Vec<bool>,
    skipping: bool,
}

impl Reading<'_, '_> {
    fn file(&mut self, name: &str, text: &[u8], depth: usize) {
        if depth > limits::IMPORT_INCLUDES_MAX || self.read.iter().any(|read| read == name) {
            return;
        }
        self.read.push(name.to_owned());
        let text = octets(text);
        let mut conditions = Conditions::default();
        for (index, line) in text.split('\n').enumerate() {
            let line = without_comment(line);
            let line = line.trim_matches(is_space);
            let Some(line) = in_our_language(line).filter(|line| !line.is_empty()) else { continue };
            let (key, value) = first_word(line);
            let key = key.to_ascii_lowercase().replace('-', "_");
            let odd = self.line(name, index + 1, (&key, value), &mut conditions, depth);
            if let Some(what) = odd {
                self.oddities.push((name.to_owned(), index + 1, what));
            }
        }
        if !conditions.before.is_empty() {
            self.oddities.push((name.to_owned(), text.lines().count(), "an `if` is not closed".to_owned()));
        }
    }

    /// One line; tells what is odd about it.
    fn line(
        &mut self,
        file: &str,
        number: usize,
        (key, value): (&str, &str),
        open: &mut Conditions,
        depth: usize,
    ) -> Option<String> {
        match key {
            "endif" => match open.before.pop() {
                Some(skipping) => open.skipping = skipping,
                None => return Some("`endif` without `if`".to_owned()),
            },
            "else" if open.before.is_empty() => return Some("`else` without `if`".to_owned()),
            // Blocked further out: stays blocked.
            "else" => open.skipping = open.before.contains(&true) || !open.skipping,
            "if" | "ifplugin" => {
                let text = if key == "if" { value.to_owned() } else { format!("plugin ({value})") };
                let holds = condition::holds(&text, self.site);
                open.before.push(open.skipping);
                open.skipping |= holds != Some(true);
                return holds.is_none().then(|| format!("condition not understood, taken as false: {value}"));
            }
            "include" => {
                // The end of the included file closes all conditions of this one.
                *open = Conditions::default();
                let wanted = value.rsplit('/').next().unwrap_or(value).to_owned();
                match self.by_name.get(wanted.as_str()).copied() {
                    Some(text) => self.file(&wanted, text, depth + 1),
                    None => return Some(format!("included file is not in the folder: {value}")),
                }
            }
            _ if open.skipping => {}
            "require_version" => open.skipping = value != "@@VERSION@@" && value.parse() != Ok(super::site::VERSION),
            "loadplugin" | "tryplugin" => self.site.load(first_word(value).0),
            "enable_compat" => self.site.enable(value),
            _ => (self.take)(&Line { file, number, key, value }, self.site),
        }
        None
    }
}

/// A `#` ends a line unless a backslash stands before it, which is dropped.
fn without_comment(line: &str) -> String {
    let mut previous = ' ';
    let end = line.char_indices().find(|(_, character)| {
        let is_comment = *character == '#' && previous != '\\';
        previous = *character;
        is_comment
    });
    let kept = end.and_then(|(at, _)| line.get(..at)).unwrap_or(line);
    if kept.contains('#') { kept.replace("\\#", "#") } else { kept.to_owned() }
}

/// `lang XX ...` counts where XX begins our language, which is English of the United States.
fn in_our_language(line: &str) -> Option<&str> {
    let Some(rest) = line.strip_prefix("lang").filter(|rest| rest.starts_with(is_space)) else { return Some(line) };
    let (language, rest) = first_word(rest.trim_start_matches(is_space));
    if rest.is_empty() {
        return Some(line);
    }
    "en_us".starts_with(&language.to_ascii_lowercase()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[(&str, &str)]) -> (Vec<String>, Vec<Oddity>) {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let mut found = Vec::new();
        let oddities = read(&files, &mut Site::default(), &mut |line, _| {
            found.push(format!("{}:{} {}={}", line.file, line.number, line.key, line.value));
        });
        (found, oddities)
    }

    #[test]
    fn comments_languages_and_dashes() {
        let text =
            "  report-safe\t 1 # why\nbody A /a\\#b/ #c\nlang de describe A deutsch\nlang en describe A english\n#x\n";
        let (found, oddities) = lines(&[("a", text)]);
        assert_eq!(found, ["a:1 report_safe=1", "a:2 body=A /a#b/", "a:4 describe=A english"]);
        assert!(oddities.is_empty());
    }

    #[test]
    fn conditions_nest_and_else_stays_blocked() {
        let text = "if (version > 5)\n a 1\n if (version > 3)\n  b 1\n else\n  c 1\n endif\nelse\n d 1\nendif\ne 1\n";
        assert_eq!(lines(&[("a", text)]).0, ["a:9 d=1", "a:11 e=1"]);
        let (_, oddities) = lines(&[("a", "endif\nelse\nif (1\n")]);
        assert_eq!(oddities.len(), 4, "{oddities:?}");
    }

    #[test]
    fn plugins_decide() {
        let text = "ifplugin Mail::SpamAssassin::Plugin::X\na 1\nendif\nloadplugin Mail::SpamAssassin::Plugin::X\n\
                    ifplugin Mail::SpamAssassin::Plugin::X\nb 1\nendif\n";
        assert_eq!(lines(&[("a", text)]).0, ["a:6 b=1"]);
    }

    #[test]
    fn includes_once_and_never_round() {
        let (found, oddities) = lines(&[("a", "include b\nx 1\ninclude c\n"), ("b", "y 1\ninclude a\n")]);
        assert_eq!(found, ["b:1 y=1", "a:2 x=1"]);
        assert_eq!(oddities.len(), 1);
    }
}
