//! What became of labels before. Lines come in runs that share their labels, and a stage changes
//! those of a run alike: what was worked out for one line serves the next, without allocation.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use model::Labels;

/// How many label sets a stage remembers: about as many as there are files open on a node. More
/// only means that some are worked out again.
const SLOTS: usize = 256;

/// Label sets and what a stage made of them.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// Empty until the first use. The key is kept alive, so that its address stays its own.
    slots: Vec<Option<(Labels, Labels)>>,
}

impl Memo {
    /// What `change` makes of the labels. It must always make the same of the same.
    pub(crate) fn map(
        &mut self,
        labels: &Labels,
        change: impl FnOnce(&Labels) -> Labels,
    ) -> Labels {
        let slot = self.slot(address(labels));
        if let Some((from, to)) = slot
            && from.is_shared_with(labels)
        {
            return to.clone();
        }
        let changed = change(labels);
        *slot = Some((labels.clone(), changed.clone()));
        changed
    }

    /// The labels with each name set to its value; `None` leaves it as it is, and an empty value
    /// removes it.
    pub(crate) fn set<'v>(
        &mut self,
        labels: &Labels,
        names: &[Arc<str>],
        value: impl Fn(usize) -> Option<Cow<'v, str>>,
    ) -> Labels {
        let mut hash = foldhash::fast::FixedState::default().build_hasher();
        hash.write_usize(address(labels));
        for at in 0..names.len() {
            hash.write(value(at).as_deref().unwrap_or("\0").as_bytes());
        }
        let slot = self.slot(usize::try_from(hash.finish() >> 16).unwrap_or(0));
        if let Some((from, to)) = slot
            && from.is_shared_with(labels)
            && is_result(from, to, names, &value)
        {
            return to.clone();
        }
        let changed = with_all(labels, names, value);
        *slot = Some((labels.clone(), changed.clone()));
        changed
    }

    fn slot(&mut self, hash: usize) -> &mut Option<(Labels, Labels)> {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        &mut self.slots[hash % SLOTS]
    }
}

/// The place in memory, in steps that allocators make.
fn address(labels: &Labels) -> usize {
    labels.address() >> 4
}

fn is_result<'v>(
    from: &Labels,
    to: &Labels,
    names: &[Arc<str>],
    value: &impl Fn(usize) -> Option<Cow<'v, str>>,
) -> bool {
    names.iter().enumerate().all(|(at, name)| match value(at) {
        Some(value) => to.get(name).unwrap_or_default() == value,
        None => to.get(name) == from.get(name),
    })
}

fn with_all<'v>(
    labels: &Labels,
    names: &[Arc<str>],
    value: impl Fn(usize) -> Option<Cow<'v, str>>,
) -> Labels {
    let new = names.iter().enumerate();
    labels.with_all(new.filter_map(|(at, name)| Some((name, value(at)?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_once_is_shared() {
        let names: [Arc<str>; 2] = ["a".into(), "b".into()];
        let labels = Labels::new([("a", "1"), ("c", "3")]);
        let mut memo = Memo::default();
        let mut set = |values: [Option<&'static str>; 2]| {
            memo.set(&labels, &names, |at| values[at].map(Cow::Borrowed))
        };
        let first = set([None, Some("2")]);
        assert_eq!(first.to_string(), r#"{a="1", b="2", c="3"}"#);
        assert!(set([None, Some("2")]).is_shared_with(&first));
        assert_eq!(set([Some(""), Some("x")]).to_string(), r#"{b="x", c="3"}"#);
        assert_eq!(set([None, None]), labels);
        assert_eq!(set([Some("1"), None]), labels);
    }

    #[test]
    fn a_map_is_asked_once() {
        let labels = Labels::new([("a", "1")]);
        let (mut memo, mut asked) = (Memo::default(), 0);
        for _ in 0..3 {
            let made = memo.map(&labels, |labels| {
                asked += 1;
                labels.with("b", "2")
            });
            assert_eq!(made.len(), 2);
        }
        assert_eq!(asked, 1);
    }
}
