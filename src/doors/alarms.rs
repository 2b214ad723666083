//! Alarms: what an operator has to hear once, not with every mail.

use crate::judge::{checks::dns_lists::BROKEN, findings::Finding};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// What was told since the start. It holds as many entries as lists were ever configured.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<BTreeSet<String>>);

impl Alarms {
    /// Tells each list that answers its test entries wrongly, once.
    pub fn hear(&self, findings: &[Finding]) {
        for Finding { detail: zone, .. } in findings.iter().filter(|finding| finding.symbol == BROKEN) {
            if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(zone.clone()) {
                tracing::warn!(zone, "the DNS list answers its test entries wrongly: it is not believed; take it off");
            }
        }
    }
}
