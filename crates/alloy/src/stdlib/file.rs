//! `file`: paths.

use super::function::{Call, CallError, bounded};
use crate::value::Value;

/// Parts of a path as one path, without `.`, `..` and doubled slashes where they can be resolved.
pub(super) fn path_join(call: &Call<'_>) -> Result<Value, CallError> {
    let parts: Result<Vec<_>, _> = (0..call.values.len()).map(|at| call.text(at)).collect();
    let parts: Vec<_> = parts?.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return bounded("");
    }
    bounded(clean(&parts.join("/")))
}

fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if is_absolute => {}
            part => kept.push(part),
        }
    }
    match (is_absolute, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}
