//! DKIM: the signatures of a message and what they are worth (RFC 6376 6, RFC 8301, RFC 8463).
//!
//! Pure. Time is when the mail arrived. The verification is our own: mail-auth's reads the wall clock, calls an altered
//! body neutral, believes rsa-sha1 and hides the size of keys. So is the reading of the field: its `Signature` cannot
//! say whether `a=` or `l=0` stood there, and reads past faulty tags (tags.rs). Bodies are hashed once all keys are
//! known, once per canonical form.

use super::{
    Dkim, Word,
    canonical::{self, BodyHash, Form, Index},
    keys::{self, Algorithm, Found, Key},
    lookups,
    tags::{self, Tags},
};
use crate::{
    judge::facts::{Answer, Name, Reading, Text, Unknown},
    limits,
    mail::{
        Mail,
        head::{Field, Head},
        timestamp::Timestamp,
    },
};

/// Fields that a message has once and that readers show or act on: unsigned second ones change what is seen.
const SINGLE_USE: [&str; 13] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
];
/// Fields that say how the body is to be read.
const BODY_FIELDS: [&str; 3] = ["content-type", "content-transfer-encoding", "content-disposition"];

/// Ends the reason of a failure under `t=y`, which is to be taken as no signature (RFC 6376 3.6.1).
pub const TESTING: &str = "(testing key)";

/// What DKIM-Signature and ARC-Message-Signature have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub algorithm: Algorithm,
    pub header_form: Form,
    pub body_form: Form,
    /// A-labels, lower case.
    pub domain: String,
    pub selector: String,
    /// `h=`, lower case.
    pub names: Vec<String>,
    pub signature: Vec<u8>,
    pub body_hash: Vec<u8>,
    /// `l=`.
    pub length: Option<u64>,
    pub made_at: Option<i64>,
    pub expires_at: Option<i64>,
}

impl Signature {
    /// Reads the tags that both kinds of signature share; `default_form` stands for an absent `c=`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn read(tags: &Tags<'_>, default_form: Form) -> Result<Self, &'static str> {
        let required = |name: &str, missing: &'static str| tags.get(name).filter(|v| !v.is_empty()).ok_or(missing);
        let algorithm = Algorithm::parse(required("a", "a= is missing")?)?;
        let signature = algorithm.signature(required("b", "b= is missing")?)?;
        let body_hash = tags::base64(required("bh", "bh= is missing")?).ok_or("bh= is not base64")?;
        let (header_form, body_form) = forms(tags.get("c"), default_form)?;
        let domain = domain(required("d", "d= is missing")?).ok_or("d= is no domain")?;
        let selector = selector(required("s", "s= is missing")?).ok_or("s= is no selector")?;
        let names: Vec<String> = tags::list(tags.get("h").ok_or("h= is missing")?)
            .map(str::to_ascii_lowercase)
            .filter(|name| !name.is_empty())
            .take(limits::FIELDS_MAX)
            .collect();
        if names.iter().any(|name| !name.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("h= holds something that is no field name");
        }
        let number = |name, wrong| tags.get(name).map(|value| tags::number(value).ok_or(wrong)).transpose();
        let length = number("l", "l= is no number")?.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
        let (made_at, expires_at) = (number("t", "t= is no number")?, number("x", "x= is no number")?);
        Ok(Self {
            algorithm,
            header_form,
            body_form,
            domain,
            selector,
            names,
            signature,
            body_hash,
            length,
            made_at,
            expires_at,
        })
    }

    /// Has the signature not expired (RFC 6376 3.5 `x=`)? Without a time, none has.
    ///
    /// A `t=` after the arrival says nothing: RFC 6376 lets us ignore it, clocks differ, and the arrival of a mail that
    /// is looked at later is often a guess.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_time(&self, now: Option<Timestamp>) -> Result<(), &'static str> {
        let Some(expires) = self.expires_at else { return Ok(()) };
        if self.made_at.is_some_and(|made| expires <= made) {
            return Err("x= is not after t=");
        }
        match now {
            Some(now) if expires < now.seconds() => Err("the signature has expired"),
            _ => Ok(()),
        }
    }

    /// Where the key is.
    ///
    /// # Errors
    /// When DNS cannot carry such a name.
    pub fn key_name(&self) -> Result<Name, &'static str> {
        key_name(&self.selector, &self.domain)
    }

    /// What is signed: the fields of `h=`, then the signature field itself without its signature (RFC 6376 3.7).
    #[must_use]
    pub fn signed_octets(&self, index: &Index<'_>, field: &Field) -> Vec<u8> {
        let mut data = Vec::with_capacity(2048);
        for signed in index.signed(&self.names) {
            canonical::field(signed, self.header_form, &mut data);
        }
        let bare = canonical::without_signature(&field.value);
        canonical::field_value(&field.name, &bare, self.header_form, &mut data);
        data
    }

    /// Does the signature leave out a single-use field that the message has more often than it signs?
    #[must_use]
    pub fn misses_duplicate(&self, index: &Index<'_>) -> Option<&'static str> {
        SINGLE_USE.into_iter().find(|name| {
            let there = index.count(name);
            there > 1 && self.names.iter().filter(|signed| signed == name).count() < there
        })
    }
}

