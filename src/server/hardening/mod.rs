//! What a server gives away before it takes the first mail, so that whoever takes it over gets little (DESIGN.md D59).
//!
//! Landlock counts for the thread that asks for it and those it starts: `harden` has to run before any other thread does.

pub mod calls;
pub mod files;
pub mod reach;

use self::reach::Reach;
use crate::config::{Settings, hardening::Wanted};
use std::{fmt, path::Path, thread};

/// How a layer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody asked for it.
    #[default]
    Off,
    /// The kernel does not have it.
    Absent,
    /// The kernel is older than some of what was asked.
    Partial,
    Full,
}

impl Standing {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Absent => "absent",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }
}

/// What is in force.
#[derive(Clone, Debug, Default)]
pub struct InForce {
    pub landlock: Standing,
    pub seccomp: Standing,
    /// What the process may still reach; `None`: whatever its user may.
    pub reach: Option<Reach>,
}

impl fmt::Display for InForce {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "landlock: {}\nseccomp: {}\n", self.landlock.word(), self.seccomp.word())
    }
}

/// Gives away what these settings do not need, for this thread and all that it starts from now on.
///
/// # Errors
/// A layer is required, and the kernel does not have it; in words.
pub fn harden(config: Option<&Path>, settings: &Settings) -> Result<InForce, String> {
    let wanted = settings.hardening;
    let mut in_force = InForce::default();
    if wanted.landlock != Wanted::Off {
        let reach = Reach::of(config, settings);
        reach.make_folders();
        in_force.landlock = stood("landlock", wanted.landlock, files::restrict(&reach))?;
        in_force.reach = (in_force.landlock >= Standing::Partial).then_some(reach);
    }
    if wanted.seccomp != Wanted::Off {
        let applied = calls::restrict().map(|()| Standing::Full);
        in_force.seccomp = stood("seccomp", wanted.seccomp, applied)?;
    }
    let (landlock, seccomp) = (in_force.landlock.word(), in_force.seccomp.word());
    tracing::info!(landlock, seccomp, "what this process may do is bounded");
    Ok(in_force)
}

/// What this kernel would put in force: Landlock, seccomp. A thread tries it on itself and ends.
#[must_use]
pub fn offered() -> (Standing, Standing) {
    let tried = thread::spawn(|| {
        let landlock = files::restrict(&Reach::default()).unwrap_or(Standing::Absent);
        (landlock, calls::restrict().map_or(Standing::Absent, |()| Standing::Full))
    });
    tried.join().unwrap_or_default()
}

fn stood(layer: &str, wanted: Wanted, got: Result<Standing, String>) -> Result<Standing, String> {
    match (got, wanted) {
        (Ok(standing @ (Standing::Full | Standing::Partial)), _) => Ok(standing),
        (Ok(_), Wanted::Require) => {
            Err(format!("hardening.{layer} is require, and this kernel has none of it; use another kernel, or say try"))
        }
        (Err(why), Wanted::Require) => Err(format!("hardening.{layer} is require, and the kernel refused: {why}")),
        (Ok(standing), _) => Ok(standing),
        (Err(why), _) => {
            tracing::warn!(why, "hardening: a layer is not in force");
            Ok(Standing::Absent)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_and_absent_is_an_error() {
        assert_eq!(stood("landlock", Wanted::Try, Ok(Standing::Absent)), Ok(Standing::Absent));
        assert!(stood("landlock", Wanted::Require, Ok(Standing::Absent)).unwrap_err().contains("say try"));
        assert!(stood("seccomp", Wanted::Require, Err("no".to_owned())).is_err());
        assert_eq!(stood("seccomp", Wanted::Try, Err("no".to_owned())), Ok(Standing::Absent));
        assert_eq!(stood("seccomp", Wanted::Require, Ok(Standing::Full)), Ok(Standing::Full));
    }
}
