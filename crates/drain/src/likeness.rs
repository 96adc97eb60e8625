//! How alike a line is to a template.
//!
//! Lines are compared by their words of prose: "Marking task as SUCCESS" stays itself whatever the
//! ids behind it are, and ids that happen to be equal do not make two messages one.

use crate::token::{Kind, Part, Tokens, gaps_agree};

/// How many words are the same, of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Likeness {
    same: u32,
    counted: u32,
    /// Whether the template need not change for the line.
    pub is_covered: bool,
}

/// What is counted on the way.
#[derive(Debug, Default)]
struct Tally {
    plain: (u32, u32),
    loose: (u32, u32),
    has_keys: bool,
    is_covered: bool,
}

impl Likeness {
    /// The likeness of a line to a template; `None` when their structures differ.
    pub(crate) fn of(template: &Tokens, line: &Tokens) -> Option<Self> {
        if template.len() != line.len() || template.is_cut != line.is_cut {
            return None;
        }
        let mut tally = Tally { is_covered: true, ..Tally::default() };
        for (ours, theirs) in template.parts().zip(line.parts()) {
            tally.add(&ours, &theirs)?;
        }
        Some(tally.likeness())
    }

    /// Whether enough is the same.
    pub(crate) fn reaches(self, percent: u8) -> bool {
        u64::from(self.same) * 100 >= u64::from(self.counted) * u64::from(percent)
    }

    /// Whether a larger share is the same than of another.
    pub(crate) fn exceeds(self, other: Self) -> bool {
        let share = |a: Self, b: Self| u64::from(a.same) * u64::from(b.counted.max(1));
        share(self, other) > share(other, self)
    }
}

impl Tally {
    fn add(&mut self, ours: &Part<'_>, theirs: &Part<'_>) -> Option<()> {
        let is_open = ours.token.word_open;
        let same = is_open == theirs.token.word_open && (is_open || ours.word == theirs.word);
        match (ours.token.kind, theirs.token.kind) {
            (Kind::Key, Kind::Key) if same => self.has_keys |= !ours.word.is_empty(),
            (Kind::Level, Kind::Level) if same => {}
            (Kind::Key | Kind::Level, _) | (_, Kind::Key | Kind::Level) => return None,
            // A number where numbers are says nothing.
            (Kind::Loose, Kind::Loose) if same && is_open => {}
            (Kind::Loose, Kind::Loose) => count(&mut self.loose, same, 1),
            (Kind::Loose, _) if is_open => {}
            // A word that was opened counts against every line: else less and less would remain.
            (Kind::Capitals, _) | (_, Kind::Capitals) => count(&mut self.plain, same, 2),
            _ => count(&mut self.plain, same, 1),
        }
        self.is_covered &= is_open || same;
        if ours.gap != theirs.gap {
            self.is_covered &= ours.token.gap_open;
            return gaps_agree(ours.gap, theirs.gap).then_some(());
        }
        Some(())
    }

    fn likeness(self) -> Likeness {
        let (same, counted) = match self.plain {
            // Keys without prose are a form that is filled in.
            (_, 0) if self.has_keys => (1, 1),
            (_, 0) => self.loose,
            plain => plain,
        };
        // Where there is nothing but variables, only variables are covered.
        let says_something = same > 0 || counted == 0;
        Likeness { same, counted, is_covered: self.is_covered && says_something }
    }
}

fn count((same_count, counted): &mut (u32, u32), same: bool, weight: u32) {
    *same_count += u32::from(same) * weight;
    *counted += weight;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::reader::Reader;

    fn read(line: &str) -> Tokens {
        let mut reader = Reader::default();
        reader.read(line, &Config::default());
        reader.tokens().clone()
    }

    /// The template of some lines against a further line: what is the same, of what, and whether
    /// the template covers the line.
    #[track_caller]
    fn check(template: &[&str], line: &str, expect: Option<(u32, u32, bool)>) {
        let mut tokens = read(template[0]);
        for line in &template[1..] {
            tokens.open_where_different(&read(line));
        }
        let found = Likeness::of(&tokens, &read(line));
        let shown = found.map(|found| (found.same, found.counted, found.is_covered));
        assert_eq!(shown, expect, "{template:?} and {line:?}");
    }

    #[test]
    fn prose_counts_and_ids_do_not() {
        check(&["read a-1 from x.y"], "read b-2 from z", Some((2, 3, false)));
        check(&["read a-1 from x.y"], "read b-2 from x.y", Some((2, 2, false)));
        check(&["task is FAILED"], "task is SKIPPED", Some((2, 4, false)));
        check(&["took 12 ms"], "took 7 ms", Some((2, 2, true)));
    }

    #[test]
    fn an_opened_word_covers_and_counts_against() {
        check(&["hello anna here", "hello bert here"], "hello carl here", Some((2, 3, true)));
        check(&["a-b c", "a-c c"], "a-d c", Some((1, 1, true)));
    }

    #[test]
    fn without_prose_keys_are_enough_and_ids_must_do() {
        check(&["a=x-1 b=y"], "a=x-2 b=z", Some((1, 1, false)));
        check(&["x-y 12 a.b"], "x-z 13 a.b", Some((1, 2, false)));
        check(&["12"], "13", Some((0, 0, true)));
        check(&["12"], "a-b", Some((0, 1, false)));
    }

    #[test]
    fn structures_do_not_mix() {
        check(&["a b"], "a, b", None);
        check(&["a b"], "a  b", Some((2, 2, false)));
        check(&["a b"], "a b c", None);
        check(&["a=1"], "b=1", None);
        check(&["INFO a"], "ERROR a", None);
        check(&["x a"], " a", None);
    }
}
