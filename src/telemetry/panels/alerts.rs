//! When somebody is told, and what to do then. Pure data.
//!
//! Thresholds suit a house of some hundred mailboxes. Times of day are UTC, as Prometheus counts them.

use super::{
    Alert,
    Severity::{self, Critical, Warning},
};

const fn alert(
    name: &'static str,
    severity: Severity,
    lasting: &'static str,
    query: &'static str,
    summary: &'static str,
    runbook: &'static str,
) -> Alert {
    Alert { name, query, lasting, severity, summary, runbook }
}

/// All alerts.
pub const ALL: &[Alert] = &[
    alert(
        "WehrDown",
        Critical,
        "2m",
        "absent(wehr_build_info) or ((wehr_build_info offset 15m) unless on (instance, job) wehr_build_info)",
        "Prometheus gets no series from Wehr {{ $labels.instance }}.",
        "Is the service running (systemctl status wehr, journalctl -u wehr)? Does the scrape reach http.listen? While \
         it is down the MTA keeps mail or does as its milter_default_action says. `wehr config check FILE` tells \
         whether the configuration keeps it from starting.",
    ),
    alert(
        "WehrRestarting",
        Warning,
        "0m",
        "changes(process_start_time_seconds[30m]) > 2 and on (instance, job) wehr_build_info",
        "Wehr {{ $labels.instance }} was started {{ $value }} times again within 30 minutes.",
        "journalctl -u wehr tells why it ended. If the kernel ended it for memory, see WehrMemory. No mail is lost by \
         an end: what had no reply stays with the MTA.",
    ),
    alert(
        "WehrNoMail",
        Warning,
        "0m",
        "sum by (instance) (increase(wehr_mails_total[15m])) == 0 \
         and on (instance) (time() - process_start_time_seconds > 900) \
         and on () (hour() >= 6 < 16) and on () (day_of_week() > 0 < 6)",
        "No mail came through Wehr {{ $labels.instance }} for 15 minutes of a working day.",
        "Look at the MTA first: does it take mail (its log), does it still call the milter or the LMTP door (smtpd_milters, \
         lmtp_destination)? Then at wehr_connections and wehr_refused_early_total. Holidays are not known here: silence the alert.",
    ),
    alert(
        "WehrDeferralsRise",
        Critical,
        "5m",
        "sum by (instance) (rate(wehr_mails_total{action=\"defer\"}[10m])) \
         / sum by (instance) (rate(wehr_mails_total[10m])) > 0.1 \
         and sum by (instance) (increase(wehr_mails_total[10m])) >= 10",
        "{{ $value | humanizePercentage }} of the mails at Wehr {{ $labels.instance }} are put off.",
        "Senders keep these mails and try again. wehr_dependency_up and the log name the dependency that does not \
         answer; `wehr drill --down clamd` (or dns, mailstore, quarantine) tells what its loss does to mail.",
    ),
    alert(
        "WehrRefusalsRise",
        Warning,
        "15m",
        "sum by (instance) (rate(wehr_mails_total{action=~\"reject|quarantine\"}[30m])) \
         / sum by (instance) (rate(wehr_mails_total[30m])) > 0.8 \
         and sum by (instance) (increase(wehr_mails_total[30m])) >= 50",
        "{{ $value | humanizePercentage }} of the mails at Wehr {{ $labels.instance }} are refused or set aside.",
        "An attack, or a rule that hits too much: topk(10, rate(wehr_symbols_total[30m])) names what was found. `wehr explain` on \
         a mail of the quarantine tells why. A rule is put in the shadow by `shadow = true` in its file, and counts within seconds.",
    ),
    alert(
        "WehrScannerSilent",
        Critical,
        "2m",
        "wehr_dependency_up{dependency=\"clamd\"} == 0",
        "The virus scanner of Wehr {{ $labels.instance }} gives no answers.",
        "Is clamd running, and does clamd.address name it? It answers nothing while it loads its database. Mail gets \
         VIRUS_SCAN_FAILED meanwhile, which puts it off unless policy.actions says otherwise.",
    ),
    alert(
        "WehrDnsFailing",
        Critical,
        "5m",
        "sum by (instance) (rate(wehr_questions_total{kind!~\"virus.*\", outcome=~\"timeout|refused|interrupted|malformed\"}[10m])) \
         / sum by (instance) (rate(wehr_questions_total{kind!~\"virus.*\"}[10m])) > 0.2 \
         or on (instance) wehr_dependency_up{dependency=\"dns\"} == 0",
        "Name servers of Wehr {{ $labels.instance }} do not answer.",
        "Ask them by hand: dig @SERVER example.com TXT, with the servers of dns.resolvers. Without DNS no sender is \
         authenticated: results are temperror, and forged mail is not seen as such.",
    ),
    alert(
        "WehrMailstoreDown",
        Critical,
        "2m",
        "wehr_dependency_up{dependency=\"mailstore\"} == 0",
        "The mailstore behind Wehr {{ $labels.instance }} does not take mail.",
        "Is its LMTP service running, and does deliver.to name it? The log has the reason (mailstore: ...). Mail stays in \
         the queue of the MTA and is delivered when the mailstore is back; nothing is lost.",
    ),
    alert(
        "WehrQuarantineFailing",
        Critical,
        "0m",
        "wehr_dependency_up{dependency=\"quarantine\"} == 0",
        "Wehr {{ $labels.instance }} cannot store mail in its quarantine.",
        "Is the disk of quarantine.folder full or read-only, does the folder belong to the user of the service? Mail that \
         should be set aside is put off meanwhile.",
    ),
    alert(
        "WehrStoreDown",
        Warning,
        "5m",
        "wehr_dependency_up{dependency=\"store\"} == 0",
        "The store of Wehr {{ $labels.instance }} fails.",
        "Is the Redis server of state.url up, or the folder of its file writable and its disk not full? The log has the reason (the store fails). \
         Mail goes on: nobody is new meanwhile, no limit is reached, no campaign is seen.",
    ),
    alert(
        "WehrCampaign",
        Warning,
        "0m",
        "increase(wehr_campaigns_total[15m]) > 0",
        "One mail reaches many mailboxes at Wehr {{ $labels.instance }}.",
        "`wehr campaigns` lists them, `wehr campaigns show ID --passed` the mails that went on before it was known, by the reference of log and \
         header. If it is unwanted, raise CAMPAIGN in policy.scores or give it an action in policy.actions; if it is a newsletter of \
         yours, name its domain in `spared` of policy.senders.",
    ),
    alert(
        "WehrPanics",
        Critical,
        "0m",
        "increase(wehr_judge_panics_total[1h]) > 0",
        "A check of Wehr {{ $labels.instance }} broke on a mail; the mail was put off.",
        "It is a mistake of ours. The folder `faults` beside the state file has message and case: `wehr scan` on it \
         repeats the fault. Report it; the message stays with you if it must.",
    ),
    alert(
        "WehrJudgeQueue",
        Warning,
        "5m",
        "histogram_quantile(0.95, sum by (instance, le) (rate(wehr_stage_seconds_bucket{stage=\"queue\"}[5m]))) > 1",
        "Mails at Wehr {{ $labels.instance }} wait {{ $value | humanizeDuration }} for their turn to be judged.",
        "Too little CPU, or many large mails at once: look at process_cpu_seconds_total, wehr_mails_open and \
         wehr_message_bytes. Mails that wait too long are put off.",
    ),
    alert(
        "WehrRefusedEarly",
        Warning,
        "0m",
        "sum by (instance) (increase(wehr_refused_early_total{class=\"4xx\"}[10m])) > 5",
        "Wehr {{ $labels.instance }} put off {{ $value | humanize }} mails without looking at them.",
        "A limit (mails at once), a full disk under the spool (TMPDIR), or a fault of ours: the log names it. See \
         wehr_mails_open and free space.",
    ),
    alert(
        "WehrConnectionsRefused",
        Warning,
        "0m",
        "sum by (instance, door) (increase(wehr_connections_refused_total[10m])) > 0",
        "Wehr {{ $labels.instance }} refused connections at its {{ $labels.door }} door.",
        "limits.connections_max or the open files allowed (LimitNOFILE) are too low, or somebody holds connections \
         open: compare wehr_connections with the concurrency that the MTA is configured for.",
    ),
    alert(
        "WehrCoverageGaps",
        Warning,
        "15m",
        "sum by (instance, engine) (increase(wehr_coverage_gaps_total[30m])) \
         / on (instance) group_left () sum by (instance) (increase(wehr_mails_total[30m])) > 0.2 \
         and sum by (instance, engine) (increase(wehr_coverage_gaps_total[30m])) > 20",
        "The {{ $labels.engine }} of Wehr {{ $labels.instance }} leaves out parts of many mails ({{ $value | humanize }} a mail).",
        "sum by (engine, reason) (increase(wehr_coverage_gaps_total[30m])) names the reasons: failures of the scanner, or \
         archives beyond our bounds (an attack). What such mail gets is said by `unread` and `incomplete` of policy.recipients.",
    ),
    alert(
        "WehrVerdictSlow",
        Warning,
        "10m",
        "histogram_quantile(0.95, sum by (instance, stage, le) \
         (rate(wehr_stage_seconds_bucket{stage=~\"parse|judge|ask\"}[10m]))) > 15",
        "Verdicts of Wehr {{ $labels.instance }} are slow: stage {{ $labels.stage }} takes {{ $value | humanizeDuration }}.",
        "ask: a name server or clamd is slow (wehr_question_seconds by kind). parse, judge: too little CPU, or a rule that \
         costs too much (`wehr rules check`). At 60 s a verdict is made with what is known.",
    ),
    alert(
        "WehrBalance",
        Critical,
        "10m",
        "abs(sum by (instance) (wehr_mails_begun_total) - sum by (instance) (wehr_mails_total) \
         - sum by (instance) (wehr_refused_early_total) - sum by (instance) (wehr_aborted_total) \
         - sum by (instance) (wehr_mails_open)) > 0",
        "The books of Wehr {{ $labels.instance }} do not balance: {{ $value }} mails are unaccounted for.",
        "Every mail begun has to end as accepted, tagged, set aside, put off, refused or given up. A difference that stays \
         is a mistake of ours: keep log and metrics, and report it.",
    ),
    alert(
        "WehrDeliveryBalance",
        Critical,
        "10m",
        "sum by (instance) (wehr_recipients_total{door=\"lmtp\", action=~\"accept|tag\"}) \
         - sum by (instance) (wehr_deliveries_total{class=\"2xx\"}) > 0",
        "Wehr {{ $labels.instance }} said yes to {{ $value }} recipients more than the mailstore did.",
        "No recipient may be told yes before the mailstore said so. A difference that stays is mail that may be lost, and a \
         mistake of ours: keep log and metrics, compare the MTA's log with the mailstore's by queue ID, and report it.",
    ),
    alert(
        "WehrReloadFailed",
        Warning,
        "0m",
        "increase(wehr_reloads_total{result=\"failed\"}[15m]) > 0",
        "Wehr {{ $labels.instance }} could not load its new configuration; the old one stays in force.",
        "The log has every error with file, line and column (`reload failed`); `wehr config check FILE` repeats them. \
         Mend the file and send SIGHUP (systemctl reload wehr).",
    ),
    alert(
        "WehrEditsLeftOut",
        Warning,
        "0m",
        "increase(wehr_edits_left_out_total[1h]) > 0",
        "The MTA does not let Wehr {{ $labels.instance }} edit headers.",
        "Forged Authentication-Results may reach readers. The MTA has to offer adding and changing headers in the milter \
         negotiation: see docs/mta.md for its setting.",
    ),
    alert(
        "WehrMemory",
        Warning,
        "10m",
        "process_resident_memory_bytes > on (instance, job) 0.9 * wehr_memory_bytes_max",
        "Wehr {{ $labels.instance }} uses {{ $value | humanize1024 }}B of memory, near the most that mails should take.",
        "wehr_memory_bytes_max is what mails take at most under the configured limits. Look at wehr_mails_open and \
         wehr_message_bytes; lower limits.spool_memory_bytes_max or limits.message_bytes_max if the machine has less.",
    ),
    alert(
        "WehrOpenFiles",
        Warning,
        "5m",
        "process_open_fds / process_max_fds > 0.8 and on (instance, job) wehr_build_info",
        "Wehr {{ $labels.instance }} has {{ $value | humanizePercentage }} of its allowed files open.",
        "Raise LimitNOFILE of the service, or lower limits.connections_max. wehr_connections tells which door holds them.",
    ),
];
