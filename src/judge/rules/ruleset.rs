//! All rule files as one set: read, compiled, and proven by their own samples.
//!
//! Pure: the caller reads the files. Either everything is right or every error is told.

use super::{
    Group, Rule, embedded,
    lists::{List, Lists},
    pack::{self, Draft, Pack},
    program::{
        Program, STEP_LIMIT,
        compile::{Compiled, Mistake, Written, compile},
        sample,
    },
    samples,
};
use crate::{
    judge::{
        document::{Document, Errors, Position},
        findings::Symbol,
    },
    mail::address::Domain,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The texts that a set is read from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sources {
    /// File name and text of every rule file.
    pub files: Vec<(String, String)>,
    pub lists: Lists,
}

impl Sources {
    /// The packs and lists that are built into the program.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            files: embedded::PACKS.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect(),
            lists: embedded::LISTS
                .iter()
                .map(|(name, text)| ((*name).to_owned(), List::read(&format!("lists/{name}.txt"), text)))
                .collect(),
        }
    }

    /// Adds the list `own_domains`, which the configuration holds.
    #[must_use]
    pub fn with_own_domains(mut self, domains: &[Domain]) -> Self {
        let entries = domains.iter().map(|domain| domain.as_str().to_owned());
        self.lists.insert("own_domains".to_owned(), List::of("own_domains", entries));
        self
    }
}

/// Are the samples tried?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Samples,
    /// They were tried before: embedded packs by the project's tests, compiled ones when they were made.
    Done,
}

/// A sample and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub symbol: Symbol,
    pub sample: String,
    pub should_hit: bool,
    pub is_right: bool,
}

/// Everything known of rules.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// What each symbol means and weighs; sub-rules are in it.
    pub table: BTreeMap<Symbol, Rule>,
    pub groups: BTreeMap<String, Group>,
    pub program: Arc<Program>,
    /// Samples that were tried, all of them as they should be.
    pub samples: usize,
}

impl Ruleset {
    /// The embedded packs.
    ///
    /// # Errors
    /// None, as long as the project's tests pass.
    pub fn embedded(own_domains: &[Domain]) -> Result<Self, Errors> {
        Self::read(&Sources::embedded().with_own_domains(own_domains), Proof::Done)
    }

    /// Symbols with rules that have no conditions.
    #[must_use]
    pub fn of(table: BTreeMap<Symbol, Rule>) -> Self {
        Self { table, ..Self::default() }
    }

    /// Reads a set.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files, samples that fail included.
    pub fn read(sources: &Sources, proof: Proof) -> Result<Self, Errors> {
        let (ruleset, tried, mut errors) = Self::try_read(sources, proof);
        if errors.0.is_empty() {
            return Ok(Self { samples: tried.len(), ..ruleset });
        }
        errors.0.dedup();
        Err(errors)
    }

    /// Reads a set as far as it goes, with every sample that was tried and every error.
    #[must_use]
    pub fn try_read(sources: &Sources, proof: Proof) -> (Self, Vec<Tried>, Errors) {
        let documents: Vec<Document<'_>> = sources.files.iter().map(|(file, text)| Document::new(file, text)).collect();
        let mut reading = Reading { documents, drafts: Vec::new(), groups: BTreeMap::new() };
        reading.packs(sources);
        let written: Vec<Written> = reading.drafts.iter().map(|(_, draft)| draft.written()).collect();
        let Compiled { program, mistakes, of_lists } = compile(&written, &sources.lists, proof == Proof::Done);
        let is_right = mistakes.is_empty() && of_lists.is_empty();
        reading.mistakes(&mistakes);
        let mut tried = Vec::new();
        if proof == Proof::Samples && is_right {
            for (document, draft) in reading.placed() {
                prove(document, draft, &program, &mut tried);
            }
        }
        let Reading { documents, drafts, groups } = reading;
        let of_files = documents.into_iter().filter_map(|document| document.finish(()).err());
        let complaints = of_lists.into_iter().chain(of_files.flat_map(|Errors(found)| found)).collect();
        let table = drafts.into_iter().map(|(_, draft)| (draft.symbol, draft.rule)).collect();
        (Self { table, groups, program: Arc::new(program), samples: 0 }, tried, Errors(complaints))
    }

    /// The symbol of exhausted patterns is the engine's own.
    #[must_use]
    pub fn own_symbols() -> [Symbol; 1] {
        [STEP_LIMIT]
    }
}

