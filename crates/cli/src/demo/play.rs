//! Plays a sample as a Kubernetes node: makes the pods' folders, writes their records, rotates
//! long logs and removes the folders of finished pods.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{Clock, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::sample::{PodLog, Record, Sample};

/// How a sample is played.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that stands for `/var/log/pods`.
    pub pods_dir: PathBuf,
    /// The file that stands for the API server: a `PodList`.
    pub pods_file: PathBuf,
    /// How long the play takes; what the sample recorded is squeezed into it.
    pub duration: Duration,
    /// A log that has grown beyond this is rotated, as the kubelet does (there: 10 MiB).
    pub rotate_bytes: usize,
    /// How long the folder of a finished pod stays.
    pub linger: Duration,
}

impl Config {
    /// A play below a folder, with the demo's pace.
    #[must_use]
    pub fn new(folder: &Path, duration: Duration) -> Self {
        Self {
            pods_dir: folder.join("pods"),
            pods_file: folder.join("pods.json"),
            duration,
            rotate_bytes: 256 * 1024,
            linger: Duration::from_millis(300),
        }
    }
}

/// What was played so far, or in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Played {
    /// Lines, each counted once however many records it was cut into.
    pub lines: usize,
    /// Pods whose folder was made.
    pub pods: usize,
    /// Pods whose folder was removed again.
    pub removed: usize,
    /// Logs that were rotated.
    pub rotated: usize,
}

/// The time between two steps of the play.
const TICK: Duration = Duration::from_millis(50);

/// Plays the sample; `progress` hears of each step.
///
/// The records' times are shifted so that the last one of each deployment is now; nothing else
/// about them changes.
///
/// # Errors
/// When a file cannot be written.
pub async fn play(
    sample: &Sample,
    config: &Config,
    clock: &dyn Clock,
    mut progress: impl FnMut(Played),
) -> io::Result<Played> {
    fs::create_dir_all(&config.pods_dir)?;
    let pods = serde_json::json!({"apiVersion": "v1", "kind": "PodList", "items": sample.pods});
    replace(&config.pods_file, pods.to_string().as_bytes())?;
    let mut node = Node::new(sample, config.clone());
    let timeline = timeline(sample, clock.now());
    let Some((first, last)) = timeline.first().zip(timeline.last()) else {
        return Ok(Played::default());
    };
    let span = last.time.since(first.time);
    let ticks = u32::try_from(config.duration.as_millis() / TICK.as_millis()).unwrap_or(1).max(1);
    let start = Instant::now();
    let mut rest = timeline.as_slice();
    for tick in 1..=ticks {
        let until = first.time + span.mul_f64(f64::from(tick) / f64::from(ticks));
        let count = rest.partition_point(|step| tick == ticks || step.time <= until);
        let (now, later) = rest.split_at(count);
        rest = later;
        node.write(now)?;
        node.remove_finished(Instant::now())?;
        progress(node.played);
        sleep_until(start + TICK * tick).await;
    }
    sleep_until(Instant::now() + config.linger).await;
    node.remove_finished(Instant::now())?;
    progress(node.played);
    Ok(node.played)
}

/// One record of one log, at its shifted time.
struct Step<'a> {
    time: Timestamp,
    log: usize,
    record: &'a Record,
    is_last: bool,
}

fn timeline(sample: &Sample, now: Timestamp) -> Vec<Step<'_>> {
    let last_time = |log: &PodLog| log.records.last().map_or(Timestamp::MIN, |r| r.time);
    let end = sample.logs.iter().map(last_time).max().unwrap_or(now);
    let shift = now.since(end);
    let steps = sample.logs.iter().enumerate().flat_map(|(log, pod)| {
        let last = pod.records.len().saturating_sub(1);
        pod.records.iter().enumerate().map(move |(i, record)| {
            let (time, is_last) = (record.time + shift, i == last);
            Step { time, log, record, is_last }
        })
    });
    let mut steps: Vec<_> = steps.collect();
    // Stable: the records of one log stay in their order even where its clock stood still.
    steps.sort_by_key(|step| step.time);
    steps
}

