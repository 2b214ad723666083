//! The crew: one thread reads mails in batches, a pool judges them, the caller gets them in order.
//!
//! Touches threads and the clock. Three batches are held at most, so memory does not grow with the number of mails.

use super::stop::Stop;
use crate::{
    cli::scan::input::{Input, Inputs},
    explain::judged::Said,
    judge::{
        case::expectation::Expectation,
        facts::Question,
        findings::Finding,
        rulebook::Rulebook,
        rules::{
            program::cost::Scales,
            scene::{Outside, Scene},
        },
    },
    limits,
    mail::{Mail, message::Message, timestamp::Timestamp},
    replay::{
        again::{Again, again, digest},
        label::Labels,
        recorded,
        row::{Row, Side, name},
    },
};
use rayon::{
    ThreadPoolBuilder,
    iter::{IntoParallelIterator, ParallelIterator},
};
use std::{
    collections::BTreeSet,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a caller that waits looks whether it shall stop.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What everybody needs to judge a mail.
#[derive(Clone)]
pub struct Crew {
    pub rulebook: Arc<Rulebook>,
    /// Rules to compare with.
    pub before: Option<Arc<Rulebook>>,
    /// What was recorded is compared with, whole verdicts by their digests.
    pub compares_recorded: bool,
    pub labels: Labels,
    pub shard: Option<Shard>,
    /// Naming whole verdicts costs time.
    pub wants_digest: bool,
    /// So does naming messages, a little.
    pub wants_mail_digest: bool,
    /// Each rule is weighed by itself, if that is wanted: it takes as long as judging or longer.
    pub scales: Option<Arc<Scales>>,
}

/// A mail judged.
pub struct Done {
    pub row: Row,
    /// What the rules to compare with make of it.
    pub before: Option<Side>,
    /// Is the whole verdict the recorded one? None where that is not asked or was not recorded.
    pub is_same: Option<bool>,
    /// What each rule took, in the order of the scales.
    pub took: Vec<Duration>,
}

/// A mail, or what could not be read; a mail judged, or why it is not.
type Found = Result<Input, String>;
type Told = Result<Done, String>;

/// Part `of` `parts`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: u32,
    parts: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
        match read {
            Some((part, parts)) if (1..=parts).contains(&part) => Ok(Self { part, parts }),
            _ => Err("not I/N with I from 1 to N".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.part, self.parts)
    }
}

impl Shard {
    /// Does a mail of this name belong to the part? The same on every machine: FNV-1a over the name.
    fn takes(self, name: &str) -> bool {
        let fnv = |sum: u32, octet: u8| (sum ^ u32::from(octet)).wrapping_mul(16_777_619);
        name.bytes().fold(2_166_136_261, fnv) % self.parts == self.part - 1
    }
}

