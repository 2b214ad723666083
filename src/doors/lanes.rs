//! Lanes: senders that this house knows keep room when strangers come in masses.
//!
//! Strangers share three quarters of the room for mails and for judging, and one network of theirs a sixteenth of the room
//! for mails; what is left over is for the house's own users and for networks that authenticated mail of that domain came from
//! before. Without strangers' rush nobody notices.

use super::desk::Limits;
use crate::{
    judge::{
        entry::Recalled,
        facts::{Fact, Question},
        policy::senders::subjects,
        rulebook::Rulebook,
    },
    limits,
    mail::{address::Address, envelope::Client},
    world::World,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

/// Who sends, as far as it can be told at MAIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A user or machine of the house, or somebody whose authenticated mail came this way before.
    Known,
    /// Anybody else, with the network that counts as one client.
    Stranger { network: String },
}

impl Standing {
    /// Asks the store, and not for long.
    pub async fn of(client: &Client, sender: &Address, rulebook: &Rulebook, world: &dyn World) -> Self {
        let Some(address) = subjects::judged(client) else { return Self::Known };
        let stranger = Self::Stranger { network: subjects::network(address) };
        let entry = subjects::standing(client, sender).filter(|_| subjects::asks_correspondence(&rulebook.senders));
        let Some(entry) = entry else { return stranger };
        let question = Question::Stored(entry);
        match timeout(limits::STANDING_SECONDS_MAX, world.ask(&question)).await {
            Ok(Fact::Stored(_, Recalled::Number(_))) => Self::Known,
            _ => stranger,
        }
    }
}

/// The room that strangers share.
pub struct Lanes {
    mails: Arc<Semaphore>,
    small_judges: Arc<Semaphore>,
    judged_kibibytes: Arc<Semaphore>,
    kibibytes: usize,
    /// Strangers' pieces of work on the CPU pool: as many as it has threads, so that nobody else queues behind them.
    turns: Arc<Semaphore>,
    networks: Arc<Mutex<BTreeMap<String, usize>>>,
    of_network_max: usize,
}

/// A stranger's place among the mails; given back when dropped.
pub struct Place {
    network: String,
    networks: Arc<Mutex<BTreeMap<String, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        match networks.get_mut(&self.network) {
            Some(mails) if *mails > 1 => *mails -= 1,
            _ => drop(networks.remove(&self.network)),
        }
    }
}

fn share(room: usize) -> usize {
    (room - room / 4).max(1)
}

impl Lanes {
    #[must_use]
    pub fn new(limits: &Limits, threads: usize) -> Self {
        let room = |room| Arc::new(Semaphore::new(share(room)));
        let kibibytes = share(limits.judged_bytes_max >> 10);
        Self {
            mails: room(limits.mails_max),
            small_judges: room(limits::SMALL_JUDGES_MAX),
            judged_kibibytes: Arc::new(Semaphore::new(kibibytes)),
            kibibytes,
            turns: Arc::new(Semaphore::new(threads.max(1))),
            networks: Arc::default(),
            of_network_max: (limits.mails_max / 16).max(1),
        }
    }

    /// Turns of strangers on the CPU pool.
    #[must_use]
    pub fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }

    /// A place for a mail; `Ok(None)` for who needs none.
    ///
    /// # Errors
    /// Strangers, or this network, have no room left: why, for the client.
    pub fn enter(&self, standing: &Standing) -> Result<Option<Place>, &'static str> {
        let Standing::Stranger { network } = standing else { return Ok(None) };
        let permit =
            Arc::clone(&self.mails).try_acquire_owned().map_err(|_| "too many mails at once, try again later")?;
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let mails = networks.entry(network.clone()).or_default();
        if *mails >= self.of_network_max {
            return Err("too many mails from your network at once, try again later");
        }
        *mails += 1;
        Ok(Some(Place { network: network.clone(), networks: Arc::clone(&self.networks), _permit: permit }))
    }

    /// Waits until a stranger's mail of that size may be judged, for less long than others wait; `None` when it may not.
    pub async fn judge(&self, bytes: usize, is_small: bool, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        let deadline = deadline.min(Instant::now() + limits::STRANGER_SECONDS_MAX);
        let large = (&self.judged_kibibytes, (bytes >> 10).clamp(1, self.kibibytes));
        let (semaphore, weight) = if is_small { (&self.small_judges, 1) } else { large };
        let weight = u32::try_from(weight).ok()?;
        timeout_at(deadline, Arc::clone(semaphore).acquire_many_owned(weight)).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(network: &str) -> Standing {
        Standing::Stranger { network: network.to_owned() }
    }

    #[test]
    fn strangers_leave_a_quarter_and_no_network_takes_all() {
        let lanes = Lanes::new(&Limits { mails_max: 64, ..Limits::default() }, 2);
        let mut places = Vec::new();
        for _ in 0..4 {
            places.push(lanes.enter(&stranger("192.0.2.0/24")).unwrap());
        }
        assert!(lanes.enter(&stranger("192.0.2.0/24")).is_err_and(|why| why.contains("network")));
        for number in 0..44 {
            places.push(lanes.enter(&stranger(&format!("10.0.{number}.0/24"))).unwrap());
        }
        assert!(lanes.enter(&stranger("198.51.100.0/24")).is_err());
        assert!(lanes.enter(&Standing::Known).is_ok_and(|place| place.is_none()));
        places.clear();
        assert!(lanes.networks.lock().unwrap().is_empty());
        assert!(lanes.enter(&stranger("192.0.2.0/24")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_waits_for_less_long() {
        let lanes = Lanes::new(&Limits { judged_bytes_max: 4 << 20, ..Limits::default() }, 2);
        let deadline = Instant::now() + limits::MAIL_SECONDS_MAX;
        let held = lanes.judge(8 << 20, false, deadline).await.expect("a mail of any size fits alone");
        assert!(lanes.judge(1 << 20, false, deadline).await.is_none());
        assert!(Instant::now() < deadline);
        drop(held);
        assert!(lanes.judge(1 << 20, false, deadline).await.is_some());
    }
}
