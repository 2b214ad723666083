//! The store on a Redis or Valkey server that several machines share.
//!
//! Touches the network. An entry is a hash with the fields `e` (expiry), `v` (value) or `n` (counter). A server that fails
//! is left alone for a moment, so that mails do not queue before it.

use super::{
    Change, Kind, Store, Trouble,
    secure::{Authorities, Secure},
};
use crate::limits;
use redis::{Client, ConnectionAddr, ConnectionLike, RedisError};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long one call may take.
const WAIT_SECONDS_MAX: Duration = Duration::from_secs(1);
/// How long a server that failed is not asked again.
const LEFT_ALONE: Duration = Duration::from_secs(2);
/// Keys that are looked through in one step of a listing.
const SCAN_STEP: usize = 1000;

/// All changes in one script: nobody sees half of them. Expiries are compared with the caller's clock; the server
/// only clears away (after ten years at the latest).
const CHANGE: &str = r"
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local op, value, expires = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
  local ends = redis.call('HGET', key, 'e')
  if ends and tonumber(ends) <= now then
    redis.call('DEL', key)
    ends = false
  end
  if op == 'forget' then
    redis.call('DEL', key)
  elseif op ~= 'new' or not ends then
    local width, most = string.match(op, '^append (%d+) (%d+)$')
    if width then
      width, most = tonumber(width), tonumber(most)
      local kept, there = {}, {}
      local before = redis.call('HGET', key, 'v') or ''
      for at = 1, #before, width do
        local record = string.sub(before, at, at + width - 1)
        there[record] = (there[record] or 0) + 1
        table.insert(kept, record)
      end
      for at = 1, #value, width do
        local record = string.sub(value, at, at + width - 1)
        if not there[record] then
          there[record] = 1
          table.insert(kept, record)
        end
        if #kept > most then
          local gone = table.remove(kept, math.floor(most / 2) + 1)
          there[gone] = nil
        end
      end
      redis.call('HSET', key, 'v', table.concat(kept))
    elseif op == 'add' then redis.call('HINCRBY', key, 'n', value)
    else redis.call('HSET', key, 'v', value) end
    redis.call('HSET', key, 'e', expires)
    local left = math.min(math.max(tonumber(expires) - now, 1), 315360000)
    redis.call('EXPIRE', key, string.format('%d', left))
  end
end";

/// Expiry, value, counter.
type Kept = (Option<i64>, Option<Vec<u8>>, Option<u64>);

/// A store on a server.
pub struct Server {
    client: Client,
    /// `None`: not encrypted.
    authorities: Option<Authorities>,
    /// The server without password, for operators.
    name: String,
    idle: Mutex<Vec<Line>>,
    failed: Mutex<Option<(Instant, Trouble)>>,
    /// Connections that are in use.
    busy: Mutex<usize>,
    freed: Condvar,
}

/// An open connection of either kind.
type Line = Box<dyn ConnectionLike + Send>;

/// One of the few connections that may be in use at once, given back when dropped.
struct Seat<'s>(&'s Server);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut busy = locked(&self.0.busy);
        *busy = busy.saturating_sub(1);
        self.0.freed.notify_one();
    }
}

