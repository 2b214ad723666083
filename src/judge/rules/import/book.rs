//! What the lines of rule files say, gathered by name: tests, scores, flags, descriptions, lists.
//!
//! Pure. A later line replaces an earlier one, as SpamAssassin has it.

use super::{
    expression::{Expression, delimited},
    header::{Ask, HeaderTest, header, mime_header},
    lines::{self, Line, Oddity},
    lists::Lists,
    meta,
    octets::{first_word, is_name, is_space, words},
    site::Site,
    tags::Tags,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a pattern is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Body,
    RawBody,
    Full,
    Uri,
}

/// Where a function is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Header,
    Body,
    RawBody,
    Full,
}

/// What a rule asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    Text(Place, Expression),
    Header(HeaderTest),
    /// Header fields of every part.
    Mime(HeaderTest),
    /// Arithmetic over other rules.
    Meta(String),
    /// A function: its name and the text between the parentheses.
    Eval(Stage, String, String),
    /// A name without a test.
    Empty,
}

/// A rule and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub test: Test,
    pub file: String,
    pub line: usize,
}

/// Everything read.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub rules: BTreeMap<String, Definition>,
    /// All four; a rule without an entry has a score by default.
    pub scores: BTreeMap<String, [f64; 4]>,
    pub flags: BTreeMap<String, String>,
    pub about: BTreeMap<String, String>,
    pub lists: Lists,
    pub oddities: Vec<Oddity>,
    tags: Tags,
    tagged: BTreeSet<String>,
}

/// What a line could not be used for.
type Refused = Result<(), &'static str>;

impl Book {
    /// Reads rule files, `(name, octets)` each, in the order given.
    #[must_use]
    pub fn read(files: &[(&str, &[u8])], site: &mut Site) -> Self {
        let mut book = Self::default();
        let mut refused = Vec::new();
        let mut odd = lines::read(files, site, &mut |line, site| {
            if let Err(why) = book.take(line, site) {
                refused.push((line.file.to_owned(), line.number, format!("{}: {why}", line.key)));
            }
        });
        odd.append(&mut refused);
        book.oddities = odd;
        book.oddities.sort();
        book.replace_tags();
        book
    }

    fn take(&mut self, line: &Line<'_>, site: &Site) -> Refused {
        let plugin = |name: &str| site.has_plugin(&format!("Mail::SpamAssassin::Plugin::{name}"));
        let (name, value) = first_word(line.value);
        match line.key {
            "header" | "body" | "rawbody" | "full" | "uri" | "meta" => {
                let test = test(line.key, value)?;
                self.define(line, name, test)
            }
            "mimeheader" if plugin("MIMEHeader") => self.mime(line, name, value),
            "uri_detail" if plugin("URIDetail") => {
                self.define(line, name, Test::Eval(Stage::Body, "check_uri_detail".to_owned(), String::new()))
            }
            "askdns" if plugin("AskDNS") => self.define(line, name, Test::Empty),
            "reuse" if !self.rules.contains_key(name) => self.define(line, name, Test::Empty),
            "score" => self.score(name, value),
            "tflags" | "describe" => {
                let table = if line.key == "tflags" { &mut self.flags } else { &mut self.about };
                if value.is_empty() {
                    return Err("a name and a text are wanted");
                }
                table.insert(name.to_owned(), value.to_owned());
                Ok(())
            }
            key if key.starts_with("replace_") && plugin("ReplaceTags") => self.tag(key, name, line.value),
            key => {
                self.lists.take(key, line.value, site);
                Ok(())
            }
        }
    }

    fn define(&mut self, line: &Line<'_>, name: &str, test: Test) -> Refused {
        if !is_name(name) {
            return Err("not a name of a rule");
        }
        let definition = Definition { test, file: line.file.to_owned(), line: line.number };
        self.rules.insert(name.to_owned(), definition);
        Ok(())
    }

    fn mime(&mut self, line: &Line<'_>, name: &str, value: &str) -> Refused {
        let test = Test::Mime(mime_header(value)?);
        self.define(line, name, test)
    }

