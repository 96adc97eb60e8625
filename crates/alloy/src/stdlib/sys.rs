//! `sys.env` and `constants`: what the machine says.

use super::function::{Call, CallError, bounded};
use crate::scope::Environment;
use crate::value::Value;

/// A variable of the environment, empty if it is not set.
pub(super) fn env(call: &Call<'_>) -> Result<Value, CallError> {
    let name = call.text(0)?;
    bounded(call.environment.variable(&name).unwrap_or_default())
}

/// Machine, system and processor, by Go's names.
pub(super) fn constants(environment: &dyn Environment) -> Value {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    Value::object([
        ("hostname", Value::string(environment.hostname())),
        ("os", Value::string(os)),
        ("arch", Value::string(arch)),
    ])
}
