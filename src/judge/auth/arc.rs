//! ARC: the chain of custody and whether its last holder is trusted (RFC 8617 5.2).
//!
//! Pure. Any fault anywhere makes the chain fail; only a chain that passes and ends in a configured sealer is trusted.
//! The fields are read as strictly as signatures are (tags.rs): mail-auth's parsers take an absent `a=` for rsa-sha256
//! and the last of several tags, and its verifier passes chains that the ValiMail suite fails.

use super::{
    Arc, Settings, Word,
    canonical::{self, Form},
    dkim::{self, Signature, Verifier},
    keys::{self, Algorithm, Found},
    lookups,
    reports::{MethodResult, Report},
    tags::{self, Tags},
};
use crate::{
    judge::facts::{Answer, Name, Reading, Text, Unknown},
    limits,
    mail::{
        address::Domain,
        head::{Field, Head},
        timestamp::Timestamp,
    },
};

/// What a seal says.
struct Seal {
    algorithm: Algorithm,
    domain: String,
    key: Name,
    signature: Vec<u8>,
    /// `cv=`
    chain: Word,
}

/// One instance: its three fields, read.
struct Set<'a> {
    results: &'a Field,
    message: &'a Field,
    seal: &'a Field,
    sealed: Seal,
}

/// A chain whose structure is right; signatures are not yet verified.
pub struct Chain<'a> {
    sets: Vec<Set<'a>>,
    /// The newest message signature.
    newest: Signature,
    newest_key: Name,
}

impl Chain<'_> {
    /// The names of all keys that will be asked.
    pub fn key_names(&self) -> impl Iterator<Item = &Name> {
        std::iter::once(&self.newest_key).chain(self.sets.iter().map(|set| &set.sealed.key))
    }

    fn sealers(&self) -> Vec<String> {
        self.sets.iter().map(|set| set.sealed.domain.clone()).collect()
    }
}

/// Reads the chain of a head; `None` when there is none (RFC 8617 5.2 steps 1 to 3).
///
/// # Errors
/// What breaks it.
pub fn chain(head: &Head, now: Option<Timestamp>) -> Option<Result<Chain<'_>, &'static str>> {
    let kinds = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];
    let [results, messages, seals] = kinds.map(|kind| head.all(kind).take(limits::ARC_SETS_MAX + 1).collect());
    let is_empty = [&results, &messages, &seals].into_iter().all(Vec::is_empty);
    (!is_empty).then(|| read(&results, &messages, &seals, now))
}

fn read<'a>(
    results: &[&'a Field],
    messages: &[&'a Field],
    seals: &[&'a Field],
    now: Option<Timestamp>,
) -> Result<Chain<'a>, &'static str> {
    let count = seals.len();
    if count > limits::ARC_SETS_MAX {
        return Err("more than 50 sets");
    }
    if results.len() != count || messages.len() != count {
        return Err("a set is not complete");
    }
    let results = ordered(results, |text| {
        let (first, _) = text.split_once(';')?;
        Tags::strict(first).ok()?.get("i").and_then(tags::number)
    })?;
    let instance = |text: &str| Tags::strict(text).ok()?.get("i").and_then(tags::number);
    let messages = ordered(messages, instance)?;
    let seals = ordered(seals, instance)?;
    let mut sets = Vec::with_capacity(count);
    let mut newest = None;
    for ((results, message), seal) in results.into_iter().zip(messages).zip(seals) {
        let sealed = read_seal(seal)?;
        // RFC 8617 5.2 step 3: the first one found no chain, all others a good one.
        let expected = if sets.is_empty() { Word::None } else { Word::Pass };
        if sealed.chain != expected {
            return Err("a seal says that the chain was broken before");
        }
        newest = Some(read_message(message)?);
        sets.push(Set { results, message, seal, sealed });
    }
    let newest = newest.ok_or("no sets")?;
    newest.check_time(now)?;
    let newest_key = newest.key_name()?;
    Ok(Chain { sets, newest, newest_key })
}

/// The fields sorted by instance, which has to run from 1 without gap or repetition.
fn ordered<'a>(fields: &[&'a Field], instance: impl Fn(&str) -> Option<i64>) -> Result<Vec<&'a Field>, &'static str> {
    let mut numbered = Vec::with_capacity(fields.len());
    for field in fields {
        let text = std::str::from_utf8(&field.value).map_err(|_| "an ARC field is not UTF-8")?;
        numbered.push((instance(text).ok_or("an ARC field has no readable instance")?, *field));
    }
    numbered.sort_by_key(|(number, _)| *number);
    let is_whole = numbered.iter().zip(1..).all(|((number, _), expected)| *number == expected);
    if !is_whole {
        return Err("the instances do not run from 1 without gap");
    }
    Ok(numbered.into_iter().map(|(_, field)| field).collect())
}

