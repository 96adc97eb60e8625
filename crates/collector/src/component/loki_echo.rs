//! `loki.echo`: writes entries to our own log.

use alloy::decode::Arguments;

use crate::component::Settings;

/// It has no arguments.
pub fn decode(_args: &mut Arguments<'_, '_>) -> Settings {
    Settings::LokiEcho
}
