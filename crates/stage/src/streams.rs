//! What a stage keeps of each label set that it sees, by the label set.

use std::collections::HashMap;

use model::Labels;

/// The most label sets that something is kept of. Beyond, those that hold no entry are forgotten.
const STREAMS_MAX: usize = 100_000;

/// The states of a stage, one for each label set.
#[derive(Debug, Default)]
pub(crate) struct Streams<S> {
    known: HashMap<Labels, usize>,
    states: Vec<S>,
    /// Where the state of the last entry is.
    last: Option<(Labels, usize)>,
}

/// Something that may hold entries.
pub(crate) trait Holds {
    /// Whether it holds one, and must not be forgotten.
    fn holds(&self) -> bool;
}

impl<S: Default + Holds> Streams<S> {
    /// The state of this label set, if there is one.
    pub(crate) fn get(&mut self, labels: &Labels) -> Option<&mut S> {
        let at = self.find(labels)?;
        self.states.get_mut(at)
    }

    /// The state of this label set; a new one where there was none.
    pub(crate) fn of(&mut self, labels: &Labels) -> &mut S {
        let at = self.find(labels).unwrap_or_else(|| self.add(labels));
        &mut self.states[at]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &S> {
        self.states.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut S> {
        self.states.iter_mut()
    }

    fn find(&mut self, labels: &Labels) -> Option<usize> {
        if let Some((last, at)) = &self.last
            && last.is_shared_with(labels)
        {
            return Some(*at);
        }
        let at = *self.known.get(labels)?;
        self.last = Some((labels.clone(), at));
        Some(at)
    }

    fn add(&mut self, labels: &Labels) -> usize {
        if self.states.len() >= STREAMS_MAX {
            self.forget();
        }
        self.states.push(S::default());
        let at = self.states.len() - 1;
        self.known.insert(labels.clone(), at);
        self.last = Some((labels.clone(), at));
        at
    }

    /// Forgets the label sets that hold nothing.
    fn forget(&mut self) {
        let mut old = std::mem::take(&mut self.states);
        self.last = None;
        self.known.retain(|_, at| {
            let state = std::mem::take(&mut old[*at]);
            let holds = state.holds();
            if holds {
                *at = self.states.len();
                self.states.push(state);
            }
            holds
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Holds for bool {
        fn holds(&self) -> bool {
            *self
        }
    }

    #[test]
    fn only_those_that_hold_something_are_kept_for_ever() {
        let mut streams = Streams::<bool>::default();
        let labels = |at: usize| Labels::new([("s", at.to_string().as_str())]);
        *streams.of(&labels(1)) = true;
        (0..=STREAMS_MAX).for_each(|at| *streams.of(&labels(at)) |= false);
        assert_eq!(streams.get(&labels(1)), Some(&mut true));
        assert_eq!(streams.get(&labels(0)), None);
        assert_eq!(streams.iter().count(), 2, "it and the one that was too many");
    }
}
