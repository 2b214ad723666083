//! What recipients are told, in German and English; a line a sentence, in files beside this one.
//!
//! Pure.

/// A language that recipients are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    German,
    English,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::German, Self::English];

    /// The tag of RFC 5646.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// The language of a tag.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let main = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(main))
    }

    /// What a browser would rather read (RFC 9110 12.5.4); `otherwise` where it names neither.
    #[must_use]
    pub fn accepted(field: &str, otherwise: Self) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for range in field.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let language = parts.next().and_then(Self::parse);
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
            if let Some(language) = language.filter(|_| weight > best.map_or(0, |(most, _)| most)) {
                best = Some((weight, language));
            }
        }
        best.map_or(otherwise, |(_, language)| language)
    }

    fn text(self) -> &'static str {
        match self {
            Self::German => include_str!("words/de.txt"),
            Self::English => include_str!("words/en.txt"),
        }
    }
}

fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let fraction: u32 = digits.parse().unwrap_or_default();
    whole.parse::<u32>().unwrap_or_default().min(1).saturating_mul(1000).saturating_add(fraction).min(1000)
}

/// The sentence of that name.
#[must_use]
pub fn say(language: Language, name: &str) -> &'static str {
    let mut lines = language.text().lines().filter_map(|line| line.split_once('='));
    // The mark of hours follows a time, so it keeps its space.
    let found = lines.find(|(known, _)| known.trim_end() == name).map_or("", |(_, text)| text.trim_end());
    if name == "clock" { found } else { found.trim_start() }
}

/// The same, with what stands in braces filled in.
#[must_use]
pub fn fill(language: Language, name: &str, values: &[(&str, &str)]) -> String {
    let mut rest = say(language, name);
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (hole, behind) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(values.iter().find(|(known, _)| *known == hole).map_or("", |(_, value)| value));
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        let names = |language: Language| -> Vec<(String, Vec<&str>)> {
            let lines = language.text().lines().map(|line| line.split_once('=').unwrap());
            let holes = |text: &'static str| -> Vec<&str> {
                text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
            };
            lines.map(|(name, text)| (name.trim().to_owned(), holes(text))).collect()
        };
        assert_eq!(names(Language::German), names(Language::English));
    }

    #[test]
    fn a_browser_says_what_it_reads() {
        let accepted = |field| Language::accepted(field, Language::German);
        assert_eq!(accepted("en-GB,en;q=0.9,de;q=0.5"), Language::English);
        assert_eq!(accepted("fr, de-AT;q=0.7, en;q=0.3"), Language::German);
        assert_eq!(accepted("en;q=0"), Language::German);
        assert_eq!(accepted(""), Language::German);
        assert_eq!(accepted("de;q=0.1, en;q=0.2"), Language::English);
    }

    #[test]
    fn holes_are_filled_once() {
        let filled = fill(Language::English, "intro_many", &[("count", "2"), ("to", "{count}")]);
        assert_eq!(filled, "2 mails to {count} were held back instead of delivered.");
        assert_eq!(say(Language::German, "nothing"), "");
    }
}
