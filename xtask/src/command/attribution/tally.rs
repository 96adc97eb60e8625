//! Answers beside truth, counted.

use std::collections::BTreeMap;

use airflow::TaskFacts;

/// What an answer is beside the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All that the truth tells, and nothing against it.
    Right,
    /// Nothing against the truth, and not all of it.
    Partial,
    /// No answer, and there is a truth.
    Missed,
    /// Against the truth, or an answer for a line that is nobody's.
    Wrong,
    /// Against the truth of the line, and what Airflow's database says of the id in it.
    Disputed,
    /// Nobody's, and no answer.
    Nobody,
}

/// Counts of one sort of line.
#[derive(Debug, Clone, Default)]
pub(super) struct Count {
    pub(super) right: u64,
    pub(super) partial: u64,
    pub(super) missed: u64,
    pub(super) wrong: u64,
    pub(super) disputed: u64,
    pub(super) nobody: u64,
}

/// Counts by corpus and sort of line.
#[derive(Default)]
pub(super) struct Tally(pub(super) BTreeMap<(String, String), Count>);

/// Compares an answer with the truth.
pub(super) fn compare(truth: Option<&TaskFacts>, answer: Option<&TaskFacts>) -> Outcome {
    match (truth, answer) {
        (None, None) => Outcome::Nobody,
        (None, Some(_)) => Outcome::Wrong,
        (Some(_), None) => Outcome::Missed,
        (Some(truth), Some(answer)) => {
            let parts = [
                part(truth.dag_id.as_ref(), answer.dag_id.as_ref()),
                part(truth.run_id.as_ref(), answer.run_id.as_ref()),
                part(truth.task_id.as_ref(), answer.task_id.as_ref()),
                part(truth.map_index.as_ref(), answer.map_index.as_ref()),
                part(truth.try_number.as_ref(), answer.try_number.as_ref()),
            ];
            let worst = [Outcome::Wrong, Outcome::Partial].into_iter();
            worst.into_iter().find(|bad| parts.contains(bad)).unwrap_or(Outcome::Right)
        }
    }
}

/// One part of an answer. Where the truth does not tell, nothing is against it.
fn part<T: PartialEq>(truth: Option<&T>, answer: Option<&T>) -> Outcome {
    match (truth, answer) {
        (Some(truth), Some(answer)) if truth != answer => Outcome::Wrong,
        (Some(_), None) => Outcome::Partial,
        _ => Outcome::Right,
    }
}

impl Tally {
    pub(super) fn add(&mut self, corpus: &str, sort: &str, outcome: Outcome) {
        let key = (corpus.to_owned(), sort.to_owned());
        let count = self.0.entry(key).or_default();
        let counter = match outcome {
            Outcome::Right => &mut count.right,
            Outcome::Partial => &mut count.partial,
            Outcome::Missed => &mut count.missed,
            Outcome::Wrong => &mut count.wrong,
            Outcome::Disputed => &mut count.disputed,
            Outcome::Nobody => &mut count.nobody,
        };
        *counter += 1;
    }

    /// All of them together.
    pub(super) fn total(&self) -> Count {
        self.0.values().fold(Count::default(), |sum, count| Count {
            right: sum.right + count.right,
            partial: sum.partial + count.partial,
            missed: sum.missed + count.missed,
            wrong: sum.wrong + count.wrong,
            disputed: sum.disputed + count.disputed,
            nobody: sum.nobody + count.nobody,
        })
    }
}

impl Count {
    /// How many lines are somebody's.
    pub(super) fn attributable(&self) -> u64 {
        self.right + self.partial + self.missed + self.wrong + self.disputed
    }
}

#[cfg(test)]
mod tests {
    use airflow::TaskTry;

    use super::*;

    #[track_caller]
    fn check(truth: &str, answer: &str, expect: Outcome) {
        let facts = |text: &str| {
            let task = TaskTry::parse(text).map(TaskFacts::from);
            task.or_else(|| {
                let dag_id = Some(text.to_owned()).filter(|text| !text.is_empty());
                dag_id.map(|dag| TaskFacts { dag_id: Some(dag), ..TaskFacts::default() })
            })
        };
        let outcome = compare(facts(truth).as_ref(), facts(answer).as_ref());
        assert_eq!(outcome, expect, "for {truth} and {answer}");
    }

    #[test]
    fn more_than_the_truth_is_no_fault_and_anothers_is() {
        check("d/r/t/-1/1", "d/r/t/-1/1", Outcome::Right);
        check("d/r/t/-1/1", "d/r/t/-1/2", Outcome::Wrong);
        check("d/r/t/-1/1", "d", Outcome::Partial);
        check("d", "d/r/t/-1/1", Outcome::Right);
        check("d/r/t/-1/1", "", Outcome::Missed);
        check("", "d", Outcome::Wrong);
        check("", "", Outcome::Nobody);
    }
}
