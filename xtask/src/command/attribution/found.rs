//! The stored lines beside those that were written.

use std::collections::{BTreeMap, HashMap};

use airflow::path::LogPath;
use airflow::{TaskFacts, column};
use anyhow::{Context as _, Result};
use model::{Labels, Timestamp};

use super::corpus::Corpus;
use super::cri::{self, Line};
use crate::paged::Shown;

/// A line that was written, and what the store has of it.
pub(super) struct Found<'a> {
    pub(super) file: &'a str,
    pub(super) line: &'a Line,
    /// Whose it is said to be, and by what, of each time that it is stored.
    pub(super) stored: &'a [Said],
}

/// Whose a stored line is said to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) task: Option<TaskFacts>,
    pub(super) by: String,
}

/// Shows every line that was written with what is stored of it, and returns what is stored and was
/// never written.
pub(super) fn find(
    corpus: &Corpus,
    stored: Vec<Shown>,
    mut see: impl FnMut(&Found<'_>),
) -> Result<Vec<Shown>> {
    let mut sources: BTreeMap<Source, Vec<Shown>> = BTreeMap::new();
    for shown in stored {
        sources.entry(Source::of_stored(&shown.labels)).or_default().push(shown);
    }
    let mut files: BTreeMap<Source, Vec<&str>> = BTreeMap::new();
    for file in corpus.files.keys() {
        if let Some(source) = Source::of_file(file) {
            files.entry(source).or_default().push(file);
        }
    }
    let mut strange = Vec::new();
    for (source, files) in files {
        let mut written = Written::read(corpus, &files)?;
        let stored = sources.remove(&source).unwrap_or_default();
        strange.extend(stored.into_iter().filter_map(|shown| written.find(shown)));
        written.see(&mut see);
    }
    strange.extend(sources.into_values().flatten());
    Ok(strange)
}

/// Where lines come from, as far as what is stored tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// Namespace, pod, container.
    Container([String; 3]),
    /// All logs of one try, or all logs of its triggers.
    Task { path: String, is_trigger: bool },
}

impl Source {
    fn of_file(file: &str) -> Option<Self> {
        if let Some(rest) = file.strip_prefix("pods/") {
            let (folder, rest) = rest.split_once('/')?;
            let container = rest.split_once('/')?.0;
            let mut names = folder.splitn(3, '_');
            let pod = [names.next()?, names.next()?, container];
            return Some(Self::Container(pod.map(str::to_owned)));
        }
        let path = LogPath::parse(file.strip_prefix("task-logs/")?)?;
        Some(Self::Task { path: show(&path.task), is_trigger: path.trigger_job.is_some() })
    }

    fn of_stored(labels: &Labels) -> Self {
        let label = |name| labels.get(name).unwrap_or_default().to_owned();
        if labels.get("pod").is_some() {
            return Self::Container(["namespace", "pod", "container"].map(label));
        }
        let said = Said::of(labels);
        let path = said.task.as_ref().map_or_else(String::new, show);
        Self::Task { path, is_trigger: label("component") == "triggerer" }
    }
}

/// The lines of one source, in the order in which they were written.
struct Written<'a> {
    lines: Vec<(&'a str, Line)>,
    stored: Vec<Vec<Said>>,
    /// Where lines are that begin an entry of this time and text; the earliest first.
    places: HashMap<(bool, Timestamp, String), Vec<usize>>,
}

impl<'a> Written<'a> {
    fn read(corpus: &Corpus, files: &[&'a str]) -> Result<Self> {
        let mut lines = Vec::new();
        for &file in files {
            let bytes = corpus.files.get(file).context("a file went away")?;
            let read = if file.starts_with("pods/") { cri::lines(bytes) } else { plain(bytes) };
            lines.extend(read.into_iter().map(|line| (file, line)));
        }
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, (_, line)) in lines.iter().enumerate() {
            let key = (line.is_stderr, line.at, line.text.clone());
            places.entry(key).or_default().push(at);
        }
        Ok(Self { stored: vec![Vec::new(); lines.len()], lines, places })
    }

    /// Finds the lines of a stored entry; gives it back when it was never written.
    fn find(&mut self, shown: Shown) -> Option<Shown> {
        let is_stderr = shown.labels.get("stream") == Some("stderr");
        // A task's log file has no times of its own.
        let at = shown.labels.get("pod").map_or(Timestamp(0), |_| shown.timestamp);
        let mut texts = shown.line.split('\n');
        let key = (is_stderr, at, texts.next()?.to_owned());
        let Some(first) = self.places.get(&key).and_then(|places| self.free(places)) else {
            return Some(shown);
        };
        let rest = (first + 1..self.lines.len())
            .filter(|at| self.lines[*at].1.is_stderr == is_stderr)
            .zip(texts.clone());
        let places: Vec<usize> = std::iter::once(first)
            .chain(rest.filter(|(at, text)| self.lines[*at].1.text == *text).map(|(at, _)| at))
            .collect();
        if places.len() != 1 + texts.count() {
            return Some(shown);
        }
        let said = Said::of(&shown.labels);
        for at in places {
            self.stored[at].push(said.clone());
        }
        None
    }

    /// The first that has nothing stored yet; the last when all have.
    fn free(&self, places: &[usize]) -> Option<usize> {
        let free = places.iter().find(|at| self.stored[**at].is_empty());
        free.or(places.last()).copied()
    }

    fn see(&self, see: &mut impl FnMut(&Found<'_>)) {
        for ((file, line), stored) in self.lines.iter().zip(&self.stored) {
            see(&Found { file, line, stored });
        }
    }
}

impl Said {
    fn of(labels: &Labels) -> Self {
        let answer = column::attribution(labels, labels);
        let by = labels.get("attributed_by").unwrap_or("-").to_owned();
        Self { task: answer.map(|answer| answer.task), by }
    }
}

/// The lines of a file that has nothing but them.
fn plain(bytes: &[u8]) -> Vec<Line> {
    let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = whole.split(|byte| *byte == b'\n').zip(1_u64..);
    let line = |(line, number): (&[u8], u64)| Line {
        text: String::from_utf8_lossy(line).into_owned(),
        is_stderr: false,
        at: Timestamp(0),
        records: vec![number],
    };
    lines.map(line).collect()
}

/// A task as one word, `?` for what is not known.
pub(super) fn show(facts: &TaskFacts) -> String {
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
    let index = facts.map_index.map_or_else(|| "?".to_owned(), |index| index.to_string());
    let number = facts.try_number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let [dag_id, run_id, task_id] = [&facts.dag_id, &facts.run_id, &facts.task_id].map(text);
    format!("{dag_id}/{run_id}/{task_id}/{index}/{number}")
}
