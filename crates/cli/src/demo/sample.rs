//! The sample that the binary carries: pods of a real Airflow 2.10.5 and a real Airflow 3.3.2 with
//! the KubernetesExecutor, their logs as containerd wrote them, and whose each one is.
//!
//! `sample.tar.zst` holds a folder for each deployment with `pods/<folder>/<container>/0.log`,
//! `pods.json` (a `PodList`) and `truth.jsonl` (one object for each task's log).

use std::collections::HashMap;
use std::io::Read;

use anyhow::{Context, Result, bail};
use model::Timestamp;
use serde::Deserialize;

const ARCHIVE: &[u8] = include_bytes!("sample.tar.zst");
/// More than the archive unpacks to; a bound so that a damaged one cannot fill the memory.
const UNPACKED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// All pods of the sample.
#[derive(Debug)]
pub struct Sample {
    /// The containers' logs, by deployment and folder.
    pub logs: Vec<PodLog>,
    /// The pods as the API server describes them.
    pub pods: Vec<serde_json::Value>,
}

/// The log of one container.
#[derive(Debug)]
pub struct PodLog {
    /// The pod's folder, `<namespace>_<pod>_<uid>`.
    pub folder: String,
    /// The container's name.
    pub container: String,
    /// Its records in the order in which they were written.
    pub records: Vec<Record>,
    /// Whose log it is, when it is a task's.
    pub truth: Option<Truth>,
}

/// One record of a container's log in the CRI format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it was written.
    pub time: Timestamp,
    /// What follows the time, with the newline: ` stdout F message`.
    pub rest: Vec<u8>,
}

/// The task instance that a log belongs to, from Airflow's own database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Truth {
    /// The log, below the deployment's folder.
    pub file: String,
    /// The DAG.
    pub dag_id: String,
    /// The task.
    pub task_id: String,
    /// The run.
    pub run_id: String,
    /// The try, from 1.
    pub try_number: u32,
    /// The index of a mapped task, else -1.
    pub map_index: i64,
}

impl Sample {
    /// Unpacks the sample.
    ///
    /// # Errors
    /// When the archive is damaged.
    pub fn load() -> Result<Self> {
        let files = unpack(ARCHIVE).context("failed to unpack the demo's sample")?;
        let mut truth = HashMap::new();
        let mut pods = Vec::new();
        for (path, bytes) in &files {
            let Some((deployment, name)) = path.split_once('/') else { continue };
            match name {
                "truth.jsonl" => {
                    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                        let entry: Truth = serde_json::from_slice(line)?;
                        truth.insert(format!("{deployment}/{}", entry.file), entry);
                    }
                }
                "pods.json" => {
                    let list: PodList = serde_json::from_slice(bytes)?;
                    pods.extend(list.items);
                }
                _ => {}
            }
        }
        let logs = files.iter().filter(|(path, _)| path.ends_with(".log"));
        let logs = logs.map(|(path, bytes)| pod_log(path, bytes, truth.get(path).cloned()));
        Ok(Self { logs: logs.collect::<Result<_>>()?, pods })
    }
}

impl PodLog {
    /// Lines as a reader counts them: records that were cut (`P`) make one line with the next of
    /// their stream, or with nothing when the stream ends there.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.records.iter().filter(|record| !record.is_partial()).count() + self.unended()
    }

    /// How many of the two streams (stdout, stderr) end without a newline.
    #[must_use]
    pub fn unended(&self) -> usize {
        let last = |stream: &[u8]| self.records.iter().rfind(|r| r.rest.starts_with(stream));
        let ends = [last(b" stdout"), last(b" stderr")];
        ends.into_iter().flatten().filter(|record| record.is_partial()).count()
    }
}

impl Record {
    /// Whether the line goes on in the next record.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.rest.starts_with(b" stdout P") || self.rest.starts_with(b" stderr P")
    }
}

#[derive(Deserialize)]
struct PodList {
    items: Vec<serde_json::Value>,
}

fn unpack(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let unpacked = zstd::stream::read::Decoder::new(archive)?.take(UNPACKED_BYTES_MAX);
    let mut files = Vec::new();
    for entry in tar::Archive::new(unpacked).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.push((path, bytes));
        }
    }
    Ok(files)
}

fn pod_log(path: &str, bytes: &[u8], truth: Option<Truth>) -> Result<PodLog> {
    let parts: Vec<&str> = path.split('/').collect();
    let [_, "pods", folder, container, _] = parts.as_slice() else {
        bail!("the sample's {path} is not at pods/<folder>/<container>/N.log");
    };
    let records = bytes.split_inclusive(|b| *b == b'\n').map(|line| record(path, line));
    Ok(PodLog {
        folder: (*folder).to_owned(),
        container: (*container).to_owned(),
        records: records.collect::<Result<_>>()?,
        truth,
    })
}

fn record(path: &str, line: &[u8]) -> Result<Record> {
    let space = line.iter().position(|b| *b == b' ');
    let space = space.with_context(|| format!("a record of {path} has no time"))?;
    let time: jiff::Timestamp = std::str::from_utf8(&line[..space])?.parse()?;
    let nanos = i64::try_from(time.as_nanosecond())?;
    Ok(Record { time: Timestamp(nanos), rest: line[space..].to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_whole() {
        let sample = Sample::load().unwrap();
        let records: usize = sample.logs.iter().map(|log| log.records.len()).sum();
        let tasks = sample.logs.iter().filter(|log| log.truth.is_some()).count();
        assert_eq!((sample.logs.len(), sample.pods.len(), tasks), (227, 227, 218));
        assert_eq!(records, 21_929 + 21_507);
        let lines: usize = sample.logs.iter().map(PodLog::lines).sum();
        assert_eq!(lines, 43_404);
    }
}
