//! Counted: what the metrics are told of a verdict.

use crate::{
    judge::{coverage::Engine, policy::verdict::Verdict},
    telemetry::metrics::Metrics,
};

/// Counts what was found, and what was not looked at.
pub(super) fn count(metrics: &Metrics, verdict: &Verdict) {
    let auth = &verdict.authentication;
    metrics.auth_result("spf", auth.spf.result.word());
    metrics.auth_result("spf_helo", auth.spf_helo.result.word());
    for signature in &auth.dkim {
        metrics.auth_result("dkim", signature.result.word());
    }
    if auth.dkim.is_empty() {
        metrics.auth_result("dkim", "none");
    }
    metrics.auth_result("arc", auth.arc.result.word());
    metrics.auth_result("iprev", auth.iprev.result.word());
    metrics.auth_result("dmarc", auth.dmarc.result.word());
    let coverage = &verdict.coverage;
    metrics.coverage_octets(Engine::Reader.word(), coverage.read, coverage.bytes);
    if let Some(scanned) = coverage.scanned {
        metrics.coverage_octets(Engine::Scanner.word(), scanned, coverage.bytes);
    }
    for gap in &coverage.gaps {
        metrics.coverage_gap(gap.engine.word(), gap.reason);
    }
    let mut symbols: Vec<&str> = verdict.findings.iter().map(|finding| finding.symbol.as_str()).collect();
    symbols.dedup();
    for symbol in symbols {
        metrics.symbol(symbol);
    }
}
