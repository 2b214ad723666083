//! Any message: SpamAssassin's views of it come without panic, within their bounds, in time linear in its octets.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use wehr::mail::{
    classic::{
        Classic,
        evals::{self, Eval, Kind},
    },
    message::Message,
};

/// One use of each function that walks over a whole view.
static EVALS: LazyLock<Vec<Eval>> = LazyLock::new(|| {
    let calls: [(&str, &[&str]); 22] = [
        ("html_range", &["obfuscation_ratio", ".1", "inf"]),
        ("html_image_ratio", &["0.000", "0.002"]),
        ("html_text_match", &["comment", "<!(?!-).{0,6}>"]),
        ("check_https_http_mismatch", &["1", "10"]),
        ("check_https_ip_mismatch", &[]),
        ("check_for_mime", &["mime_qp_count"]),
        ("check_base64_length", &["78", "79"]),
        ("check_for_uppercase", &["25", "50"]),
        ("multipart_alternative_difference", &["99", "100"]),
        ("check_blank_line_ratio", &["80", "90", "4"]),
        ("tvd_vertical_words", &["0", "10"]),
        ("check_stock_info", &["2"]),
        ("plaintext_sig_length", &["1", "2"]),
        ("check_for_shifted_date", &["3", "6"]),
        ("check_outlook_message_id", &[]),
        ("image_count", &["all", "1", "2"]),
        ("check_illegal_chars", &["ALL", "0.010", "2"]),
        ("similar_recipients", &["0.65", "undef"]),
        ("check_unresolved_template", &[]),
        ("check_for_forged_yahoo_received_headers", &[]),
        ("check_for_forged_received_trail", &[]),
        ("check_freemail_replyto", &["reply"]),
    ];
    let owned = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    let settings = Arc::default();
    calls.iter().filter_map(|(name, args)| evals::resolve(name, &owned(args), Kind::Body, &settings)).collect()
});

fuzz_target!(|raw: &[u8]| {
    let classic = Classic::of(&Message::parse(Bytes::copy_from_slice(raw)));
    assert!(classic.body().iter().all(|line| line.len() <= 2049));
    assert!(classic.rawbody().iter().all(|chunk| chunk.len() <= 4097));
    assert!(classic.full().len() <= raw.len() + 1);
    let _ = classic.uris().count();
    for request in [
        "Subject",
        "Subject:raw",
        "From:addr",
        "From:name",
        "ToCc:addr:domain",
        "From:host",
        "Received:ip",
        "ALL",
        "ALL:raw",
        "ALL-EXTERNAL",
        "ALL-TRUSTED:raw",
        "EnvelopeFrom",
        "MESSAGEID",
        "X-Spam-Relays-Untrusted",
    ] {
        let _ = classic.header(request);
    }
    let _ = classic.mime_headers("Content-Type");
    for eval in EVALS.iter() {
        let _ = eval.holds(&classic);
    }
});
