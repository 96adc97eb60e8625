//! `discovery.relabel` at work: it is a function.

use std::sync::Arc;

use ::stage::relabel::Rules;
use alloy::{Capsule, Target, Value};

use crate::component::RuleSet;
use crate::component::discovery_relabel::Settings;

/// What it exports.
pub fn exports(settings: &Settings) -> Value {
    let output = match Rules::build(&settings.rules) {
        Ok(rules) => {
            settings.targets.iter().filter_map(|target| rules.apply_target(target)).collect()
        }
        // It was told when the rules were read.
        Err(_) => Vec::new(),
    };
    Value::object([("output", targets(output)), ("rules", rules(&settings.rules))])
}

/// Targets as a value of the language.
pub fn targets(targets: impl IntoIterator<Item = Target>) -> Value {
    let target = |target: Target| {
        Value::object(target.into_iter().map(|(name, value)| (name, Value::string(value))))
    };
    Value::array(targets.into_iter().map(target).collect())
}

/// Rules as a value of the language.
pub fn rules(rules: &[::stage::relabel::Config]) -> Value {
    let set = Arc::new(RuleSet(rules.to_vec()));
    Value::Capsule(Capsule::new(<RuleSet as alloy::Encapsulated>::TYPE_NAME, set))
}
