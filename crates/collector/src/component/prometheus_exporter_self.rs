//! `prometheus.exporter.self`: our own metrics, as a target.

use alloy::decode::Arguments;

use crate::component::Settings;

/// It has no arguments.
pub fn decode(_: &mut Arguments<'_, '_>) -> Settings {
    Settings::PrometheusExporterSelf
}
