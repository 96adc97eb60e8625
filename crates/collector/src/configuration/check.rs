//! Everything that is wrong with a configuration, before anything runs.

use ::stage::Entry;
use alloy::{Diagnostics, Sources, Value};

use crate::component::{Export, Kind, Receiver, Settings};
use crate::configuration::{Configuration, Host, Machine, News, Program};
use crate::prometheus::Sample;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The texts that the problems are in.
    pub sources: Sources,
    /// The problems, warnings among them.
    pub diagnostics: Diagnostics,
}

impl Checked {
    /// The problems for people, in the order of the text.
    #[must_use]
    pub fn rendered(&self, is_coloured: bool) -> String {
        self.sources.render_all(&self.diagnostics, is_coloured)
    }
}

/// Checks a configuration. What only running components know counts as right.
#[must_use]
pub fn check(configuration: &Configuration, machine: &Machine) -> Checked {
    let (mut program, mut diagnostics) = Program::build(configuration, machine);
    diagnostics.append(program.evaluate(&News::new(), &mut Nobody));
    diagnostics.append(program.check_modules(&mut Nobody));
    Checked { sources: program.sources, diagnostics }
}

/// Runs nothing.
struct Nobody;

impl Host for Nobody {
    fn apply(&mut self, id: &str, kind: &'static Kind, _: Settings) -> Value {
        stub(id, kind)
    }

    fn wait(&mut self, id: &str, kind: &'static Kind) -> Value {
        stub(id, kind)
    }

    fn wrong(&mut self, id: &str, kind: &'static Kind) -> Value {
        stub(id, kind)
    }
}

/// What a component would export.
fn stub(id: &str, kind: &'static Kind) -> Value {
    let export = |export: &Export| match export {
        Export::Receiver => Receiver::<Entry>::new(id).0.value(),
        Export::SampleReceiver => Receiver::<Sample>::new(id).0.value(),
        Export::Known => Value::Unknown,
    };
    Value::object(kind.exports.iter().map(|(name, sort)| (*name, export(sort))))
}