/// The cores there are.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Crew {
    /// Judges every mail and hands each on, in the order they were found.
    ///
    /// # Errors
    /// What `each` says, or that threads cannot be started.
    pub fn run(
        &self,
        inputs: Inputs,
        jobs: usize,
        stop: &Stop,
        mut each: impl FnMut(Told) -> io::Result<()>,
    ) -> io::Result<()> {
        let pool = ThreadPoolBuilder::new().num_threads(jobs).build().map_err(io::Error::other)?;
        let (found, batches) = sync_channel::<Vec<Found>>(1);
        let (done, results) = sync_channel::<Vec<Told>>(1);
        let (crew, halt) = (self.clone(), stop.clone());
        thread::Builder::new().name("read".to_owned()).spawn(move || crew.read(inputs, &halt, &found))?;
        let (crew, halt) = (self.clone(), stop.clone());
        thread::Builder::new().name("judge".to_owned()).spawn(move || {
            for batch in batches {
                let judged = |found: Found| (!halt.is_asked()).then(|| found.and_then(|input| crew.judge(input)));
                let told: Vec<Told> = pool.install(|| batch.into_par_iter().filter_map(judged).collect());
                // The caller has seen enough.
                if done.send(told).is_err() {
                    break;
                }
            }
        })?;
        receive(&results, stop, &mut each)
    }

    fn read(&self, inputs: Inputs, stop: &Stop, found: &SyncSender<Vec<Found>>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for input in inputs {
            if stop.is_asked() {
                break;
            }
            if let (Some(shard), Ok(input)) = (self.shard, &input)
                && !shard.takes(&name(&input.path, input.index))
            {
                continue;
            }
            bytes += input.as_ref().map_or(0, |input| input.raw.len());
            batch.push(input);
            if batch.len() >= limits::REPLAY_BATCH_MAILS_MAX || bytes >= limits::REPLAY_BATCH_BYTES_MAX {
                bytes = 0;
                if found.send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        // Nobody wants it any more if this fails.
        let _ = found.send(batch);
    }

    fn judge(&self, input: Input) -> Result<Done, String> {
        let path = name(&input.path, input.index);
        // One mail that trips a check must not take the others with it.
        catch_unwind(AssertUnwindSafe(|| self.judged(input)))
            .unwrap_or_else(|_| Err(format!("{path}: a check panicked")))
    }

    fn judged(&self, input: Input) -> Result<Done, String> {
        let Input { path, index, raw, case, expected } = input;
        let read = |text: String| {
            Expectation::parse(&format!("{path}/expect.toml"), &text).map_err(|errors| errors.to_string())
        };
        let expected = expected.filter(|_| self.compares_recorded).map(read).transpose()?;
        let began = Instant::now();
        // A mail that tells no time has the same on every run.
        let (mail, facts, _) = Said::default().circumstances(Message::parse(raw), case, Timestamp::from_seconds(0));
        let mail = Arc::new(mail);
        let now = again(&mail, &facts, &self.rulebook);
        let took = began.elapsed();
        let kinds: BTreeSet<&str> = now.missing.iter().map(Question::kind).collect();
        let row = Row {
            label: self.labels.of(&path, index),
            path,
            index,
            bytes: mail.message.raw.len(),
            digest: if self.wants_mail_digest { digest(&mail.message.raw) } else { String::new() },
            side: now.side(&mail, &self.rulebook),
            not_recorded: kinds.into_iter().map(ToOwned::to_owned).collect(),
            verdict: if self.wants_digest { now.verdict.digest() } else { String::new() },
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        };
        let before = match &self.before {
            Some(rulebook) => Some(again(&mail, &facts, rulebook).side(&mail, rulebook)),
            None => expected.as_ref().map(|expected| recorded::side(expected, &row.side, &self.rulebook)),
        };
        let is_same = expected
            .filter(|expected| !expected.verdict.is_empty())
            .map(|expected| expected.verdict == now.verdict.digest());
        let took = self.scales.as_ref().map(|scales| self.weighed(scales, &mail, &now)).unwrap_or_default();
        Ok(Done { row, before, is_same, took })
    }

    fn weighed(&self, scales: &Scales, mail: &Mail, now: &Again) -> Vec<Duration> {
        let rules = &self.rulebook.rules;
        let of_checks = |finding: &&Finding| rules.table.get(&finding.symbol).is_none_or(|rule| rule.when.is_empty());
        let found: Vec<Finding> = now.verdict.findings.iter().filter(of_checks).cloned().collect();
        let outside = Outside::of(&now.verdict.authentication, &now.facts);
        let scene = Scene::new(mail, Some(outside)).with_learned(self.rulebook.learned.as_deref());
        let began = Instant::now();
        scales.weigh(&rules.program, &scene, &found, &|| began.elapsed())
    }
}

/// Hands results on until all are there, or none comes any more after a stop.
fn receive(
    results: &Receiver<Vec<Told>>,
    stop: &Stop,
    each: &mut impl FnMut(Told) -> io::Result<()>,
) -> io::Result<()> {
    loop {
        match results.recv_timeout(LOOK_EVERY) {
            Ok(told) => told.into_iter().try_for_each(&mut *each)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            // The reader may hang on an input that says nothing.
            Err(RecvTimeoutError::Timeout) if stop.is_asked() => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_is_in_one_shard() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].iter().map(|text| text.parse().unwrap()).collect();
        for number in 0..50 {
            let name = format!("ham/{number}.eml");
            assert_eq!(shards.iter().filter(|shard| shard.takes(&name)).count(), 1);
        }
        assert!(["0/3", "4/3", "1", "1/0", "a/b"].iter().all(|text| text.parse::<Shard>().is_err()));
    }
}
