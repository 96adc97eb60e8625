//! The node: which pods are on it, and what happens to their logs.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use fastrand::Rng;
use model::{Clock, Timestamp};
use serde_json::json;

use crate::audit::{Ledger, Written};
use crate::pod::Pod;
use crate::record::{Format, record, time_text};
use crate::schedule::Step;
use crate::task::PodSpec;
use crate::text::Form;

/// What a kubelet is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that stands for `/var/log/pods`.
    pub pods_folder: PathBuf,
    /// The file that stands for the API server: a `PodList`.
    pub pods_file: PathBuf,
    /// How the runtime writes records.
    pub format: Format,
    /// How many bytes of a line a record holds; containerd's is 16 KiB.
    pub record_bytes_max: usize,
    /// Decides all that is made up.
    pub seed: u64,
}

/// A node's kubelet and its runtime, in one.
#[derive(Debug)]
pub struct Kubelet {
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: Rng,
    /// By their place on the node.
    pods: BTreeMap<usize, Pod>,
    /// Pods that Kubernetes knows of and that have not begun.
    announced: VecDeque<PodSpec>,
    ledger: Ledger,
    last_time: Timestamp,
}

impl Kubelet {
    /// A kubelet without pods.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> io::Result<Self> {
        fs::create_dir_all(&settings.pods_folder)?;
        let random = Rng::with_seed(settings.seed);
        let (pods, announced, ledger) = (BTreeMap::new(), VecDeque::new(), Ledger::default());
        let last_time = Timestamp(0);
        let kubelet = Self { settings, clock, random, pods, announced, ledger, last_time };
        kubelet.list_pods()?;
        Ok(kubelet)
    }

    /// Makes so many pods known before they begin. As long as there are such, the list of pods
    /// stays as it is.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn announce(&mut self, pods: usize) -> io::Result<()> {
        let first = self.ledger.pods();
        let specs = (first..first + pods).map(|no| PodSpec::of_task(no, &mut self.random));
        self.announced = specs.collect();
        self.list_pods()
    }

    /// Every line that was written.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Does a step. A pause is left to the caller.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn run(&mut self, step: &Step) -> io::Result<()> {
        match *step {
            Step::Write { pod, lines, form, is_stderr, piece } => {
                (0..lines).try_for_each(|_| self.write(pod, form, is_stderr, piece))
            }
            Step::Part(pod) => self.write_part(pod),
            Step::Rotate { pod, late } => self.rotate(pod, late),
            Step::Compress(pod) => self.change(pod, Pod::compress),
            Step::Prune(pod) => self.change(pod, Pod::prune),
            Step::CopyTruncate(pod) => self.change(pod, Pod::copy_and_truncate),
            Step::Truncate(pod) => self.end_and_change(pod, Pod::truncate),
            Step::Recreate(pod) => self.end_and_change(pod, Pod::recreate),
            Step::Restart(pod) => self.end_and_change(pod, Pod::restart),
            Step::Remove(pod) => self.remove(pod),
            Step::Pause(_) => Ok(()),
        }
    }

    /// Makes the pod of a place, unless one is there.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn start(&mut self, place: usize) -> io::Result<()> {
        if self.pods.contains_key(&place) {
            return Ok(());
        }
        let no = self.ledger.pods();
        // Kubernetes knows a pod long before its first container runs.
        let spec = match self.announced.pop_front() {
            Some(spec) => spec,
            None => {
                let spec = PodSpec::of_task(no, &mut self.random);
                self.list_pods_and(&[&spec])?;
                spec
            }
        };
        self.ledger.add_pod(spec.clone());
        let pod = Pod::start(no, spec, &self.settings.pods_folder)?;
        self.pods.insert(place, pod);
        Ok(())
    }

    /// Writes the end of every line that has only its beginning.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn end_parts(&mut self) -> io::Result<()> {
        let places: Vec<usize> = self.pods.keys().copied().collect();
        places.into_iter().try_for_each(|place| self.end_part(place))
    }

    fn write(&mut self, place: usize, form: Form, is_stderr: bool, piece: usize) -> io::Result<()> {
        self.start(place)?;
        self.end_part(place)?;
        let (stream, mut records) = (stream(is_stderr), Vec::new());
        let bytes = self.note(place, form, is_stderr);
        for line in bytes.split(|byte| *byte == b'\n') {
            let parts: Vec<&[u8]> = line.chunks(self.settings.record_bytes_max).collect();
            for (at, part) in parts.iter().enumerate() {
                let time = self.tick();
                let is_partial = at + 1 < parts.len();
                records.extend(record(self.settings.format, time, stream, is_partial, part));
            }
        }
        self.pod(place)?.append(&records, piece)
    }

    fn write_part(&mut self, place: usize) -> io::Result<()> {
        self.start(place)?;
        self.end_part(place)?;
        let bytes = self.note(place, Form::Text, false);
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let time = self.tick();
        let first = record(self.settings.format, time, stream(false), true, first);
        let pod = self.pod(place)?;
        pod.part = Some(second.to_owned());
        pod.append(&first, usize::MAX)
    }

    fn end_part(&mut self, place: usize) -> io::Result<()> {
        let time = self.tick();
        let format = self.settings.format;
        let Some(pod) = self.pods.get_mut(&place) else { return Ok(()) };
        let Some(rest) = pod.part.take() else { return Ok(()) };
        pod.append(&record(format, time, stream(false), false, &rest), usize::MAX)
    }

    /// Makes up the next text of a pod and notes it.
    fn note(&mut self, place: usize, form: Form, is_stderr: bool) -> Vec<u8> {
        let Some(pod) = self.pods.get(&place) else { return Vec::new() };
        let (no, restarts) = (pod.no, pod.restarts);
        let mark = format!("mark={no}.{}.", self.ledger.lines());
        let clock = time_text(self.clock.now());
        let mut bytes = form.bytes(&mark, clock.trim_end_matches('Z'), &mut self.random);
        // Docker writes JSON, which holds characters only.
        if self.settings.format == Format::Docker {
            bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (stream, time) = (stream(is_stderr), self.clock.now());
        self.ledger.add_line(Written { pod: no, restarts, stream, text, time });
        bytes
    }

    fn rotate(&mut self, place: usize, late: usize) -> io::Result<()> {
        let Some(pod) = self.pods.get_mut(&place) else { return Ok(()) };
        pod.rename()?;
        // Part of a line stays open through this, and ends in the new log.
        if self.pod(place)?.part.is_none() {
            (0..late).try_for_each(|_| self.write(place, Form::Text, false, usize::MAX))?;
        }
        self.pod(place)?.reopen()
    }

    fn end_and_change(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut Pod) -> io::Result<()>,
    ) -> io::Result<()> {
        self.end_part(place)?;
        self.change(place, change)
    }

    fn change(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut Pod) -> io::Result<()>,
    ) -> io::Result<()> {
        self.pods.get_mut(&place).map_or(Ok(()), change)
    }

    fn remove(&mut self, place: usize) -> io::Result<()> {
        self.end_part(place)?;
        let Some(pod) = self.pods.remove(&place) else { return Ok(()) };
        pod.remove()?;
        if self.announced.is_empty() { self.list_pods() } else { Ok(()) }
    }

    fn pod(&mut self, place: usize) -> io::Result<&mut Pod> {
        self.pods.get_mut(&place).ok_or_else(|| io::Error::other("no pod is there"))
    }

    /// A time that no record had: runtimes stamp records of one container in their order.
    fn tick(&mut self) -> Timestamp {
        let next = Timestamp(self.last_time.as_nanos() + 1);
        self.last_time = self.clock.now().max(next);
        self.last_time
    }

    fn list_pods(&self) -> io::Result<()> {
        self.list_pods_and(&[])
    }

    /// Writes the list of pods, so that no reader sees half of it.
    fn list_pods_and(&self, more: &[&PodSpec]) -> io::Result<()> {
        let specs = self.pods.values().map(|pod| &pod.spec).chain(&self.announced);
        let items: Vec<_> = specs.chain(more.iter().copied()).map(PodSpec::json).collect();
        let new = self.settings.pods_file.with_extension("new");
        fs::write(&new, json!({"items": items}).to_string())?;
        fs::rename(&new, &self.settings.pods_file)
    }
}

