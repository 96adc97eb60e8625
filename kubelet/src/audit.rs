//! What was written and what has arrived, compared.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use model::{Labels, Stream, Timestamp};

use crate::task::PodSpec;

/// How many faults are told one by one.
const FAULTS_TOLD_MAX: usize = 20;
/// How much of a line is told.
const TOLD_CHARS_MAX: usize = 160;

/// Every line that was written, and by whom.
#[derive(Debug, Default)]
pub struct Ledger {
    pods: Vec<PodSpec>,
    lines: Vec<Written>,
    by_text: HashMap<String, usize>,
}

/// A line that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub(crate) pod: usize,
    pub(crate) restarts: u32,
    pub(crate) stream: &'static str,
    pub(crate) text: String,
    pub(crate) time: Timestamp,
}

/// An entry that a store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Its labels, and its metadata where the store tells the two together.
    pub labels: Labels,
    /// Its metadata.
    pub metadata: Labels,
    /// Its time.
    pub timestamp: Timestamp,
    /// Its text.
    pub line: String,
}

/// What a store has, each entry once: one with the labels, the time and the text of another is the
/// same.
#[derive(Debug, Default)]
pub struct Received {
    entries: Vec<Arrived>,
    known: HashMap<(Labels, Timestamp, String), usize>,
    /// How many came that were there already.
    pub again: u64,
    /// Entries that came again with other metadata, so that they were not the same after all.
    pub changed: Vec<Arrived>,
}

/// What became of the lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Lines that were written.
    pub written: usize,
    /// Those that have arrived.
    pub found: usize,
    /// Those that have not.
    pub lost: usize,
    /// Those that have arrived as more than one entry.
    pub doubled: usize,
    /// Entries that are said to be of another pod, task or stream than wrote them, or that nobody
    /// wrote.
    pub wrong: usize,
    /// Lines whose times stand in another order than they were written in.
    pub disordered: usize,
    /// The first faults, one by one.
    pub faults: Vec<String>,
}

impl Ledger {
    /// How many pods there were.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// How many lines were written.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// When a line was written.
    #[must_use]
    pub fn written_at(&self, text: &str) -> Option<Timestamp> {
        self.by_text.get(text).map(|no| self.lines[*no].time)
    }

    pub(crate) fn add_pod(&mut self, spec: PodSpec) {
        self.pods.push(spec);
    }

    pub(crate) fn add_line(&mut self, written: Written) {
        self.by_text.insert(written.text.clone(), self.lines.len());
        self.lines.push(written);
    }

    /// Compares what was written with what has arrived.
    #[must_use]
    pub fn audit<'a>(&self, arrived: impl IntoIterator<Item = &'a Arrived>) -> Audit {
        let mut audit = Audit { written: self.lines.len(), ..Audit::default() };
        let mut times: Vec<Vec<Timestamp>> = vec![Vec::new(); self.lines.len()];
        for entry in arrived {
            let Some(no) = self.by_text.get(&entry.line).copied() else {
                audit.wrong += 1;
                let pod = entry.metadata.get("pod").unwrap_or_default();
                audit.tell(&format!("nobody wrote, in {pod} at {}", entry.timestamp), &entry.line);
                continue;
            };
            if let Some(fault) = self.misplaced(&self.lines[no], entry) {
                audit.wrong += 1;
                audit.tell(&fault, &entry.line);
            }
            times[no].push(entry.timestamp);
        }
        for (line, times) in self.lines.iter().zip(&times) {
            match times.len() {
                0 => {
                    audit.lost += 1;
                    audit.tell("lost", &line.text);
                }
                1 => audit.found += 1,
                _ => {
                    (audit.found, audit.doubled) = (audit.found + 1, audit.doubled + 1);
                    audit.tell("doubled", &line.text);
                }
            }
        }
        self.put_in_order(&times, &mut audit);
        audit
    }

    /// What an entry says of its origin that is not so.
    fn misplaced(&self, line: &Written, entry: &Arrived) -> Option<String> {
        let PodSpec { namespace, name, container, task, .. } = &self.pods[line.pod];
        let map_index = task.map_index.map_or_else(|| "-1".to_owned(), |index| index.to_string());
        let try_number = task.try_number.to_string();
        let truth: [(&str, &str); 9] = [
            ("namespace", namespace),
            ("pod", name),
            ("container", container),
            ("stream", line.stream),
            ("dag_id", &task.dag_id),
            ("task_id", &task.task_id),
            ("run_id", &task.run_id),
            ("try_number", &try_number),
            ("map_index", &map_index),
        ];
        let told = |name: &str| entry.metadata.get(name).or_else(|| entry.labels.get(name));
        let wrong = truth.iter().find(|(name, value)| told(name) != Some(value));
        wrong.map(|(name, value)| format!("{name} is {:?} and not {value:?} for", told(name)))
    }

    /// Looks whether the lines of a log have their times in the order in which they were written.
    fn put_in_order(&self, times: &[Vec<Timestamp>], audit: &mut Audit) {
        let mut last: BTreeMap<(usize, u32, &str), Timestamp> = BTreeMap::new();
        for (line, times) in self.lines.iter().zip(times) {
            let Some(time) = times.iter().min() else { continue };
            let log = (line.pod, line.restarts, line.stream);
            if last.insert(log, *time).is_some_and(|before| before >= *time) {
                audit.disordered += 1;
                audit.tell("before the line that it follows", &line.text);
            }
        }
    }
}

