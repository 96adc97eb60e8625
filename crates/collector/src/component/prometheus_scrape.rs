//! `prometheus.scrape`: targets that are asked for their metrics.

use std::time::Duration;

use alloy::decode::Arguments;
use alloy::{ByteSize, Diagnostic, Target};

use crate::component::To;
use crate::component::client::{self, Client};
use crate::component::receiver::forward_to;
use crate::limits::SCRAPED_BYTES_MAX;
use crate::prometheus::Sample;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where samples go.
    pub forward_to: Vec<To<Sample>>,
    /// The targets.
    pub targets: Vec<Target>,
    /// The label `job` of targets that have none; the component's identity if it is not given.
    pub job_name: Option<String>,
    /// How often each is asked,
    pub interval: Duration,
    /// and how long it may take.
    pub timeout: Duration,
    /// The path of targets that tell none.
    pub metrics_path: String,
    /// The scheme of targets that tell none.
    pub scheme: String,
    /// What stands behind the path's `?`.
    pub params: Vec<(String, Vec<String>)>,
    /// Whether labels of a target win over those of discovery.
    pub honors_labels: bool,
    /// Whether times that a target tells count.
    pub honors_timestamps: bool,
    /// A target that tells more samples has none; 0: any number.
    pub sample_limit: usize,
    /// A target that tells more bytes has none.
    pub bytes_max: usize,
    /// Who one is, and whom one trusts.
    pub client: Client,
}

/// Arguments that change what is not done here.
const WITHOUT_EFFECT: [&str; 19] = [
    "convert_classic_histograms_to_nhcb",
    "enable_compression",
    "enable_protobuf_negotiation",
    "enable_type_and_unit_labels",
    "extra_metrics",
    "honor_metadata",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "metric_name_escaping_scheme",
    "metric_name_validation_scheme",
    "native_histogram_bucket_limit",
    "native_histogram_min_bucket_factor",
    "scrape_classic_histograms",
    "scrape_fallback_protocol",
    "scrape_native_histograms",
    "scrape_protocols",
    "target_limit",
    "track_timestamps_staleness",
];

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let client = client::decode(args);
    client::clustering(args);
    for name in WITHOUT_EFFECT {
        args.ignored(name);
    }
    let limit = args.optional("body_size_limit", ByteSize(0)).0;
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let (interval, timeout) = intervals(args);
    let words = [("http", "http"), ("https", "https")];
    Settings {
        forward_to: forward_to(args),
        targets: args.required("targets"),
        job_name: args.given("job_name").filter(|name: &String| !name.is_empty()),
        interval,
        timeout,
        metrics_path: args.optional("metrics_path", "/metrics".to_owned()),
        scheme: args.one_of("scheme", &words, "http").to_owned(),
        params: args.optional("params", Vec::new()),
        honors_labels: args.optional("honor_labels", false),
        honors_timestamps: args.optional("honor_timestamps", true),
        sample_limit: args.optional("sample_limit", 0),
        bytes_max: limit.min(SCRAPED_BYTES_MAX),
        client,
    }
}

fn intervals(args: &mut Arguments<'_, '_>) -> (Duration, Duration) {
    let interval = args.optional("scrape_interval", Duration::from_secs(60));
    let timeout = args.optional("scrape_timeout", Duration::from_secs(10));
    if interval.is_zero() {
        args.wrong("scrape_interval", "\"scrape_interval\" must be longer than nothing");
    } else if timeout > interval {
        let span = match args.ignored("scrape_timeout") {
            Some(_) => args.span("scrape_timeout"),
            None => args.span("scrape_interval"),
        };
        let message = format!(
            "\"scrape_timeout\" ({timeout:?}) must not be longer than \"scrape_interval\" \
             ({interval:?})"
        );
        args.push(Diagnostic::error(span, message));
    }
    (interval, timeout)
}
