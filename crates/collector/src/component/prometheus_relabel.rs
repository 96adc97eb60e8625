//! `prometheus.relabel`: samples with their labels rewritten.

use ::stage::relabel;
use alloy::decode::Arguments;

use crate::component::To;
use crate::component::receiver::forward_to;
use crate::prometheus::Sample;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where samples go.
    pub forward_to: Vec<To<Sample>>,
    /// The rules, in their order.
    pub rules: Vec<relabel::Config>,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    // Samples come once a minute: nothing is remembered of them.
    args.ignored("max_cache_size");
    Settings { forward_to: forward_to(args), rules: ::stage::decode::rules(args) }
}