/// Rule files being read.
struct Reading<'a> {
    documents: Vec<Document<'a>>,
    /// Each with the place of its document.
    drafts: Vec<(usize, Draft)>,
    groups: BTreeMap<String, Group>,
}

impl Reading<'_> {
    /// Reads every file; a symbol that stands twice is an error at its second place.
    fn packs(&mut self, sources: &Sources) {
        let mut places: BTreeMap<Symbol, Position> = BTreeMap::new();
        for (at, (document, (file, text))) in self.documents.iter().zip(&sources.files).enumerate() {
            let Pack { drafts, groups } = pack::pack(document, file, text);
            self.groups.extend(groups);
            for draft in drafts {
                if let Some(first) = places.get(&draft.symbol) {
                    let what = format!("`{}` has a rule already, at {first}; keep one of them", draft.symbol);
                    document.complain(draft.at..draft.at, what);
                    continue;
                }
                places.insert(draft.symbol.clone(), draft.rule.position.clone());
                self.drafts.push((at, draft));
            }
        }
    }

    /// Tells mistakes in conditions at their places in the files.
    fn mistakes(&self, mistakes: &[Mistake]) {
        for mistake in mistakes {
            if let Some((document, draft)) = self.placed().nth(mistake.rule) {
                let at = draft.when_at + mistake.at;
                document.complain(at..at, mistake.what.clone());
            }
        }
    }

    fn placed(&self) -> impl Iterator<Item = (&Document<'_>, &Draft)> {
        self.drafts.iter().filter_map(|(at, draft)| Some((self.documents.get(*at)?, draft)))
    }
}