impl Received {
    /// Takes a push.
    pub fn take(&mut self, streams: Vec<Stream>) {
        for Stream { labels, entries } in streams {
            for entry in entries {
                let arrived = Arrived {
                    labels: labels.clone(),
                    metadata: entry.metadata,
                    timestamp: entry.timestamp,
                    line: entry.line,
                };
                self.add(arrived);
            }
        }
    }

    /// What is there, in the order in which it came first.
    #[must_use]
    pub fn entries(&self) -> &[Arrived] {
        &self.entries
    }

    fn add(&mut self, arrived: Arrived) {
        let key = (arrived.labels.clone(), arrived.timestamp, arrived.line.clone());
        match self.known.get(&key) {
            None => {
                self.known.insert(key, self.entries.len());
                self.entries.push(arrived);
            }
            Some(no) => {
                self.again += 1;
                if self.entries[*no].metadata != arrived.metadata {
                    self.changed.push(arrived);
                }
            }
        }
    }
}

impl Audit {
    /// Whether each line has arrived once, in its order, with its origin.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lost + self.doubled + self.wrong + self.disordered == 0
    }

    fn tell(&mut self, what: &str, line: &str) {
        if self.faults.len() < FAULTS_TOLD_MAX {
            let line: String = line.chars().take(TOLD_CHARS_MAX).collect();
            self.faults.push(format!("{what}: {line:?}"));
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, found, lost, doubled, wrong, .. } = self;
        write!(
            f,
            "written {written}, found {found}, lost {lost}, doubled {doubled}, wrong attribution \
             {wrong}"
        )
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// A ledger of two pods with a line of each, and what a store has that has got both right.
    fn whole() -> (Ledger, Vec<Arrived>) {
        let (mut ledger, mut random) = (Ledger::default(), Rng::with_seed(1));
        for pod in 0..2 {
            ledger.add_pod(PodSpec::of_task(pod, &mut random));
            for no in 0..2 {
                let text = format!("pod {pod} line {no}");
                let time = Timestamp(0);
                ledger.add_line(Written { pod, restarts: 0, stream: "stdout", text, time });
            }
        }
        let arrived = |(no, line): (usize, &Written)| {
            let PodSpec { namespace, name, container, task, .. } = &ledger.pods[line.pod];
            let map_index = task.map_index.map_or("-1".to_owned(), |index| index.to_string());
            let try_number = task.try_number.to_string();
            let [dag, run, task] = [&task.dag_id, &task.run_id, &task.task_id];
            let labels = [("namespace", namespace), ("container", container), ("dag_id", dag)];
            let metadata = [
                ("task_id", task.as_str()),
                ("pod", name),
                ("stream", "stdout"),
                ("run_id", run),
                ("try_number", &try_number),
                ("map_index", &map_index),
            ];
            Arrived {
                labels: Labels::new(labels.map(|(name, value)| (name, value.as_str()))),
                metadata: Labels::new(metadata),
                timestamp: Timestamp(no as i64),
                line: line.text.clone(),
            }
        };
        let all = ledger.lines.iter().enumerate().map(arrived).collect();
        (ledger, all)
    }

    /// What the audit counts of lost, doubled, wrong and disordered ones once something changed.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<Arrived>), expect: [usize; 4]) {
        let (ledger, mut arrived) = whole();
        change(&mut arrived);
        let audit = ledger.audit(&arrived);
        let Audit { lost, doubled, wrong, disordered, .. } = audit;
        assert_eq!([lost, doubled, wrong, disordered], expect, "{:?}", audit.faults);
        assert_eq!(audit.holds(), expect == [0; 4]);
        assert_eq!((audit.written, audit.found), (4, 4 - lost));
    }

    #[test]
    fn every_fault_is_named() {
        check(|_| {}, [0, 0, 0, 0]);
        check(|all| drop(all.pop()), [1, 0, 0, 0]);
        check(|all| all.push(all[0].clone()), [0, 1, 0, 0]);
        check(|all| all[0].metadata = all[0].metadata.with("run_id", "x"), [0, 0, 1, 0]);
        check(|all| all[0].metadata = all[0].metadata.with("stream", "stderr"), [0, 0, 1, 0]);
        check(|all| all[0].line.push('x'), [1, 0, 1, 0]);
        check(|all| all[0].timestamp = Timestamp(9), [0, 0, 0, 1]);
        let swapped = |all: &mut Vec<Arrived>| {
            let other = all[2].line.clone();
            all[2].line = std::mem::replace(&mut all[0].line, other);
        };
        check(swapped, [0, 0, 2, 1]);
    }

    #[test]
    fn what_comes_again_is_the_same() {
        let (_, arrived) = whole();
        let mut received = Received::default();
        received.add(arrived[0].clone());
        received.add(arrived[0].clone());
        assert_eq!((received.entries().len(), received.again, received.changed.len()), (1, 1, 0));
        let other = Arrived { metadata: Labels::default(), ..arrived[0].clone() };
        received.add(other);
        assert_eq!((received.entries().len(), received.changed.len()), (1, 1));
    }
}
