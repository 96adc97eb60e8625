//! References to components that are not there.

use alloy::ast::Body;
use alloy::{Diagnostic, Reference, references};

/// A component that is referred to and not there.
#[derive(Debug)]
pub(super) struct Missing {
    /// What it would be called.
    pub id: String,
    /// What is told about it.
    pub problem: Diagnostic,
}

/// The components that a body refers to and that are not among these. `kinds` are the names of all
/// components that there could be.
pub(super) fn missing(body: &Body, ids: &[&str], kinds: &[&str]) -> Vec<Missing> {
    let all = body.expressions().into_iter().flat_map(references);
    all.filter_map(|reference| look(&reference, ids, kinds)).collect()
}

/// The kind of component that a reference names, the longest, and of how many parts it is.
pub(super) fn kind_of(
    reference: &Reference,
    is_kind: impl Fn(&str) -> bool,
) -> Option<(usize, String)> {
    let lengths = (1..reference.names.len()).rev();
    let mut names = lengths.map(|length| (length, reference.names[..length].join(".")));
    names.find(|(_, name)| is_kind(name))
}

fn look(reference: &Reference, ids: &[&str], kinds: &[&str]) -> Option<Missing> {
    let (length, kind) = kind_of(reference, |name| kinds.contains(&name))?;
    let id = reference.names[..=length].join(".");
    if ids.contains(&id.as_str()) {
        return None;
    }
    let label = &reference.names[length];
    let message = format!("there is no {kind} called \"{label}\"");
    let prefix = format!("{kind}.");
    let labels = ids.iter().filter_map(|id| id.strip_prefix(prefix.as_str()));
    let problem = Diagnostic::error(reference.span, message).nearest(label, labels);
    Some(Missing { id, problem })
}
