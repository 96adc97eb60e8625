//! The files of a corpus through attributors, as the collector would.

use std::collections::BTreeMap;
use std::sync::Arc;

use airflow::attribute::{Attributor, Begun, Line, Waiting};
use airflow::path::LogPath;
use airflow::pod::Attribution;
use airflow::{Pod, TaskFacts};
use anyhow::{Context as _, Result};
use model::Timestamp;

use super::corpus::Corpus;
use super::cri;
use super::run::Hide;

/// A line, where it is from, and whose it is found to be.
pub(super) struct Played<'a> {
    pub(super) file: &'a str,
    /// The component of the container; `None` for a task's log file.
    pub(super) component: Option<&'a str>,
    pub(super) text: &'a str,
    pub(super) records: &'a [u64],
    pub(super) answer: Option<&'a Attribution>,
}

impl Played<'_> {
    /// The facts that were found.
    pub(super) fn facts(&self) -> Option<&TaskFacts> {
        self.answer.map(|answer| &answer.task)
    }
}

/// Plays every log of a corpus and shows each line with its answer.
pub(super) fn play(
    corpus: &Corpus,
    hide: Option<Hide>,
    mut see: impl FnMut(&Played<'_>),
) -> Result<()> {
    let pods = corpus.pods()?;
    for (file, bytes) in &corpus.files {
        if let Some(rest) = file.strip_prefix("pods/") {
            play_pod(file, rest, bytes, &pods, hide, &mut see)?;
        } else if let Some(path) = file.strip_prefix("task-logs/").and_then(LogPath::parse) {
            play_task(file, &path, bytes, &mut see);
        }
    }
    Ok(())
}

fn play_pod(
    file: &str,
    rest: &str,
    bytes: &[u8],
    pods: &BTreeMap<String, Pod>,
    hide: Option<Hide>,
    see: &mut impl FnMut(&Played<'_>),
) -> Result<()> {
    let (folder, rest) = rest.split_once('/').context("a pod's log outside of its folder")?;
    let container = rest.split_once('/').map_or("", |(container, _)| container);
    let mut names = folder.splitn(3, '_');
    let bare = Pod::new(names.next().unwrap_or(""), names.next().unwrap_or(""));
    let mut pod = pods.get(folder).cloned().unwrap_or_else(|| bare.clone());
    match hide {
        Some(Hide::Annotations) => pod.annotations.clear(),
        Some(Hide::Pods) if pod.is_executors() => pod = bare,
        _ => {}
    }
    let component = airflow::component::of(&pod, container).map(str::to_owned);
    let mut attributor = Attributor::of_pod(&pod, container, Begun::AtItsStart);
    let mut waiting = Waiting::default();
    let mut show = |line: cri::Line, answer: Option<Arc<Attribution>>| {
        see(&Played {
            file,
            component: component.as_deref(),
            text: &line.text,
            records: &line.records,
            answer: answer.as_deref(),
        });
    };
    for line in cri::lines(bytes) {
        let at = line.at;
        let taken = Line { text: &line.text, is_stderr: line.is_stderr, at };
        let answer = attributor.take(&taken);
        waiting.push(line, answer, at);
        while let Some((line, answer)) = waiting.pop(&attributor, at) {
            show(line, answer);
        }
    }
    while let Some((line, answer)) = waiting.pop(&attributor, Timestamp::MAX) {
        show(line, answer);
    }
    Ok(())
}

fn play_task(file: &str, path: &LogPath, bytes: &[u8], see: &mut impl FnMut(&Played<'_>)) {
    let mut attributor = Attributor::of_path(path);
    let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for (line, number) in whole.split(|byte| *byte == b'\n').zip(1_u64..) {
        let text = String::from_utf8_lossy(line);
        let taken = Line { text: &text, is_stderr: false, at: Timestamp(0) };
        let mut waiting = Waiting::default();
        waiting.push((), attributor.take(&taken), Timestamp(0));
        let answer = waiting.pop(&attributor, Timestamp::MAX).and_then(|(_, answer)| answer);
        see(&Played {
            file,
            component: None,
            text: &text,
            records: &[number],
            answer: answer.as_deref(),
        });
    }
}
