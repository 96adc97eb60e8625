//! The life of the pods: each writes its lines evenly, and its folder is gone with the last.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::Duration;

use kubelet::{Form, Kubelet, Step};
use tokio::time::Instant;

/// What pods there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// How many in all.
    pub(super) pods: usize,
    /// How long each lives.
    pub(super) life: Duration,
    /// How many live at once.
    pub(super) at_once: usize,
    /// How many lines each writes.
    pub(super) lines: usize,
}

/// The next thing to do: when, in which place of the node, and how many lines were written there.
type Next = Reverse<(Instant, usize, usize)>;

/// Lets the pods live, and hears of each that ended.
pub(super) fn live(kubelet: &mut Kubelet, plan: Plan, ended: impl Fn()) -> io::Result<()> {
    let Plan { pods, life, at_once, lines } = plan;
    let pause = life / u32::try_from(lines).unwrap_or(u32::MAX);
    let start = Instant::now();
    let at_once = at_once.min(pods);
    let places = (0..at_once).map(|place| {
        let share = place as f64 / at_once as f64;
        Reverse((start + life.mul_f64(share), place, 0))
    });
    let mut next: BinaryHeap<Next> = places.collect();
    let mut begun = 0;
    while let Some(Reverse((when, place, written))) = next.pop() {
        std::thread::sleep(when.saturating_duration_since(Instant::now()));
        if written == lines {
            kubelet.run(&Step::Remove(place))?;
            ended();
        }
        let written = if written == lines { 0 } else { written };
        if written == 0 {
            if begun == pods {
                continue;
            }
            begun += 1;
        }
        kubelet.run(&write(place, written))?;
        // The folder goes in the moment after the last line.
        let pause = if written + 1 == lines { Duration::ZERO } else { pause };
        next.push(Reverse((when + pause, place, written + 1)));
    }
    Ok(())
}

fn write(pod: usize, written: usize) -> Step {
    let forms = [Form::Text, Form::Json, Form::Text, Form::Print];
    let form = forms[written % forms.len()];
    Step::Write { pod, lines: 1, form, is_stderr: false, piece: usize::MAX }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use kubelet::{Format, Settings};
    use model::SystemClock;

    use super::*;

    #[test]
    fn every_pod_writes_its_lines_and_goes() {
        let folder = std::env::temp_dir().join(format!("shortpods-{}", std::process::id()));
        let settings = Settings {
            pods_folder: folder.join("pods"),
            pods_file: folder.join("pods.json"),
            format: Format::Cri,
            record_bytes_max: 16 * 1024,
            seed: 1,
        };
        let mut kubelet = Kubelet::new(settings, Arc::new(SystemClock)).unwrap();
        let life = Duration::from_millis(5);
        let (plan, ended) = (Plan { pods: 7, life, at_once: 3, lines: 4 }, Cell::new(0));
        live(&mut kubelet, plan, || ended.set(ended.get() + 1)).unwrap();
        let left = std::fs::read_dir(folder.join("pods")).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((ended.get(), left), (7, 0));
        assert_eq!((kubelet.ledger().pods(), kubelet.ledger().lines()), (7, 28));
    }
}
