//! The cases, in the order they run: the parts alone first, so that a fault of theirs is not taken for ours.

mod archives;
mod failures;
mod operation;
mod panels;
mod parts_alone;
mod recording;
mod sealing;
mod transport;
mod verdicts;

use crate::{lab::Lab, parts::Part};

/// One case: what it needs and what it does. It fails by panicking.
pub struct Case {
    pub name: &'static str,
    pub needs: &'static [Part],
    pub run: fn(&mut Lab),
}

/// The parts that the whole way of a mail takes.
const WHOLE_WAY: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd];
const WITH_OPENSSL: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd, Part::Openssl];
const WITH_READERS: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd, Part::Openssl, Part::Gpg];
const METRICS: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd, Part::Promtool];
const WITH_PROMETHEUS: &[Part] = &[Part::Root, Part::Postfix, Part::Dovecot, Part::Clamd, Part::Prometheus];

const fn case(name: &'static str, run: fn(&mut Lab)) -> Case {
    Case { name, needs: WHOLE_WAY, run }
}

pub const ALL: &[Case] = &[
    case("parts_alone::postfix_delivers_to_dovecot", parts_alone::delivers),
    case("parts_alone::dovecot_refuses_unknown_mailboxes", parts_alone::refuses),
    case("parts_alone::clamd_finds_eicar", parts_alone::clamd_finds_eicar),
    case("clean_mail_over_the_milter_on_tcp", verdicts::clean_over_tcp),
    case("clean_mail_over_the_milter_on_a_unix_socket", verdicts::clean_over_unix),
    case("clean_mail_over_lmtp", verdicts::clean_over_lmtp),
    case("clean_mail_over_both_doors", verdicts::clean_over_both),
    Case { name: "starttls_is_seen_by_the_milter", needs: WITH_OPENSSL, run: verdicts::starttls_is_seen },
    case("secure_alias_at_the_milter", transport::alias_at_the_milter),
    case("secure_alias_at_the_lmtp_door", transport::alias_at_the_lmtp_door),
    case("client_certificate_at_both_doors", transport::certificate_at_both_doors),
    case("partners_are_counted", transport::partners_are_counted),
    case("several_mails_on_one_connection", verdicts::several_mails_on_one_connection),
    case("forged_sender_is_refused", verdicts::forged_sender_is_refused),
    case("virus_is_refused", verdicts::virus_is_refused),
    case("virus_that_clamd_cannot_unpack_is_refused", archives::virus_that_clamd_cannot_unpack_is_refused),
    case("one_recipient_refused_beside_one_taken", verdicts::one_recipient_refused_beside_one_taken),
    case("mail_of_25_megabytes", verdicts::large_mail_goes_through),
    case("mail_over_the_limit_gets_552", verdicts::too_large_mail_is_refused),
    case("forged_authentication_results_are_removed", verdicts::forged_results_are_removed),
    case("quarantine_at_the_milter_is_the_hold_queue", verdicts::held_by_the_mta),
    case("quarantine_at_the_lmtp_door_is_encrypted_and_released", verdicts::set_aside_at_the_lmtp_door),
    case("recorded_mails_are_judged_alike_again", recording::recorded_mails_are_judged_alike_again),
    case("clamd_killed_mid_stream_at_the_milter", failures::clamd_killed_mid_stream_at_the_milter),
    case("clamd_killed_mid_stream_at_the_lmtp_door", failures::clamd_killed_mid_stream_at_the_lmtp_door),
    case("mailstore_away", failures::mailstore_away),
    Case { name: "sealed_mail_is_read_back_from_dovecot", needs: WITH_READERS, run: sealing::read_back },
    Case { name: "promtool_finds_the_metrics_clean", needs: METRICS, run: operation::metrics_are_clean },
    Case {
        name: "prometheus_takes_dashboards_and_alerts",
        needs: WITH_PROMETHEUS,
        run: panels::prometheus_takes_dashboards_and_alerts,
    },
    case("sighup_reloads", operation::reload),
    case("sigterm_drains", operation::drains),
    case("killed_under_load", failures::killed_under_load),
];
