//! `loki.relabel`: entries with their labels rewritten.

use ::stage::relabel;
use alloy::decode::Arguments;

use crate::component::To;
use crate::component::receiver::forward_to;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// The rules, in their order.
    pub rules: Vec<relabel::Config>,
    /// For how many label sets it is remembered what became of them.
    pub max_cache_size: usize,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    Settings {
        forward_to: forward_to(args),
        rules: ::stage::decode::rules(args),
        max_cache_size: args.optional("max_cache_size", 10_000),
    }
}