/// Tries the samples of one rule; one that fails is an error at its place.
fn prove(document: &Document<'_>, draft: &Draft, program: &Program, tried: &mut Vec<Tried>) {
    let Some(rule) = program.place(&draft.symbol) else { return };
    let all = draft.hits.iter().map(|sample| (sample, true)).chain(draft.misses.iter().map(|sample| (sample, false)));
    for ((text, span), should_hit) in all {
        let hits = match samples::message(text) {
            Some(mail) => program.probe(&mail, rule, !should_hit),
            None => sample::Sampled::new(program, text.as_bytes(), !should_hit).hits(rule),
        };
        // What a sample does not say is open: a hit must be possible; a miss must follow from what the sample says.
        let is_right = if should_hit { hits != Some(false) } else { hits == Some(false) };
        if !is_right {
            let what = match (should_hit, hits) {
                (true, _) => format!("[{}] does not hit this sample", draft.symbol),
                (false, Some(_)) => format!("[{}] hits this sample, which it should miss", draft.symbol),
                (false, None) => format!(
                    "[{}] may hit this sample, which it should miss: nothing in the text decides; give a whole message \
                     (header, empty line, body)",
                    draft.symbol
                ),
            };
            document.complain(span.clone(), what);
        }
        tried.push(Tried { symbol: draft.symbol.clone(), sample: text.clone(), should_hit, is_right });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{checks, findings::Score, policy::verdict::Action};

    fn sources(text: &str) -> Sources {
        let lists = Lists::from([("shorteners".to_owned(), List::of("shorteners", ["bit.ly".to_owned()]))]);
        Sources { files: vec![("r.toml".to_owned(), text.to_owned())], lists }.with_own_domains(&[])
    }

    fn errors(text: &str) -> String {
        Ruleset::read(&sources(text), Proof::Samples).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_is_read() {
        let text = "[A_1]\nabout = \"x\"\nscore = -1.5\n[B]\nabout='y'\nscore=2\ngroup='g'\naction='defer'\n";
        let rules = Ruleset::read(&sources(text), Proof::Samples).unwrap();
        let first = &rules.table[&Symbol::named("A_1")];
        assert_eq!((first.score, first.group.as_str()), (Score::from_hundredths(-150), "r"));
        assert_eq!(first.position.to_string(), "r.toml:1:2");
        assert_eq!(rules.table[&Symbol::named("B")].action, Action::Defer);
    }

    #[test]
    fn the_blueprint_is_proven_by_its_samples() {
        let text = r#"
[PORTAL_CREDENTIAL_LURE]
about  = "asks for the school-portal login, from outside"
score  = 3.0
when   = '''
  text ~ /(schulportal|moodle|iserv).{0,80}(passwort|anmeld)/i
  and any link.domain not in own_domains
  and dmarc != "pass"
'''
hits   = ["Ihr Schulportal-Passwort laeuft ab"]
misses = ["Passwort vergessen? Die Schulportal-Hilfe antwortet"]
"#;
        assert_eq!(Ruleset::read(&sources(text), Proof::Samples).unwrap().samples, 2);
        let broken = text.replace("Ihr Schulportal-Passwort", "Ihr Kennwort");
        assert_eq!(errors(&broken), "r.toml:10:11: [PORTAL_CREDENTIAL_LURE] does not hit this sample");
    }

    #[test]
    fn every_error_is_told_at_once() {
        let text = "[A]\nabot = 'x'\nscore = 1.234\n\n[lower]\nabout = ''\n\n[C]\nabout = 'c'\nscore = 1\naction = 'rejct'\n\
            [D]\nabout='d'\nscore=1\nwhen = 'subjct ~ /x/ and NOWHERE'\n[E]\nabout='e'\nscore=1\nwhen='any link.domain in shortners'\n\
            [F]\nabout='f'\nscore=1\nwhen='dmarc == \"pas\"'\n[G]\nabout='g'\nscore=1\nwhen='text ~ /a(b/'\n\
            [H]\nabout='h'\nscore=1\nwhen='size ~ /x/'\n[I]\nabout='i'\nscore=1\nwhen='link.host != \"x\"'\n\
            [J]\nabout='j'\nscore=1.234\nwhen='any link.domain in shortners and subjct.text ~ /x/'\n";
        let errors = errors(text);
        for wanted in [
            "r.toml:2:1: unknown key `abot`; did you mean `about`?",
            "r.toml:1:2: [A] needs about",
            "r.toml:3:9: `1.234` is not a score",
            "r.toml:5:2: `lower` is no symbol",
            "r.toml:11:10: unknown action `rejct`; did you mean `reject`?",
            "r.toml:15:9: unknown field `subjct`; did you mean `subject`?",
            "r.toml:15:26: unknown symbol `NOWHERE`",
            "r.toml:19:26: unknown list `shortners`; did you mean `shorteners`?",
            "r.toml:23:16: unknown word of dmarc `pas`; did you mean `pass`?",
            "r.toml:27:",
            "r.toml:31:7: `~` compares a field with a text",
            "r.toml:35:7: `link.host` has any number of values",
            "r.toml:38:7: `1.234` is not a score",
            "r.toml:39:26: unknown list `shortners`",
            "r.toml:39:40: unknown field `subjct.text`; did you mean `subject`?",
        ] {
            assert!(errors.contains(wanted), "missing {wanted} in\n{errors}");
        }
    }

    #[test]
    fn a_symbol_stands_once_and_reads_no_circle() {
        let one = "[A]\nabout = 'x'\nscore = 1\n";
        let twice =
            Sources { files: vec![("a.toml".into(), one.into()), ("b.toml".into(), one.into())], lists: Lists::new() };
        let told = Ruleset::read(&twice, Proof::Samples).unwrap_err().to_string();
        assert_eq!(told, "b.toml:1:2: `A` has a rule already, at a.toml:1:2; keep one of them");
        let circle = errors("[A]\nabout='a'\nscore=1\nwhen='B'\n[B]\nabout='b'\nscore=1\nwhen='not A'\n");
        assert!(circle.contains("reads itself"), "{circle}");
    }

    #[test]
    fn every_symbol_of_every_check_has_a_rule_and_every_rule_a_check_or_a_condition() {
        let rules = Ruleset::embedded(&[]).unwrap();
        let own = Ruleset::own_symbols();
        let declared: Vec<&Symbol> = checks::ALL.iter().flat_map(|check| check.symbols).chain(&own).collect();
        let without: Vec<_> = declared.iter().filter(|symbol| !rules.table.contains_key(symbol)).collect();
        assert!(without.is_empty(), "no rule in rules/*.toml for {without:?}");
        let is_orphan = |(symbol, rule): &(&Symbol, &Rule)| rule.when.is_empty() && !declared.contains(symbol);
        let orphans: Vec<_> = rules.table.iter().filter(is_orphan).collect();
        assert!(orphans.is_empty(), "no check reports {orphans:?}");
    }

    #[test]
    fn embedded_packs_hold_what_their_samples_say() {
        let sources = Sources::embedded().with_own_domains(&[]);
        if let Err(errors) = Ruleset::read(&sources, Proof::Samples) {
            panic!("{errors}");
        }
    }
}
