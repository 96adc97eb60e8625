//! `discovery.relabel`: targets with their labels rewritten.

use ::stage::relabel;
use alloy::Target;
use alloy::decode::Arguments;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The targets.
    pub targets: Vec<Target>,
    /// The rules, in their order.
    pub rules: Vec<relabel::Config>,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    Settings { targets: args.required("targets"), rules: ::stage::decode::rules(args) }
}
