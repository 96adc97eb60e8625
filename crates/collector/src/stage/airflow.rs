//! Who wrote this: the pod of a container, and the labels and metadata that its lines get.
//!
//! Only what is certain. What a container's lines say about tasks is not looked at: a worker's pod
//! runs one try, and whatever it prints is that try's.

use std::sync::Arc;

use airflow::column::{Columns, Place, columns};
use airflow::pod::{Attribution, attribute};
use airflow::{Level, Pod};

use crate::stage::lane::Lane;

/// Whoever knows the pods of this node.
pub trait PodSource: Send + Sync + std::fmt::Debug {
    /// The pod whose log folder bears these names; `None` when it is not known (yet).
    fn pod(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Pod>>;
}

/// Gives the lines of one container their labels and metadata.
#[derive(Debug)]
pub struct Labeller {
    pod: Arc<Pod>,
    container: String,
    attribution: Option<Attribution>,
    /// All that differs from line to line is the lane and the level, so each pair is worked out
    /// once.
    known: Vec<((Lane, Option<Level>), Columns)>,
}

impl Labeller {
    /// A labeller for a container of this pod.
    pub fn new(pod: Arc<Pod>, container: impl Into<String>) -> Self {
        let attribution = attribute(&pod);
        Self { pod, container: container.into(), attribution, known: Vec::new() }
    }

    /// What a line of this lane and level gets.
    pub fn columns(&mut self, lane: Lane, level: Option<Level>) -> &Columns {
        // A handful at most, so that looking through them is quicker than a map.
        let known = self.known.iter().position(|(of, _)| *of == (lane, level));
        let at = known.unwrap_or_else(|| {
            let place = Place { pod: &self.pod, container: &self.container, stream: lane.as_str() };
            let columns = columns(&place, self.attribution.as_ref(), level);
            self.known.push(((lane, level), columns));
            self.known.len() - 1
        });
        &self.known[at].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_levels_are_told_apart() {
        let pod = Pod::new("prod", "p").with_labels(&[("tier", "airflow")]);
        let mut labeller = Labeller::new(Arc::new(pod), "scheduler");
        let mut show = |lane, level| {
            let Columns { labels, metadata } = labeller.columns(lane, level);
            let labels = ["component", "level"].map(|name| labels.get(name).unwrap_or("-"));
            format!("{} {}", labels.join(" "), metadata.get("stream").unwrap_or("-"))
        };
        assert_eq!(show(Lane::Stdout, None), "scheduler - stdout");
        assert_eq!(show(Lane::Stderr, Some(Level::Error)), "scheduler error stderr");
        assert_eq!(show(Lane::Unknown, Some(Level::Info)), "scheduler info -");
        assert_eq!(show(Lane::Stdout, None), "scheduler - stdout");
    }
}
