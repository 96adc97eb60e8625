//! `discovery.docker`: the containers of an engine, as targets.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::Diagnostic;
use alloy::decode::Arguments;

use crate::component::client::{self, Client};
use crate::docker::{Address, Manner};
use crate::limits::POLL_PAUSE_MIN;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the engine listens.
    pub engine: Option<Address>,
    /// How containers become targets.
    pub(crate) manner: Manner,
    /// Which containers, in the engine's words.
    pub filters: BTreeMap<String, Vec<String>>,
    /// How often they are looked for, whatever the engine tells of.
    pub refresh_interval: Duration,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let engine = engine(args);
    no_credentials(args);
    let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for block in args.blocks(&["filter"]) {
        let mut nested = args.nested(block);
        let (name, values) = (nested.required("name"), nested.required("values"));
        nested.finish();
        filters.insert(name, values);
    }
    let host = "localhost".to_owned();
    Settings {
        engine,
        manner: Manner {
            port: args.optional("port", 80),
            host_networking_host: args.optional("host_networking_host", host),
            match_first_network: args.optional("match_first_network", true),
        },
        filters,
        refresh_interval: refresh_interval(args),
    }
}

/// Reads where an engine listens.
pub fn engine(args: &mut Arguments<'_, '_>) -> Option<Address> {
    args.required_as("host", |text: String| Address::parse(&text))
}

/// Reads how often something is looked for.
pub fn refresh_interval(args: &mut Arguments<'_, '_>) -> Duration {
    let interval = args.optional("refresh_interval", Duration::from_secs(60));
    if interval < POLL_PAUSE_MIN {
        let message = format!("\"refresh_interval\" must be {POLL_PAUSE_MIN:?} at least");
        args.wrong("refresh_interval", message);
    }
    interval
}

/// Reads the arguments of clients, which have no effect: whoever may use an engine's socket may do
/// so without proof.
pub fn no_credentials(args: &mut Arguments<'_, '_>) {
    if client::decode(args) != Client::default() {
        let message = "an engine is asked without credentials: these have no effect";
        args.push(Diagnostic::warning(args.head(), message));
    }
}
