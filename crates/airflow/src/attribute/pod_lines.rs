//! A pod that runs one try and of which nothing else is known: what its first lines say.
//!
//! They come before any code of the task's, and the name of the pod, which its lines cannot change,
//! must fit what they say.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attribute::attributor::{Answer, Ticket, Wanted};
use crate::attribute::memory::Memory;
use crate::attribute::mention;
use crate::limits::FIRST_LINES_MAX;
use crate::pod::{AttributedBy, Attribution, Pod, is_stem_of};
use crate::record::{Record, read};
use crate::task::{TaskFacts, parse_number};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PodLines {
    pod_name: String,
    memory: Memory,
    lines: usize,
    /// What is known before all is.
    so_far: Option<TaskFacts>,
    /// What the pod runs, or that it will not be known.
    known: Option<Option<Arc<Attribution>>>,
}

impl PodLines {
    pub(super) fn new(pod: &Pod) -> Self {
        Self {
            pod_name: pod.name.clone(),
            memory: Memory::new(),
            lines: 0,
            so_far: None,
            known: None,
        }
    }

    pub(super) fn take(&mut self, line: &str) -> Answer {
        if self.known.is_none() {
            self.search(line);
        }
        match &self.known {
            Some(attribution) => Answer::Now(attribution.clone()),
            None => Answer::Later(Ticket(Wanted::Pod)),
        }
    }

    pub(super) fn settled(&self) -> Option<Option<Arc<Attribution>>> {
        self.known.clone()
    }

    fn search(&mut self, line: &str) {
        self.lines += 1;
        if let Some(record) = read(line) {
            let by_workload = record.is_by("__main__") && record.message == "Executing workload";
            if by_workload {
                self.so_far = self.named(record.fields.workload.as_deref().unwrap_or_default());
            } else {
                self.search_text(&record);
            }
        }
        let found = self.so_far.as_ref().filter(|facts| facts.task_try().is_some());
        let by = AttributedBy::PodLines;
        if let Some(task) = found.cloned() {
            self.known = Some(Some(Arc::new(Attribution { task, by })));
        } else if self.lines >= FIRST_LINES_MAX {
            self.known = Some(None);
        }
    }

    /// Airflow 2: the instance, then the command that tells DAG and task apart, then the try.
    fn search_text(&mut self, record: &Record<'_>) {
        let by = |file: &str| record.source.as_ref().is_some_and(|source| source.file == file);
        let message = &*record.message;
        if by("task_command.py") && self.so_far.is_none() {
            let host = message.rsplit_once(" on host ").map(|(_, host)| host);
            if host == Some(self.pod_name.as_str()) {
                self.so_far = self.named(message);
            }
        } else if by("taskinstance.py")
            && let Some(facts) = &mut self.so_far
            && let Some(rest) = message.strip_prefix("Starting attempt ")
        {
            let number = rest.split_once(" of ").and_then(|(number, _)| parse_number(number));
            facts.try_number = facts.try_number.or(number);
        } else if by("taskinstance.py") && message.starts_with("Resuming after deferral") {
            // The task's code comes next, and no word of Airflow's tells the try before it.
            self.known = Some(None);
        }
    }

    /// The only instance that is named, if the pod's name fits it.
    fn named(&mut self, text: &str) -> Option<TaskFacts> {
        let found = mention::find(text)?;
        let [named] = found.as_slice() else { return None };
        self.memory.learn(named);
        let facts = self.memory.facts(named)?;
        self.fits(&facts).then_some(facts)
    }

    /// Airflow names a pod after DAG and task, and eight random characters.
    fn fits(&self, facts: &TaskFacts) -> bool {
        self.pod_name.rsplit_once('-').is_some_and(|(stem, _)| is_stem_of(stem, facts))
    }
}