    fn score(&mut self, name: &str, value: &str) -> Refused {
        let mut scores = Vec::new();
        let mut relative = false;
        for word in words(value) {
            let bare = word.strip_prefix('(').and_then(|word| word.strip_suffix(')'));
            relative |= bare.is_some();
            scores.push(number(bare.unwrap_or(word)).ok_or("a score is a number")?);
        }
        let scores: [f64; 4] = match scores.as_slice() {
            [one] => [*one; 4],
            [first, second, third, fourth] => [*first, *second, *third, *fourth],
            _ => return Err("one or four scores are wanted"),
        };
        let before = self.scores.get(name).copied();
        let sum = match (relative, before) {
            (false, _) => scores,
            (true, None) => return Err("there is no score yet that this could add to"),
            (true, Some(before)) => std::array::from_fn(|index| {
                before.get(index).copied().unwrap_or_default() + scores.get(index).copied().unwrap_or_default()
            }),
        };
        self.scores.insert(name.to_owned(), sum);
        Ok(())
    }

    fn tag(&mut self, key: &str, name: &str, value: &str) -> Refused {
        let table = match key {
            "replace_tag" => &mut self.tags.tag,
            "replace_pre" => &mut self.tags.pre,
            "replace_inter" => &mut self.tags.inter,
            "replace_post" => &mut self.tags.post,
            "replace_rules" => {
                self.tagged.extend(words(value).map(str::to_owned));
                return Ok(());
            }
            _ => return Err("only `<` and `>` can enclose tags"),
        };
        let (_, text) = first_word(value);
        if text.is_empty() {
            return Err("a name and a pattern are wanted");
        }
        table.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    /// Tags are replaced when all files are read: a rule may stand before its tags.
    fn replace_tags(&mut self) {
        for name in &self.tagged {
            let Some(definition) = self.rules.get_mut(name) else { continue };
            let (Test::Text(_, expression) | Test::Header(HeaderTest { ask: Ask::Matches { expression, .. }, .. })) =
                &mut definition.test
            else {
                continue;
            };
            // SpamAssassin has the flags before the pattern at this point, so no pattern begins with a tag.
            let Some(replaced) = self.tags.replaced(&format!("(?aa){}", expression.pattern)) else { continue };
            if let Some(pattern) = replaced.strip_prefix("(?aa)") {
                pattern.clone_into(&mut expression.pattern);
            }
        }
    }

    /// The four scores of a rule.
    #[must_use]
    pub fn scores_of(&self, name: &str) -> [f64; 4] {
        let by_default = || {
            let score = if name.starts_with("T_") { 0.01 } else { 1.0 };
            [if self.has_flag(name, "nice") { -score } else { score }; 4]
        };
        self.scores.get(name).copied().unwrap_or_else(by_default)
    }

    /// Whether `tflags` of the rule have the word.
    #[must_use]
    pub fn has_flag(&self, name: &str, flag: &str) -> bool {
        self.flags.get(name).is_some_and(|flags| words(flags).any(|word| word == flag))
    }

    /// The number of hits that are counted: one unless `tflags multiple`.
    #[must_use]
    pub fn hits_max(&self, name: &str) -> usize {
        if !self.has_flag(name, "multiple") {
            return 1;
        }
        let flags = self.flags.get(name).map_or("", String::as_str);
        let bound = words(flags).find_map(|word| word.strip_prefix("maxhits=")?.parse().ok());
        bound.unwrap_or(crate::limits::RULE_HITS_MAX).clamp(1, crate::limits::RULE_HITS_MAX)
    }
}

fn test(key: &str, value: &str) -> Result<Test, &'static str> {
    let stage = match key {
        "header" => Some(Stage::Header),
        "body" => Some(Stage::Body),
        "rawbody" => Some(Stage::RawBody),
        "full" => Some(Stage::Full),
        _ => None,
    };
    let call = value.strip_prefix("eval:").or_else(|| value.strip_prefix("rbleval:").filter(|_| key == "header"));
    if let (Some(stage), Some(call)) = (stage, call) {
        let (function, arguments) = call.split_once('(').ok_or("a function and its arguments are wanted")?;
        let arguments = arguments.trim_end_matches(is_space).strip_suffix(')');
        let arguments = arguments.ok_or("the arguments of the function have no end")?;
        return Ok(Test::Eval(stage, function.to_owned(), arguments.to_owned()));
    }
    match key {
        "header" => header(value).map(Test::Header),
        "meta" if meta::is_valid(value) => Ok(Test::Meta(value.to_owned())),
        "meta" => Err("not arithmetic over rules"),
        _ => {
            let place = match key {
                "body" => Place::Body,
                "rawbody" => Place::RawBody,
                "full" => Place::Full,
                _ => Place::Uri,
            };
            delimited(value).map(|expression| Test::Text(place, expression))
        }
    }
}

/// A decimal number with an optional minus.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && digits.chars().all(|character| character.is_ascii_digit() || character == '.');
    if plain { text.parse().ok() } else { None }
}
