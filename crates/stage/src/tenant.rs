//! `stage.tenant`: says whose entry this is, in the label `__tenant_id__`, which the writer takes.

use std::borrow::Cow;
use std::sync::Arc;

use alloy::decode::Arguments;

use crate::entry::Entry;
use crate::error::Error;
use crate::memo::Memo;
use crate::process::{Context, Flow, Process};

/// The label that names the tenant of an entry.
pub const TENANT_LABEL: &str = "__tenant_id__";

/// The settings, of which one is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The label that is the tenant.
    pub label: String,
    /// The extracted value that is the tenant.
    pub source: String,
    /// The tenant.
    pub value: String,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>) -> Self {
        Self {
            label: args.optional("label", String::new()),
            source: args.optional("source", String::new()),
            value: args.optional("value", String::new()),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Tenant {
    from: From,
    name: [Arc<str>; 1],
    memo: Memo,
}

#[derive(Debug)]
enum From {
    Label(String),
    Source(String),
    Value(String),
}

impl Tenant {
    pub(crate) fn build(config: &Config) -> Result<Self, Error> {
        let Config { label, source, value } = config.clone();
        let from = match (label.is_empty(), source.is_empty(), value.is_empty()) {
            (false, true, true) => From::Label(label),
            (true, false, true) => From::Source(source),
            (true, true, false) => From::Value(value),
            (true, true, true) => {
                return Err(Error::new("", "needs one of label, source and value"));
            }
            _ => return Err(Error::new("", "takes only one of label, source and value")),
        };
        Ok(Self { from, name: [TENANT_LABEL.into()], memo: Memo::default() })
    }
}

impl Process for Tenant {
    fn process(&mut self, entry: &mut Entry, _context: &mut Context<'_>) -> Flow {
        let tenant = match &self.from {
            From::Label(name) => entry.labels.get(name).map(Cow::Borrowed),
            From::Source(name) => entry.extracted.text(name),
            From::Value(value) => Some(Cow::Borrowed(value.as_str())),
        };
        if let Some(tenant) = tenant.filter(|tenant| !tenant.is_empty()) {
            let value = |_: usize| Some(Cow::Borrowed(&*tenant));
            entry.labels = self.memo.set(&entry.labels, &self.name, value);
        }
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StageConfig;
    use crate::testing::{check, check_error};

    fn of(label: &str, source: &str, value: &str) -> StageConfig {
        let [label, source, value] = [label, source, value].map(str::to_owned);
        StageConfig::Tenant(Config { label, source, value })
    }

    #[test]
    fn who_is_the_tenant() {
        let labels = r#"{namespace="ns"}"#;
        check(
            &[of("", "", "team-a")],
            labels,
            "x",
            r#"{__tenant_id__="team-a", namespace="ns"} x"#,
        );
        check(&[of("namespace", "", "")], labels, "x", r#"{__tenant_id__="ns", namespace="ns"} x"#);
        check(&[of("", "namespace", "")], labels, "x", r#"{__tenant_id__="ns", namespace="ns"} x"#);
        check(&[of("none", "", "")], labels, "x", r#"{namespace="ns"} x"#);
        check(&[of("", "none", "")], labels, "x", r#"{namespace="ns"} x"#);
    }

    #[test]
    fn settings_that_make_no_sense() {
        check_error(of("", "", ""), "stage.tenant: needs one of label, source and value");
        check_error(of("a", "b", ""), "stage.tenant: takes only one of label, source and value");
    }
}
