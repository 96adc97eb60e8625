//! `loki.process`: entries through stages.

use ::stage::StageConfig;
use alloy::decode::Arguments;

use crate::component::To;
use crate::component::receiver::forward_to;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// The stages, in their order.
    pub stages: Vec<StageConfig>,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    Settings { forward_to: forward_to(args), stages: ::stage::decode::stages(args) }
}
