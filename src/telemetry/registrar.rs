//! How a series is made: registered in the same step, and with our prefix.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

/// Makes and registers series in one step, so that none is forgotten.
pub struct Registrar<'a>(pub &'a Registry);

impl Registrar<'_> {
    fn keep<C: Collector + Clone + 'static>(&self, series: C) -> Result<C, prometheus::Error> {
        self.0.register(Box::new(series.clone()))?;
        Ok(series)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.keep(IntCounter::new(prefixed(name), help)?)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.keep(IntCounterVec::new(Opts::new(prefixed(name), help), labels)?)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.keep(IntGauge::new(prefixed(name), help)?)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.keep(IntGaugeVec::new(Opts::new(prefixed(name), help), labels)?)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn histogram(&self, name: &str, help: &str, buckets: Vec<f64>) -> Result<Histogram, prometheus::Error> {
        self.keep(Histogram::with_opts(HistogramOpts::new(prefixed(name), help).buckets(buckets))?)
    }

    /// # Errors
    /// When a series of that name is there already.
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: Vec<f64>,
    ) -> Result<HistogramVec, prometheus::Error> {
        self.keep(HistogramVec::new(HistogramOpts::new(prefixed(name), help).buckets(buckets), labels)?)
    }
}

/// Every series of ours starts alike; those of the process keep their usual names.
fn prefixed(name: &str) -> String {
    format!("wehr_{name}")
}
