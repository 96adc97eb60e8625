//! How much is generated, and the pushes it comes in.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use model::{Entry, Labels, Stream, Timestamp};

use crate::line::{Level, Writer, line};

/// What to generate. The defaults are the day that our figures are taken on.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Equal seeds give equal logs.
    pub seed: u64,
    /// How many DAGs there are; each runs once an hour.
    pub dags: usize,
    /// How many tasks each has.
    pub tasks: usize,
    /// When the logs begin.
    pub start: Timestamp,
    /// How many hours they take.
    pub hours: usize,
    /// About how many bytes of lines there are in all.
    pub line_bytes: u64,
    /// One push holds what all tasks wrote in so many seconds.
    pub push_seconds: usize,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            seed: 1,
            dags: 50,
            tasks: 10,
            // 2026-01-15T00:00:00Z
            start: Timestamp::from_secs(1_768_435_200),
            hours: 24,
            line_bytes: 1_000_000_000,
            push_seconds: 10,
        }
    }
}

/// What one line takes on the average, measured over a day; decides how many lines are written.
const LINE_BYTES_MEAN: u64 = 175;
/// A task writes for so long.
const TASK_SECONDS: usize = 1200;

impl Spec {
    /// The pushes, in order of time.
    #[must_use]
    pub fn batches(&self) -> Batches {
        Batches { spec: self.clone(), rng: Rng::with_seed(self.seed), window: 0 }
    }

    /// How many lines one task writes in one push.
    fn lines_a_push(&self) -> f64 {
        let pushes =
            self.hours * (TASK_SECONDS / self.push_seconds.max(1)) * self.dags * self.tasks;
        (self.line_bytes / LINE_BYTES_MEAN) as f64 / pushes.max(1) as f64
    }

    /// Which tasks write in a window: a run's tasks start spread over the hour.
    fn is_active(&self, dag: usize, task: usize, second: usize) -> bool {
        let starts = (dag * 47 + task * 211) % (3600 - TASK_SECONDS);
        (starts..starts + TASK_SECONDS).contains(&(second % 3600))
    }
}

/// See [`Spec::batches`].
#[derive(Debug)]
pub struct Batches {
    spec: Spec,
    rng: Rng,
    window: usize,
}

impl Iterator for Batches {
    type Item = Vec<Stream>;

    fn next(&mut self) -> Option<Vec<Stream>> {
        let second = self.window * self.spec.push_seconds.max(1);
        if second >= self.spec.hours * 3600 {
            return None;
        }
        self.window += 1;
        let mut streams = Vec::new();
        for dag in 0..self.spec.dags {
            for task in 0..self.spec.tasks {
                if self.spec.is_active(dag, task, second) {
                    streams.extend(self.task(dag, task, second));
                }
            }
        }
        Some(streams)
    }
}

impl Batches {
    /// What one task writes in one window.
    fn task(&mut self, dag: usize, task: usize, second: usize) -> Vec<Stream> {
        let hour = second / 3600;
        let (dag_id, task_id) = (format!("dag_{dag:02}"), format!("task_{task}"));
        let run_id = format!("scheduled__2026-01-15T{:02}:00:00+00:00", hour % 24);
        let try_number = 1 + u32::from((dag + task + hour).is_multiple_of(20));
        let json = dag.is_multiple_of(2);
        let writer =
            Writer { dag_id: &dag_id, task_id: &task_id, run_id: &run_id, try_number, json };
        let mut by_level: BTreeMap<Level, Vec<Entry>> = BTreeMap::new();
        let mean = self.spec.lines_a_push();
        let count = mean as usize + usize::from(self.rng.f64() < mean.fract());
        let metadata = metadata(&writer, dag, task, hour);
        let window = Duration::from_secs(self.spec.push_seconds as u64);
        let from = self.spec.start + Duration::from_secs(second as u64);
        for i in 0..count {
            let jitter =
                Duration::from_nanos(self.rng.u64(0..1000) * 1000 + (dag * 16 + task) as u64);
            let time = from + window.mul_f64(i as f64 / count as f64) + jitter;
            let (level, text) = line(&mut self.rng, &writer, time);
            let entry = Entry { timestamp: time, line: text, metadata: metadata.clone() };
            by_level.entry(level).or_default().push(entry);
        }
        let streams = by_level.into_iter();
        streams.map(|(level, entries)| Stream { labels: labels(&writer, level), entries }).collect()
    }
}

fn labels(writer: &Writer<'_>, level: Level) -> Labels {
    Labels::new([
        ("namespace", "airflow"),
        ("app", "airflow"),
        ("container", "base"),
        ("component", "worker"),
        ("dag_id", writer.dag_id),
        ("task_id", writer.task_id),
        ("level", level.as_str()),
    ])
}

fn metadata(writer: &Writer<'_>, dag: usize, task: usize, hour: usize) -> Labels {
    let pod =
        format!("dag-{dag:02}-task-{task}-{:08x}", (hour * 7919 + dag * 131 + task) * 2_654_435);
    Labels::new([
        ("run_id", writer.run_id),
        ("try_number", &writer.try_number.to_string()),
        ("map_index", "-1"),
        ("pod", &pod),
        ("node", ["node-a", "node-b", "node-c"][(dag + task) % 3]),
        ("attributed_by", "pod annotation"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_logs_of_about_the_size_that_was_asked_for() {
        let spec = Spec { dags: 4, tasks: 3, hours: 2, line_bytes: 2_000_000, ..Spec::default() };
        let first: Vec<Stream> = spec.batches().flatten().collect();
        assert!(first == spec.batches().flatten().collect::<Vec<_>>());
        let other = Spec { seed: 2, ..spec };
        assert!(first != other.batches().flatten().collect::<Vec<_>>());
        let bytes: usize = first.iter().flat_map(|s| &s.entries).map(|e| e.line.len()).sum();
        assert!((1_800_000..2_200_000).contains(&bytes), "{bytes} bytes");
    }
}
