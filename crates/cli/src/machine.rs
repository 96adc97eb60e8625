//! What an Alloy configuration may ask of the machine.

use collector::configuration::Machine;

/// The environment's variables, and the name of the machine.
#[must_use]
pub fn machine() -> Machine {
    let text = |value: std::ffi::OsString| value.into_string().ok();
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    // A pod's name where it runs in one, as Alloy has it.
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Machine {
        variables: variables.collect(),
        hostname: hostname.trim().to_owned(),
        ..Machine::default()
    }
}