fn stream(is_stderr: bool) -> &'static str {
    if is_stderr { "stderr" } else { "stdout" }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use model::ManualClock;

    use super::*;
    use crate::schedule::random;

    fn kubelet(folder: &Path, format: Format, seed: u64) -> Kubelet {
        let settings = Settings {
            pods_folder: folder.join("pods"),
            pods_file: folder.join("pods.json"),
            format,
            record_bytes_max: 100,
            seed,
        };
        Kubelet::new(settings, Arc::new(ManualClock::new(Timestamp(1)))).unwrap()
    }

    /// All files below a folder, each with what is in it.
    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(self::files(&path));
            } else {
                files.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
        files
    }

    #[test]
    fn any_schedule_can_be_run() {
        for seed in 0..50 {
            let format = if seed % 5 == 0 { Format::Docker } else { Format::Cri };
            let folder = tempfile::tempdir().unwrap();
            let mut kubelet = kubelet(folder.path(), format, seed);
            for step in random(60, 3, &mut Rng::with_seed(seed)) {
                kubelet.run(&step).unwrap_or_else(|error| panic!("{step:?}: {error}"));
            }
            assert!(kubelet.ledger().lines() > 0);
        }
    }

    #[test]
    fn logs_are_named_as_a_node_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut kubelet = kubelet(folder.path(), Format::Cri, 1);
        let write = Step::Write { pod: 0, lines: 2, form: Form::Long, is_stderr: false, piece: 30 };
        let rotate = Step::Rotate { pod: 0, late: 1 };
        let steps = [&write, &rotate, &rotate, &Step::Compress(0), &Step::Restart(0), &write];
        steps.into_iter().for_each(|step| kubelet.run(step).unwrap());
        let files = files(&folder.path().join("pods"));
        let names = files.keys().map(|path| path.file_name().unwrap().to_str().unwrap());
        let expect = ["0.log", "0.log.20261122-000001.gz", "0.log.20261122-000002", "1.log"];
        assert_eq!(names.collect::<Vec<_>>(), expect);
        let (_, last) = files.last_key_value().unwrap();
        let flags = String::from_utf8_lossy(last);
        let flags: String = flags.lines().map(|line| line.split(' ').nth(2).unwrap()).collect();
        assert!(flags.ends_with('F') && flags.contains("PP"), "{flags}");
    }
}
