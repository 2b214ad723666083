//! Pages and texts: any text gives links that are links, each once, and a page within its bounds; folding comes to rest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use wehr::{
    limits,
    mail::{address::Domain, content::LinkPlace, fold::fold, links::Links, lookalike::Looks},
};

fuzz_target!(|text: &str| {
    let mut links = Links::default();
    let page = links.html(text, LinkPlace::Html);
    links.text(text, LinkPlace::Text);
    let (found, _) = links.finish();
    assert!(found.len() <= limits::LINKS_MAX);
    let distinct: BTreeSet<_> = found.iter().map(|link| (link.place, &link.url)).collect();
    assert_eq!(distinct.len(), found.len());
    assert!(page.anchors.len() <= limits::PAGE_ANCHORS_MAX);
    assert!(page.anchors.iter().all(|anchor| anchor.text.len() <= limits::LINK_TEXT_BYTES_MAX));
    for shown in [&page.visible, &page.hidden] {
        assert!(shown.split(' ').all(|word| !word.is_empty()) || shown.is_empty());
        assert_eq!(shown.trim(), shown);
    }
    let folded = fold(text);
    assert_eq!(fold(&folded), folded);
    let name = text.get(..text.floor_char_boundary(300)).unwrap_or_default();
    let looks = Domain::parse(name).and_then(|domain| Looks::of(&domain));
    assert!(looks.is_none_or(|looks| !looks.is_like(&looks)));
});