/// The node: which logs are open, and which pods are done.
struct Node<'a> {
    sample: &'a Sample,
    config: Config,
    open: HashMap<usize, OpenLog>,
    finished: Vec<(Instant, String)>,
    played: Played,
}

struct OpenLog {
    path: PathBuf,
    file: File,
    written: usize,
    rotations: usize,
}

impl<'a> Node<'a> {
    fn new(sample: &'a Sample, config: Config) -> Self {
        let (open, finished) = (HashMap::new(), Vec::new());
        Self { sample, config, open, finished, played: Played::default() }
    }

    fn write(&mut self, steps: &[Step<'_>]) -> io::Result<()> {
        for step in steps {
            self.write_one(step)?;
        }
        Ok(())
    }

    fn write_one(&mut self, step: &Step<'_>) -> io::Result<()> {
        let pod = &self.sample.logs[step.log];
        if !self.open.contains_key(&step.log) {
            let log = OpenLog::create(&self.config.pods_dir, pod)?;
            self.open.insert(step.log, log);
            self.played.pods += 1;
        }
        let Some(log) = self.open.get_mut(&step.log) else { return Ok(()) };
        if log.written > self.config.rotate_bytes {
            log.rotate()?;
            self.played.rotated += 1;
        }
        log.append(step)?;
        self.played.lines += usize::from(!step.record.is_partial());
        if step.is_last {
            self.played.lines += pod.unended();
        }
        // A task's pod ends with its log; the others (scheduler, triggerer …) live on.
        if step.is_last && pod.truth.is_some() {
            self.finished.push((Instant::now() + self.config.linger, pod.folder.clone()));
        }
        Ok(())
    }

    fn remove_finished(&mut self, now: Instant) -> io::Result<()> {
        let (gone, stay) = self.finished.drain(..).partition(|(when, _)| *when <= now);
        self.finished = stay;
        for (_, folder) in &gone {
            fs::remove_dir_all(self.config.pods_dir.join(folder))?;
        }
        self.played.removed += gone.len();
        Ok(())
    }
}

impl OpenLog {
    fn create(pods_dir: &Path, pod: &PodLog) -> io::Result<Self> {
        let folder = pods_dir.join(&pod.folder).join(&pod.container);
        fs::create_dir_all(&folder)?;
        let path = folder.join("0.log");
        let file = File::options().create(true).append(true).open(&path)?;
        Ok(Self { path, file, written: 0, rotations: 0 })
    }

    fn append(&mut self, step: &Step<'_>) -> io::Result<()> {
        let mut bytes = rfc3339(step.time).into_bytes();
        bytes.extend_from_slice(&step.record.rest);
        self.file.write_all(&bytes)?;
        self.written += bytes.len();
        Ok(())
    }

    /// As the kubelet: the log is renamed, and a new one takes its name.
    fn rotate(&mut self) -> io::Result<()> {
        self.rotations += 1;
        let rotated = format!("0.log.20260101-{:06}", self.rotations);
        fs::rename(&self.path, self.path.with_file_name(rotated))?;
        self.file = File::options().create(true).append(true).open(&self.path)?;
        self.written = 0;
        Ok(())
    }
}

/// Writes a file so that no reader sees half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes)?;
    fs::rename(new, path)
}

/// A time as containerd writes it: up to nine decimals, trailing zeros cut.
fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0));
    time.map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_containerd_writes_them() {
        let time = |nanos| rfc3339(Timestamp(nanos));
        assert_eq!(time(1_790_000_000_000_000_000), "2026-09-21T14:13:20Z");
        assert_eq!(time(1_790_000_000_120_000_000), "2026-09-21T14:13:20.12Z");
    }
}
