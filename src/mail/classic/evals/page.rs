//! Facts about HTML parts.
//!
//! Pure.

use super::{Arguments, Pattern, Run, run};
use crate::mail::classic::{Classic, expression::Expression, hosts, page::Page, wide::Wide};
use std::sync::LazyLock;

/// A fact of a page that is a number; `None` where SpamAssassin has none.
#[allow(clippy::cast_precision_loss, reason = "counts of a page are small")]
fn value(page: &Page, name: &str) -> Option<f64> {
    let ratio = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    Some(match name {
        "length" => page.length as f64,
        "max_size" => page.sizes().0 as f64,
        "min_size" => page.sizes().1 as f64,
        "image_area" => page.image_area,
        "closed_extra_ratio" => ratio(page.closed_extra, page.tags)?,
        "bad_tag_ratio" => ratio(page.tags.saturating_sub(page.elements), page.tags).filter(|_| page.elements > 0)?,
        "non_element_ratio" => {
            let odd = page.tags_seen.saturating_sub(page.elements_seen);
            ratio(odd, page.tags_seen).filter(|_| page.elements_seen > 0)?
        }
        "obfuscation_ratio" => ratio(page.obfuscation, page.tags).filter(|_| page.obfuscation > 0)?,
        "backhair_count" => Some(page.backhair.len() as f64).filter(|count| *count > 0.0)?,
        "html_length" => page.text_length as f64,
        "non_space_len" => page.ink_length as f64,
        "ratio" => (page.octets as f64 - page.text_length as f64) / page.octets as f64,
        "uri_truncated" => Some(1.0).filter(|_| page.references.truncated)?,
        name => Some(1.0).filter(|_| page.tests.contains(name))?,
    })
}

/// A comparison such as `!= 0`.
fn comparison(text: &str) -> Option<impl Fn(f64) -> bool + Send + Sync + use<>> {
    let text = text.trim();
    let operator = ["<=", ">=", "==", "!=", "<", ">"].into_iter().find(|operator| text.starts_with(operator))?;
    let right: f64 = text.get(operator.len()..)?.trim().parse().ok()?;
    Some(move |left: f64| {
        let order = left.total_cmp(&right);
        match operator {
            "<=" => order.is_le(),
            ">=" => order.is_ge(),
            "==" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            _ => order.is_gt(),
        }
    })
}

/// The functions about pages.
pub fn resolve(name: &str, args: &Arguments<'_>) -> Option<Run> {
    let word = args.text(0).unwrap_or_default().to_owned();
    Some(match name {
        "html_tag_exists" => any(move |page| page.inside.contains_key(&word)),
        "html_test" => any(move |page| value(page, &word).is_some_and(|value| value != 0.0)),
        "html_range" => {
            let (min, max) = (args.number(1)?, args.bound(2));
            any(move |page| value(page, &word).is_some_and(|value| value > min && max.is_none_or(|max| value <= max)))
        }
        "html_eval" => {
            let compare = comparison(args.text(1)?)?;
            any(move |page| value(page, &word).is_some_and(&compare))
        }
        "html_tag_balance" => {
            let compare = comparison(args.text(1)?)?;
            let count = |depth: &i64| i32::try_from(*depth).map_or(f64::MAX, f64::from);
            any(move |page| page.inside.get(&word).map(count).is_some_and(&compare))
        }
        "html_image_only" => {
            let (min, max) = (args.number(0)?, args.number(1)?);
            let fits = move |page: &Page| value(page, "length").is_some_and(|length| length > min && length <= max);
            any(move |page| page.inside.contains_key("img") && fits(page))
        }
        "html_image_ratio" => {
            let (min, max) = (args.number(0)?, args.number(1)?);
            any(move |page| {
                let ratio = value(page, "non_space_len").unwrap_or(0.0) / page.image_area;
                page.image_area > 0.0 && ratio > min && ratio <= max
            })
        }
        "html_text_match" => {
            let pattern = Pattern::parse(args.text(1)?)?;
            any(move |page| texts(page, &word).iter().any(|text| pattern.is_match(text)))
        }
        "html_text_not_match" => {
            let pattern = Pattern::parse(args.text(1)?)?;
            any(move |page| texts(page, &word).iter().any(|text| !pattern.is_match(text)))
        }
        "html_title_subject_ratio" => {
            let ratio = args.number(0)?;
            run(move |classic| title_ratio(classic) > ratio)
        }
        "check_iframe_src" => {
            any(|page| page.references.list.iter().any(|(_, detail)| detail.types.contains("iframe")))
        }
        "check_https_ip_mismatch" => any(is_ip_mismatch),
        "check_https_http_mismatch" => {
            let (min, max) = (args.number(0).filter(|min| *min > 0.0).unwrap_or(1.0), args.bound(1));
            any(move |page| is_domain_mismatch(page, min, max))
        }
        _ => return None,
    })
}

