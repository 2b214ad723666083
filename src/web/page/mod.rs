//! The page of the admin API: static files, embedded; no build step, nothing from elsewhere.
//!
//! Scripts come from this server alone and text is never taken for markup: the policy below holds that in the browser.

use crate::mail::hex::hex;
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const fn script(path: &'static str, text: &'static str) -> File {
    File { path, kind: "text/javascript; charset=utf-8", text }
}

/// All of them.
const FILES: [File; 13] = [
    File { path: "/", kind: "text/html; charset=utf-8", text: include_str!("index.html") },
    File { path: "/page/page.css", kind: "text/css; charset=utf-8", text: include_str!("page.css") },
    File { path: "/page/icon.svg", kind: "image/svg+xml", text: include_str!("icon.svg") },
    script("/page/main.js", include_str!("main.js")),
    script("/page/words.js", include_str!("words.js")),
    script("/page/dom.js", include_str!("dom.js")),
    script("/page/api.js", include_str!("api.js")),
    script("/page/live.js", include_str!("live.js")),
    script("/page/verdicts.js", include_str!("verdicts.js")),
    script("/page/quarantine.js", include_str!("quarantine.js")),
    script("/page/rules.js", include_str!("rules.js")),
    script("/page/health.js", include_str!("health.js")),
    script("/page/explain.js", include_str!("explain.js")),
];

/// What the browser holds the page to. With trusted types, text that is set as markup is an error.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The file at that path.
#[must_use]
pub fn find(path: &str) -> Option<File> {
    FILES.into_iter().find(|file| file.path == path)
}

/// The answer with the file; the same version is not sent twice.
#[must_use]
pub fn answer(file: File, asked: &HeaderMap) -> Response {
    let tag = tag(file.text);
    let fields = [
        (header::CONTENT_TYPE, file.kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, tag.as_str()),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (StatusCode::OK, fields, file.text).into_response()
}

fn tag(text: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    format!("\"{}\"", hex(hash.as_ref().iter().take(8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        for File { path, text, .. } in FILES {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacent",
                "document.write",
                "eval(",
                "style=\"",
                "onclick=",
                "javascript:",
            ] {
                assert!(!text.contains(word), "{path}: {word}");
            }
            let is_foreign =
                text.contains("https://") || text.replace("http://www.w3.org/2000/svg", "").contains("http://");
            assert!(!is_foreign, "{path} names another server");
        }
        assert!(find("/page/nothing.js").is_none());
    }
}
