//! TODO(auth): Authentication-Results: what we write, what we read, what is forged (RFC 8601).

use super::{Authentication, Settings};
use crate::mail::{Mail, head::Field};

/// The value of our own Authentication-Results field.
#[must_use]
pub fn authentication_results(mail: &Mail, authentication: &Authentication, settings: &Settings) -> String {
    let _ = (mail, authentication);
    format!("{}; none", settings.authserv_id)
}

/// Does this field claim to be written by us?
#[must_use]
pub fn is_forged(field: &Field, settings: &Settings) -> bool {
    let _ = (field, settings);
    false
}