fn any(holds: impl Fn(&Page) -> bool + Send + Sync + 'static) -> Run {
    run(move |classic| classic.pages().any(&holds))
}

fn texts<'p>(page: &'p Page, name: &str) -> Vec<&'p str> {
    let wide = |list: &'p [Wide]| list.iter().map(|text| text.text.as_str()).collect();
    match name {
        "anchor" => wide(&page.anchors),
        "title" => wide(&page.titles),
        "script" => wide(&page.scripts),
        "comment" => page.comments.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The longest title in Subjects.
#[allow(clippy::cast_precision_loss, reason = "texts of a mail are small")]
fn title_ratio(classic: &Classic) -> f64 {
    let subject = super::joined(classic, "Subject");
    if subject.is_empty() {
        return f64::MIN;
    }
    let lengths = classic.pages().flat_map(|page| &page.titles).filter(|title| title.text != "0").map(Wide::len);
    lengths.max().unwrap_or(0) as f64 / subject.len() as f64
}

/// A link to an address that shows another `https:`.
fn is_ip_mismatch(page: &Page) -> bool {
    static ADDRESS: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)^https?:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+"));
    static SECURE: LazyLock<Expression> =
        LazyLock::new(|| Expression::new(r"(?i)^https:/*(?:[^@/]+@)?\d+\.\d+\.\d+\.\d+"));
    let shows =
        |text: &Wide| !SECURE.is_match(text.text.as_bytes()) && text.text.to_ascii_lowercase().contains("https:");
    page.references
        .list
        .iter()
        .filter(|(uri, _)| ADDRESS.is_match(uri.text.as_bytes()))
        .any(|(_, detail)| detail.anchor_text.iter().any(shows))
}

static WEB_HOST: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)^https?://([^/:?#]+)"));
static SHOWN_HOST: LazyLock<Expression> = LazyLock::new(|| Expression::new(r"(?i)https://([^\s/:?#]+)"));

/// A link whose text shows a secure page of another domain, on a page with few links.
fn is_domain_mismatch(page: &Page, min: f64, max: Option<f64>) -> bool {
    let mut anchors = 0.0;
    let mut hit = false;
    for (uri, detail) in page.references.list.iter().filter(|(_, detail)| !detail.anchor_text.is_empty()) {
        let Some(host) = host(&WEB_HOST, &uri.text).filter(|host| !hosts::is_address(host)) else { continue };
        let domain = hosts::trim(&host);
        if !hosts::of_uri(&domain).is_some_and(|(domain, _)| hosts::has_top_level(&domain)) {
            continue;
        }
        anchors += 1.0;
        hit |= detail.anchor_text.iter().any(|text| host_shown(&text.text).is_some_and(|shown| shown != domain));
    }
    hit && anchors >= min && max.is_none_or(|max| anchors < max)
}

fn host(expression: &Expression, text: &str) -> Option<Vec<u8>> {
    expression.groups(text.as_bytes(), 0).and_then(|found| found.get(1).map(<[u8]>::to_vec))
}

fn host_shown(text: &str) -> Option<Vec<u8>> {
    let shown = host(&SHOWN_HOST, text)?;
    if hosts::is_address(&shown) {
        return Some(shown);
    }
    Some(hosts::trim(&shown)).filter(|domain| hosts::has_top_level(domain))
}
