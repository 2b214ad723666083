//! Properties of reading mail: any bytes, any chunking.

use bytes::Bytes;
use proptest::prelude::*;
use wehr::mail::{head::Head, intake::Intake};

fn raw_fields(head: &Head) -> Vec<Vec<u8>> {
    head.fields().iter().map(|field| field.raw.to_vec()).collect()
}

/// Octets that matter to a header section, so that short inputs meet every rule.
fn headish() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), Just(b'a'), any::<u8>()];
    prop::collection::vec(byte, 0..80)
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_head(raw in headish(), cuts in prop::collection::vec(0usize..80, 0..8)) {
        let whole = Head::parse(&Bytes::from(raw.clone()));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(raw.len())).collect();
        cuts.push(raw.len());
        cuts.sort_unstable();
        let mut intake = Intake::new(raw.len());
        let mut heads = Vec::new();
        let mut at = 0;
        for cut in cuts {
            heads.extend(intake.feed(&raw[at..cut]).unwrap());
            at = cut;
        }
        prop_assert_eq!(intake.bytes(), raw.len());
        prop_assert!(heads.len() <= 1);
        if let Some(head) = heads.first() {
            prop_assert_eq!(raw_fields(head), raw_fields(&whole));
            prop_assert_eq!(head.len_bytes(), whole.len_bytes());
        } else {
            // No empty line: the whole of it is header section.
            prop_assert_eq!(whole.len_bytes(), raw.len());
        }
    }
}