fn read_seal(field: &Field) -> Result<Seal, &'static str> {
    let text = std::str::from_utf8(&field.value).map_err(|_| "a seal is not UTF-8")?;
    let tags = Tags::strict(text)?;
    if tags.get("h").is_some() || tags.get("bh").is_some() {
        return Err("a seal with h= or bh=");
    }
    let required = |name: &str| tags.get(name).filter(|value| !value.is_empty()).ok_or("a seal lacks a tag");
    if tags.get("t").is_some_and(|time| tags::number(time).is_none()) {
        return Err("t= is no number");
    }
    let domain = dkim::domain(required("d")?).ok_or("d= is no domain")?;
    let selector = dkim::selector(required("s")?).ok_or("s= is no selector")?;
    let chain = match required("cv")?.to_ascii_lowercase().as_str() {
        "none" => Word::None,
        "pass" => Word::Pass,
        "fail" => Word::Fail,
        _ => return Err("cv= is none of none, pass, fail"),
    };
    let algorithm = Algorithm::parse(required("a")?)?;
    Ok(Seal {
        algorithm,
        key: dkim::key_name(&selector, &domain)?,
        domain,
        signature: algorithm.signature(required("b")?)?,
        chain,
    })
}

fn read_message(field: &Field) -> Result<Signature, &'static str> {
    let text = std::str::from_utf8(&field.value).map_err(|_| "a message signature is not UTF-8")?;
    let tags = Tags::strict(text)?;
    // RFC 8617 leaves the default of c= open; sealers that leave it out mean relaxed.
    let signature = Signature::read(&tags, Form::Relaxed)?;
    if signature.names.iter().any(|name| name == "arc-seal") {
        return Err("a message signature signs seals");
    }
    Ok(signature)
}

/// Validates the chain of a message.
///
/// # Errors
/// `Unknown` while a key is missing; all keys are asked at once.
pub fn verify(
    verifier: &mut Verifier<'_>,
    reading: &Reading<'_>,
    settings: &Settings,
    authors: &[Domain],
) -> Result<Arc, Unknown> {
    let mail = verifier.mail;
    let chain = match chain(&mail.message.head, Some(mail.received_at)) {
        None => return Ok(Arc::default()),
        Some(Err(reason)) => {
            return Ok(Arc { result: Word::Fail, reason: reason.to_owned(), ..Arc::default() });
        }
        Some(Ok(chain)) => chain,
    };
    let answers = lookups::all(chain.key_names().map(|name| reading.txt(name)))?;
    let sealers = chain.sealers();
    let (result, reason) = match judge(verifier, &chain, &answers) {
        Ok(()) => (Word::Pass, String::new()),
        Err((word, reason)) => (word, reason),
    };
    let is_known = |sealer: &str| settings.trusted_sealers.iter().any(|trusted| trusted.as_str() == sealer);
    let is_trusted = result == Word::Pass && sealers.last().is_some_and(|sealer| is_known(sealer));
    let holds_author = chain.newest.misses_duplicate(verifier.index) != Some("from")
        && chain.newest.names.iter().any(|name| name == "from");
    // From the newest set back, as far as each sealer is trusted: what lies before an unknown one is hearsay.
    let mut vouchers = chain.sets.iter().rev().take_while(|set| is_known(&set.sealed.domain));
    let author_passed = is_trusted && holds_author && vouchers.any(|set| author_passed(set.results, authors));
    Ok(Arc { result, sealers, is_trusted, author_passed, reason })
}

