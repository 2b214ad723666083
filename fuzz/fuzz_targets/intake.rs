//! The header section while it comes in: any chunking of any bytes finds the same fields as reading them at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wehr::mail::{head::Head, intake::Intake};

fuzz_target!(|input: &[u8]| {
    let Some((size, raw)) = input.split_first() else { return };
    let whole = Head::parse(&raw.to_vec().into());
    let mut intake = Intake::new(raw.len());
    let mut heads = Vec::new();
    for chunk in raw.chunks(usize::from(*size).max(1)) {
        match intake.feed(chunk) {
            Ok(head) => heads.extend(head),
            Err(_) => return,
        }
    }
    assert_eq!(intake.bytes(), raw.len());
    assert!(heads.len() <= 1);
    for head in heads {
        assert_eq!(head.len_bytes(), whole.len_bytes());
        let fields = |head: &Head| head.fields().iter().map(|field| field.raw.to_vec()).collect::<Vec<_>>();
        assert_eq!(fields(&head), fields(&whole));
    }
});
