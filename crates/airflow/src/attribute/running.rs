//! What runs in a container of Airflow 3, to find by elimination whose a line without a name is.

use serde::{Deserialize, Serialize};

use crate::attribute::attributor::Begun;
use crate::limits::RUNNING_MAX;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Running {
    works: Vec<Work>,
    /// How many of those that have not loaded may have.
    unsure: usize,
    /// Whether all that runs is known.
    is_sound: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Work {
    /// Airflow 3's name of the try.
    ti_id: String,
    /// Whether its supervisor has said what it says once at its beginning.
    has_loaded: bool,
}

impl Running {
    pub(super) fn new(begun: Begun) -> Self {
        Self { works: Vec::new(), unsure: 0, is_sound: begun == Begun::AtItsStart }
    }

    pub(super) fn begin(&mut self, ti_id: &str) {
        if self.works.iter().any(|work| work.ti_id == ti_id) {
            return;
        }
        if self.works.len() >= RUNNING_MAX {
            return self.lose_count();
        }
        self.works.push(Work { ti_id: ti_id.to_owned(), has_loaded: false });
    }

    /// Something has begun of which nobody knows what it is, nor when it ends.
    pub(super) fn lose_count(&mut self) {
        self.is_sound = false;
    }

    pub(super) fn end(&mut self, ti_id: &str) {
        // One that ends has loaded, which was perhaps one of the lines that nobody was given.
        let ended = |work: &Work| work.ti_id == ti_id;
        if self.works.iter().any(|work| ended(work) && !work.has_loaded) {
            self.unsure = self.unsure.saturating_sub(1);
        }
        self.works.retain(|work| !ended(work));
        self.settle();
    }

    /// The only one that runs.
    pub(super) fn only(&self) -> Option<String> {
        match self.works.as_slice() {
            [work] if self.is_sound => Some(work.ti_id.clone()),
            _ => None,
        }
    }

    /// The only one that has not loaded.
    pub(super) fn about_to_load(&self) -> Option<String> {
        let mut waiting = self.works.iter().filter(|work| !work.has_loaded);
        let (first, second) = (waiting.next(), waiting.next());
        first
            .filter(|_| second.is_none() && self.unsure == 0 && self.is_sound)
            .map(|work| work.ti_id.clone())
    }

    /// Somebody has loaded: who, if only one can have.
    pub(super) fn loads(&mut self) -> Option<String> {
        let one = self.about_to_load();
        match &one {
            Some(ti_id) => {
                let loaded = self.works.iter_mut().find(|work| work.ti_id == *ti_id);
                loaded.into_iter().for_each(|work| work.has_loaded = true);
            }
            None => self.unsure += 1,
        }
        self.settle();
        one
    }

    /// When as many have loaded as can have, all have.
    fn settle(&mut self) {
        let waiting = self.works.iter().filter(|work| !work.has_loaded).count();
        if self.unsure > 0 && self.unsure >= waiting {
            self.works.iter_mut().for_each(|work| work.has_loaded = true);
            self.unsure = 0;
        }
    }
}