/// Does an ARC-Authentication-Results say that every author was authenticated: by DMARC, or where it says nothing of
/// DMARC, by SPF or DKIM of the author's organization? What passed for others says nothing of the author.
fn author_passed(results: &Field, authors: &[Domain]) -> bool {
    let text = results.text();
    let Some(report) = text.split_once(';').and_then(|(_, rest)| Report::parse(rest)) else { return false };
    let says_dmarc = report.result("dmarc").is_some();
    let vouches = |result: &MethodResult, author: &Domain| {
        // What the client merely claimed beside it (`smtp.helo`, `header.from` of SPF) passed nothing.
        let identities: &[&str] = match (says_dmarc, result.method.as_str()) {
            (true, "dmarc") => &["from"],
            (false, "spf") => &["mailfrom", "mail"],
            (false, "dkim") => &["d", "i"],
            _ => return false,
        };
        let named = result.properties.iter().filter(|(_, name, _)| identities.contains(&name.as_str()));
        let mut named = named.filter_map(|(_, _, value)| identity(value)).peekable();
        let is_silent = says_dmarc && named.peek().is_none();
        result.result == "pass" && (is_silent || named.any(|domain| is_of(&domain, author, says_dmarc)))
    };
    let is_vouched = |author: &Domain| report.results.iter().any(|result| vouches(result, author));
    !authors.is_empty() && authors.iter().all(is_vouched)
}

/// The domain of a property value.
fn identity(value: &str) -> Option<Domain> {
    Domain::parse(value.rsplit('@').next().unwrap_or_default().trim_end_matches('>'))
}

/// Is it the author's domain, or at least of the same organization?
fn is_of(domain: &Domain, author: &Domain, is_exact: bool) -> bool {
    let organization = author.registrable();
    domain == author || (!is_exact && organization.is_some() && domain.registrable() == organization)
}

/// `answers`: the key of the newest message signature, then those of the seals, oldest first.
fn judge(verifier: &mut Verifier<'_>, chain: &Chain<'_>, answers: &[&Answer<Text>]) -> Result<(), (Word, String)> {
    let broken = |reason: &str| (Word::Fail, reason.to_owned());
    let (message_answer, seal_answers) = answers.split_first().ok_or_else(|| broken("no keys"))?;
    let newest = chain.sets.last().ok_or_else(|| broken("no sets"))?;
    let body = verifier.hashes.get(verifier.mail, chain.newest.body_form, chain.newest.length);
    // RFC 8617 4.1.2 has no l=: a length that leaves something unsigned is a fault.
    if chain.newest.length.is_some_and(|length| length != body.bytes) || body.sha256 != chain.newest.body_hash {
        return Err(broken("the body was altered"));
    }
    let data = chain.newest.signed_octets(verifier.index, newest.message);
    check(message_answer, chain.newest.algorithm, &data, &chain.newest.signature)?;
    // Each seal signs all sets up to its own (RFC 8617 5.1.1); the octets of earlier sets are kept.
    let mut sealed = Vec::with_capacity(4096);
    for (set, answer) in chain.sets.iter().zip(seal_answers) {
        canonical::field(set.results, Form::Relaxed, &mut sealed);
        canonical::field(set.message, Form::Relaxed, &mut sealed);
        let before = sealed.len();
        let bare = canonical::without_signature(&set.seal.value);
        canonical::field_value(&set.seal.name, &bare, Form::Relaxed, &mut sealed);
        check(answer, set.sealed.algorithm, &sealed, &set.sealed.signature)?;
        sealed.truncate(before);
        canonical::field(set.seal, Form::Relaxed, &mut sealed);
    }
    Ok(())
}

fn check(answer: &Answer<Text>, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> Result<(), (Word, String)> {
    match keys::find(answer) {
        Found::Later(reason) => Err((Word::TempError, reason)),
        Found::Never(reason) => Err((Word::Fail, reason)),
        Found::Keys(keys) if keys.iter().any(|key| key.verifies(algorithm, data, signature)) => Ok(()),
        Found::Keys(_) => Err((Word::Fail, "a signature does not verify".to_owned())),
    }
}
