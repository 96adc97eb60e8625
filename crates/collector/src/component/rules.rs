//! Relabel rules as a value: what `loki.relabel.x.rules` stands for.

use ::stage::relabel;
use alloy::Encapsulated;

/// Rules, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSet(pub Vec<relabel::Config>);

impl Encapsulated for RuleSet {
    const TYPE_NAME: &'static str = "loki.RelabelRules";
}