/// The name of a key.
///
/// # Errors
/// When DNS cannot carry such a name.
pub fn key_name(selector: &str, domain: &str) -> Result<Name, &'static str> {
    lookups::name(&format!("{selector}._domainkey.{domain}")).ok_or("s= and d= make no DNS name")
}

/// Reads `d=`: letters, digits, hyphens, underscores and dots, in A-labels (RFC 8616 4).
#[must_use]
pub fn domain(text: &str) -> Option<String> {
    let ascii = if text.is_ascii() { text.to_ascii_lowercase() } else { idna::domain_to_ascii(text).ok()? };
    lookups::is_domain(&ascii).then_some(ascii)
}

/// Reads `s=`.
#[must_use]
pub fn selector(text: &str) -> Option<String> {
    let ascii = if text.is_ascii() { text.to_ascii_lowercase() } else { idna::domain_to_ascii(text).ok()? };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (ascii.bytes().all(is_plain) && lookups::name(&ascii).is_some()).then_some(ascii)
}

fn forms(value: Option<&str>, default: Form) -> Result<(Form, Form), &'static str> {
    let Some(value) = value else { return Ok((default, default)) };
    let (header, body) = value.split_once('/').unwrap_or((value, "simple"));
    let wrong = "c= names no canonical form";
    Ok((Form::parse(tags::trim(header)).ok_or(wrong)?, Form::parse(tags::trim(body)).ok_or(wrong)?))
}

/// Body hashes already made for one message, by form and length; DKIM and ARC share them.
#[derive(Debug, Default)]
pub struct BodyHashes(Vec<(Form, Option<u64>, BodyHash)>);

impl BodyHashes {
    /// The hash in this form.
    pub fn get(&mut self, mail: &Mail, form: Form, length: Option<u64>) -> BodyHash {
        if let Some((.., hash)) = self.0.iter().find(|(f, l, _)| (*f, *l) == (form, length)) {
            return hash.clone();
        }
        let body = mail.message.raw.get(mail.message.head.len_bytes()..).unwrap_or_default();
        let hash = canonical::body_hash(body, form, length);
        self.0.push((form, length, hash.clone()));
        hash
    }
}

/// What every signature of a message is verified against.
pub struct Verifier<'a> {
    pub mail: &'a Mail,
    pub index: &'a Index<'a>,
    pub hashes: &'a mut BodyHashes,
}

/// One signature field: what can be reported in any case, and what can be verified.
pub struct Candidate<'a> {
    field: &'a Field,
    report: Dkim,
    /// The signature, its `i=` domain, and where its key is.
    parsed: Result<(Signature, String, Name), &'static str>,
}

/// The signature fields of a head, topmost first, no more than the limit.
#[must_use]
pub fn candidates(head: &Head, now: Option<Timestamp>) -> Vec<Candidate<'_>> {
    head.all("DKIM-Signature").take(limits::SIGNATURES_MAX).map(|field| candidate(field, now)).collect()
}

/// The names of all keys that will be asked.
pub fn key_names<'a>(candidates: &'a [Candidate<'_>]) -> impl Iterator<Item = &'a Name> {
    candidates.iter().filter_map(|candidate| candidate.parsed.as_ref().ok()).map(|(.., name)| name)
}

fn candidate(field: &Field, now: Option<Timestamp>) -> Candidate<'_> {
    let text = String::from_utf8_lossy(&field.value);
    let lenient = Tags::lenient(&text);
    let shown = |name: &str| lenient.get(name).unwrap_or_default().to_owned();
    let start = shown("b").chars().filter(|letter| !letter.is_whitespace()).take(8).collect();
    let report = Dkim {
        domain: shown("d").to_lowercase(),
        selector: shown("s"),
        algorithm: shown("a"),
        identity: shown("i"),
        signature_start: start,
        ..Dkim::default()
    };
    let parsed = match std::str::from_utf8(&field.value) {
        Ok(text) => parse(text, now),
        Err(_) => Err("the signature is not UTF-8"),
    };
    Candidate { field, report, parsed }
}

