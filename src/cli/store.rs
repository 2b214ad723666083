//! The store, for verbs that look into it.

use super::output::{self, Ending};
use crate::{
    config::Settings,
    mail::timestamp::Timestamp,
    world::{
        clock,
        store::{Site, Store, Trouble},
    },
};
use std::{fmt::Display, path::Path, sync::Arc};

/// Opens the store that a configuration names; otherwise it has been said why not.
pub(super) fn open(config: Option<&Path>) -> Result<Arc<dyn Store>, Ending> {
    let settings = Settings::load(config).map_err(unusable)?;
    if let Site::File(path) = &settings.state
        && !path.exists()
    {
        let path = path.display();
        return Err(unusable(format_args!("{path}: there is no store yet; wehr serve makes it with its first mail")));
    }
    settings.state.open_beside().map_err(unusable)
}

fn unusable(why: impl Display) -> Ending {
    output::trouble(why);
    Ending::Unreadable
}

/// Says that the store failed.
pub(super) fn unreadable(trouble: &Trouble) -> Ending {
    unusable(format_args!("{trouble}; is it a store, and may you write it?"))
}

/// A moment of the store, RFC 3339.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_seconds(seconds).to_string()
}

/// The time of day, as the store counts it.
pub(super) fn now() -> i64 {
    clock::now().seconds()
}