impl Server {
    /// Connects nowhere yet; `ca` is a file of certificates to trust.
    ///
    /// # Errors
    /// The URL is none: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` likewise under TLS, or
    /// `redis+unix:///PATH`; or the file is none.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, Trouble> {
        let (bare, is_secure) = match url.strip_prefix("rediss:") {
            Some(rest) => (format!("redis:{rest}"), true),
            None => (url.to_owned(), false),
        };
        let client = Client::open(bare).map_err(|error| Trouble(format!("no URL of a Redis server: {error}")))?;
        let authorities = is_secure.then(|| Authorities::read(ca)).transpose()?;
        let name = match client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) => format!("{host}:{port}"),
            other => other.to_string(),
        };
        let (idle, failed, busy, freed) = (Mutex::default(), Mutex::default(), Mutex::default(), Condvar::new());
        Ok(Self { client, authorities, name, idle, failed, busy, freed })
    }

    /// Does some work over a connection of its own, so that a slow answer holds nobody else. An idle connection that turns out
    /// to be closed is replaced once: a counter may then count a mail twice, all else is as if it was done once.
    fn with<T>(&self, work: impl Fn(&mut Line) -> Result<T, RedisError>) -> Result<T, Trouble> {
        self.not_left_alone()?;
        let _seat = self.seat()?;
        let idle = locked(&self.idle).pop();
        let again = idle.and_then(|mut line| match work(&mut line) {
            Err(error) if error.is_connection_dropped() => None,
            done => Some((line, done)),
        });
        let (line, done) = match again {
            Some((line, done)) => (Some(line), done),
            None => match self.connected() {
                Ok(mut line) => {
                    let done = work(&mut line);
                    (Some(line), done)
                }
                Err(error) => (None, Err(error)),
            },
        };
        match done {
            Ok(done) => {
                *locked(&self.failed) = None;
                locked(&self.idle).extend(line.filter(|line| line.is_open()));
                Ok(done)
            }
            Err(error) => {
                let trouble = Trouble(format!("the Redis server {}: {error}", self.name));
                *locked(&self.failed) = Some((Instant::now(), trouble.clone()));
                locked(&self.idle).clear();
                Err(trouble)
            }
        }
    }

    fn not_left_alone(&self) -> Result<(), Trouble> {
        match &*locked(&self.failed) {
            Some((since, trouble)) if since.elapsed() < LEFT_ALONE => Err(trouble.clone()),
            _ => Ok(()),
        }
    }

    fn seat(&self) -> Result<Seat<'_>, Trouble> {
        let is_full = |busy: &mut usize| *busy >= limits::STORE_CONNECTIONS_MAX;
        let waited = self.freed.wait_timeout_while(locked(&self.busy), WAIT_SECONDS_MAX, is_full);
        let (mut busy, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *busy >= limits::STORE_CONNECTIONS_MAX {
            return Err(Trouble(format!("the Redis server {}: all connections wait for answers", self.name)));
        }
        *busy += 1;
        Ok(Seat(self))
    }

    fn connected(&self) -> Result<Line, RedisError> {
        if let Some(authorities) = &self.authorities {
            let secure = Secure::connect(self.client.get_connection_info(), authorities, WAIT_SECONDS_MAX)?;
            return Ok(Box::new(secure));
        }
        let open = self.client.get_connection_with_timeout(WAIT_SECONDS_MAX)?;
        open.set_read_timeout(Some(WAIT_SECONDS_MAX))?;
        open.set_write_timeout(Some(WAIT_SECONDS_MAX))?;
        Ok(Box::new(open))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Server {
    fn get(&self, kind: Kind, keys: &[String], now: i64) -> Result<Vec<Option<Vec<u8>>>, Trouble> {
        let names: Vec<String> = keys.iter().map(|key| name(kind, key)).collect();
        let kept = self.with(|open| read(open, &names))?;
        Ok(kept.into_iter().map(|kept| live(kept, now)).collect())
    }

    fn change(&self, changes: &[Change], now: i64) -> Result<(), Trouble> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("EVAL");
        command.arg(CHANGE).arg(changes.len());
        for change in changes {
            command.arg(name(change.kind(), change.key()));
        }
        command.arg(now);
        for change in changes {
            match change {
                Change::Put { value, expires, .. } => command.arg("put").arg(value).arg(*expires),
                Change::PutNew { value, expires, .. } => command.arg("new").arg(value).arg(*expires),
                Change::Add { by, expires, .. } => command.arg("add").arg(*by).arg(*expires),
                Change::Append { records, width, most, expires, .. } => {
                    command.arg(format!("append {width} {most}")).arg(records).arg(*expires)
                }
                Change::Forget { .. } => command.arg("forget").arg("").arg(0),
            };
        }
        self.with(|open| command.query::<()>(&mut **open))
    }

    fn all(&self, kind: Kind, now: i64) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
        let prefix = name(kind, "");
        self.with(|open| {
            // A listing may name a key twice.
            let (mut found, mut cursor) = (BTreeMap::new(), 0_u64);
            loop {
                let mut step = redis::cmd("SCAN");
                step.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(SCAN_STEP);
                let (next, names): (u64, Vec<String>) = step.query(&mut **open)?;
                let kept = read(open, &names)?;
                for (name, kept) in names.into_iter().zip(kept) {
                    let key = name.strip_prefix(&prefix).map(ToOwned::to_owned);
                    found.extend(key.zip(live(kept, now)));
                }
                cursor = next;
                if cursor == 0 || found.len() >= limits::STORE_LISTED_MAX {
                    break;
                }
            }
            Ok(found.into_iter().collect())
        })
    }
}

fn name(kind: Kind, key: &str) -> String {
    format!("wehr:{}:{key}", kind.word())
}

fn read(open: &mut Line, names: &[String]) -> Result<Vec<Kept>, RedisError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut ask = redis::pipe();
    for name in names {
        ask.cmd("HMGET").arg(name).arg("e").arg("v").arg("n");
    }
    ask.query(&mut **open)
}

/// The value, unless it has expired; a counter as eight octets.
fn live((expires, value, counter): Kept, now: i64) -> Option<Vec<u8>> {
    let value = value.or_else(|| counter.map(|sum| sum.to_be_bytes().to_vec()))?;
    (expires? > now).then_some(value)
}
