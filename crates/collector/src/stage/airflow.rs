//! Who wrote this: the pod of a container, and the labels and metadata that its lines get.

use std::sync::Arc;

use airflow::attribute::{Attributor, Begun};
use airflow::column::{Columns, Place, columns};
use airflow::pod::Attribution;
use airflow::{Level, Pod};

use crate::limits::COLUMNS_MAX;
use crate::stage::lane::Lane;

/// Whoever knows the pods of this node.
pub trait PodSource: Send + Sync + std::fmt::Debug {
    /// The pod whose log folder bears these names; `None` when it is not known (yet).
    fn pod(&self, namespace: &str, name: &str, uid: &str) -> Option<Arc<Pod>>;
}

/// Knows no pod: lines go out with what their path says.
#[derive(Debug)]
pub struct NoPods;

impl PodSource for NoPods {
    fn pod(&self, _: &str, _: &str, _: &str) -> Option<Arc<Pod>> {
        None
    }
}

/// Gives the lines of one container their labels and metadata.
#[derive(Debug)]
pub struct Labeller {
    pod: Arc<Pod>,
    container: String,
    /// What lines got last: most get what one shortly before them got, and working it out costs
    /// more than all else that is done with a line.
    known: Vec<(Case, Columns)>,
    /// Which of them is forgotten next.
    oldest: usize,
}

/// All that differs from line to line.
#[derive(Debug, PartialEq)]
struct Case {
    lane: Lane,
    level: Option<Level>,
    of: Option<Arc<Attribution>>,
}

impl Labeller {
    /// A labeller for a container of this pod.
    pub fn new(pod: Arc<Pod>, container: impl Into<String>) -> Self {
        Self { pod, container: container.into(), known: Vec::new(), oldest: 0 }
    }

    /// Who says whose this container's lines are, if its log is taken up here.
    pub fn attributor(&self, begun: Begun) -> Attributor {
        Attributor::of_pod(&self.pod, &self.container, begun)
    }

    /// What a line of this lane and level gets that is of this try.
    pub fn columns(
        &mut self,
        lane: Lane,
        level: Option<Level>,
        of: Option<Arc<Attribution>>,
    ) -> &Columns {
        let case = Case { lane, level, of };
        // A handful, so that looking through them is quicker than a map.
        let known = self.known.iter().position(|(known, _)| known.is(&case));
        let at = known.unwrap_or_else(|| self.learn(case));
        &self.known[at].1
    }

    fn learn(&mut self, case: Case) -> usize {
        let stream = case.lane.as_str();
        let place = Place { pod: &self.pod, container: &self.container, stream };
        let columns = columns(&place, case.of.as_deref(), case.level);
        if self.known.len() < COLUMNS_MAX {
            self.known.push((case, columns));
            return self.known.len() - 1;
        }
        let at = self.oldest;
        self.known[at] = (case, columns);
        self.oldest = (at + 1) % COLUMNS_MAX;
        at
    }
}

impl Case {
    fn is(&self, other: &Self) -> bool {
        let same = match (&self.of, &other.of) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (one, other) => one.is_none() && other.is_none(),
        };
        (self.lane, self.level) == (other.lane, other.level) && same
    }
}

#[cfg(test)]
mod tests {
    use airflow::TaskFacts;
    use airflow::pod::AttributedBy;

    use super::*;

    fn of(run_id: &str) -> Option<Arc<Attribution>> {
        let task = TaskFacts { run_id: Some(run_id.to_owned()), ..TaskFacts::default() };
        Some(Arc::new(Attribution { task, by: AttributedBy::Line }))
    }

    #[test]
    fn lanes_levels_and_tries_are_told_apart() {
        let pod = Pod::new("prod", "p").with_labels(&[("tier", "airflow")]);
        let mut labeller = Labeller::new(Arc::new(pod), "scheduler");
        let mut show = |lane, level, of| {
            let Columns { labels, metadata } = labeller.columns(lane, level, of);
            let labels = ["component", "level"].map(|name| labels.get(name).unwrap_or("-"));
            let metadata = ["stream", "run_id"].map(|name| metadata.get(name).unwrap_or("-"));
            format!("{} {}", labels.join(" "), metadata.join(" "))
        };
        assert_eq!(show(Lane::Stdout, None, None), "scheduler - stdout -");
        assert_eq!(show(Lane::Stderr, Some(Level::Error), None), "scheduler error stderr -");
        assert_eq!(show(Lane::Unknown, Some(Level::Info), None), "scheduler info - -");
        assert_eq!(show(Lane::Stdout, None, of("r")), "scheduler - stdout r");
        for number in 0..2 * COLUMNS_MAX {
            let run_id = number.to_string();
            let expect = format!("scheduler - stdout {run_id}");
            assert_eq!(show(Lane::Stdout, None, of(&run_id)), expect);
        }
        assert_eq!(show(Lane::Stdout, None, None), "scheduler - stdout -");
    }
}