fn parse(text: &str, now: Option<Timestamp>) -> Result<(Signature, String, Name), &'static str> {
    let tags = Tags::strict(text)?;
    if tags.get("v").ok_or("v= is missing")? != "1" {
        return Err("v= is not 1");
    }
    let signature = Signature::read(&tags, Form::Simple)?;
    if !signature.names.iter().any(|name| name == "from") {
        return Err("From is not signed");
    }
    if tags.get("q").is_some_and(|methods| !tags::list(methods).any(is_dns)) {
        return Err("q= names no method we have");
    }
    let identity = match tags.get("i") {
        Some(identity) => {
            let (_, domain) = identity.rsplit_once('@').ok_or("i= has no domain")?;
            self::domain(domain).ok_or("i= has no domain")?
        }
        None => signature.domain.clone(),
    };
    let is_below = identity.strip_suffix(&signature.domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !is_below {
        return Err("i= is not of the domain of d=");
    }
    signature.check_time(now)?;
    let name = signature.key_name()?;
    Ok((signature, identity, name))
}

/// `dns/txt`, or `dns` alone as signers wrote before RFC 4871: both mean the TXT record.
fn is_dns(method: &str) -> bool {
    method.eq_ignore_ascii_case("dns/txt") || method.eq_ignore_ascii_case("dns")
}

/// Verifies all signatures of a message.
///
/// # Errors
/// `Unknown` while a key is missing; all keys are asked at once.
pub fn verify(verifier: &mut Verifier<'_>, reading: &Reading<'_>) -> Result<Vec<Dkim>, Unknown> {
    let mail = verifier.mail;
    let candidates = candidates(&mail.message.head, Some(mail.received_at));
    lookups::all(key_names(&candidates).map(|name| reading.txt(name)))?;
    candidates
        .into_iter()
        .map(|candidate| {
            let (word, reason, unsigned) = match &candidate.parsed {
                Ok((signature, identity, name)) => {
                    let unsigned = unsigned(signature, verifier.index);
                    let (word, reason) = verifier.judge(signature, identity, candidate.field, reading.txt(name)?);
                    (word, reason, unsigned)
                }
                Err(wrong) => (Word::PermError, (*wrong).to_owned(), Vec::new()),
            };
            Ok(Dkim { result: word, reason, unsigned, ..candidate.report })
        })
        .collect()
}

/// Fields that say how the body is read and that the signature leaves to anybody.
fn unsigned(signature: &Signature, index: &Index<'_>) -> Vec<&'static str> {
    let is_open = |name: &&str| index.count(name) > 0 && !signature.names.iter().any(|signed| signed == name);
    BODY_FIELDS.into_iter().filter(is_open).collect()
}

impl Verifier<'_> {
    fn judge(&mut self, signature: &Signature, identity: &str, field: &Field, answer: &Answer<Text>) -> (Word, String) {
        let keys = match keys::find(answer) {
            Found::Keys(keys) => keys,
            Found::Later(reason) => return (Word::TempError, reason),
            Found::Never(reason) => return (Word::PermError, reason),
        };
        let is_testing = keys.iter().all(|key| key.is_testing);
        let (word, reason) = match self.proof(signature, identity, field, &keys) {
            Ok(()) => self.accepted(signature),
            Err((word, reason)) => (word, reason),
        };
        if is_testing && word == Word::Fail {
            return (word, format!("{reason} {TESTING}"));
        }
        (word, reason.to_owned())
    }

    /// The mathematics: hash and signature.
    fn proof(
        &mut self,
        signature: &Signature,
        identity: &str,
        field: &Field,
        keys: &[Key],
    ) -> Result<(), (Word, &'static str)> {
        let mut keys = keys.iter().filter(|key| key.fits(signature.algorithm)).peekable();
        if keys.peek().is_none() {
            return Err((Word::PermError, "the key is not for this algorithm"));
        }
        let mut keys = keys.filter(|key| !key.is_strict || identity == signature.domain).peekable();
        if keys.peek().is_none() {
            return Err((Word::PermError, "the key is for d= alone, i= names a domain below"));
        }
        let body = self.hashes.get(self.mail, signature.body_form, signature.length);
        if signature.length.is_some_and(|length| length > body.bytes) {
            return Err((Word::PermError, "l= is longer than the body"));
        }
        if body.sha256 != signature.body_hash {
            return Err((Word::Fail, "the body was altered"));
        }
        let data = signature.signed_octets(self.index, field);
        if keys.any(|key| key.verifies(signature.algorithm, &data, &signature.signature)) {
            Ok(())
        } else {
            Err((Word::Fail, "the signature does not verify"))
        }
    }

    /// RFC 8601 2.7.1 `policy`: it verifies, but leaves something open that others could have filled.
    fn accepted(&mut self, signature: &Signature) -> (Word, &'static str) {
        let body = self.hashes.get(self.mail, signature.body_form, signature.length);
        if signature.length.is_some_and(|length| length < body.bytes) {
            return (Word::Policy, "l= leaves the end of the body unsigned");
        }
        if signature.misses_duplicate(self.index).is_some() {
            return (Word::Policy, "a field that must be single is there again, unsigned");
        }
        if self.index.count("subject") > 0 && !signature.names.iter().any(|name| name == "subject") {
            return (Word::Policy, "the subject is unsigned");
        }
        (Word::Pass, "")
    }
}
