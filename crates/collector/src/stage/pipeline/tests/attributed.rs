//! The same promise where it depends on all lines before whose a line is: a log of real lines, cut
//! by rotations and read by collectors that are killed, says of each line what it says when it is
//! read at once.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Lines of a Celery worker of Airflow 2, and of a scheduler of Airflow 3 with a LocalExecutor,
/// behind the stream that they were written to.
const LOGS: [(&str, &str); 2] =
    [("worker", include_str!("../worker.log")), ("scheduler", include_str!("../scheduler.log"))];

/// A file of the log, and what an earlier collector has kept of it.
#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    /// Where its records begin before which nothing came for so long.
    pauses: Vec<(usize, Duration)>,
    position: Position,
    /// None before it was met.
    states: Option<Vec<(u64, String)>>,
}

/// What is done to a log.
#[derive(Debug, Clone)]
struct Fate {
    component: &'static str,
    checkpoint_bytes: u64,
    piece: usize,
    /// How many pieces each collector reads, and how many of them are acknowledged.
    runs: Vec<(usize, usize)>,
    /// Whether idle files are noticed.
    is_idle_noticed: bool,
}

fn labeller(component: &str) -> Labeller {
    let labels = [("tier", "airflow"), ("component", component)];
    let pod = Pod::new("prod", "p").with_labels(&labels);
    Labeller::new(Arc::new(pod), component)
}

impl File {
    fn pipeline(&self, fate: &Fate, is_first: bool) -> Pipeline {
        let is_new = self.states.is_none() && is_first;
        let begun = if is_new { Begun::AtItsStart } else { Begun::Somewhere };
        let mut kept = self.states.iter().flatten();
        let last = kept.rfind(|(at, _)| *at <= self.position.replay_from);
        let mut position = self.position;
        let state = last.map(|(at, json)| {
            position.replay_from = *at;
            Arc::new(serde_json::from_str(json).unwrap())
        });
        let start = Start { position, born: Timestamp(7), begun, state };
        let mut pipeline = Pipeline::new(start, labeller(fate.component), 2000);
        pipeline.checkpoint_bytes = fate.checkpoint_bytes;
        pipeline
    }

    fn keep(&mut self, checkpoints: Vec<Checkpoint>) {
        let states = self.states.get_or_insert_default();
        for Checkpoint { at, state } in checkpoints {
            states.retain(|(kept, _)| *kept < at);
            states.push((at, serde_json::to_string(&state).unwrap()));
        }
    }
}

/// One collector reads so many pieces, of which so many are acknowledged.
fn run(
    files: &mut [File],
    fate: &Fate,
    (pieces, acknowledged): (usize, usize),
    out: &mut Vec<String>,
) {
    let mut left = pieces;
    let mut parcels = Vec::new();
    let mut ends: BTreeMap<usize, u64> = BTreeMap::new();
    let mut carry: Option<Carry> = None;
    let count = files.len();
    for (no, file) in files.iter_mut().enumerate() {
        let mut pipeline = file.pipeline(fate, no == 0);
        if let Some(carry) = carry.take() {
            ends.insert(no, carry.end);
            pipeline.take_over(carry);
        }
        let mut at = usize::try_from(pipeline.fed()).unwrap();
        while at < file.bytes.len() && left > 0 {
            let pause = file.pauses.iter().find(|(start, _)| *start > at);
            let pause = pause.filter(|(start, _)| *start <= at + fate.piece);
            let end = pause.map_or(at + fate.piece, |(start, _)| *start).min(file.bytes.len());
            pipeline.feed(&file.bytes[at..end]);
            if let Some((_, idle)) = pause.filter(|_| fate.is_idle_noticed) {
                pipeline.end_idle(*idle);
            }
            (at, left) = (end, left - 1);
            file.keep(pipeline.take_checkpoints());
            parcels.push((no, pipeline.take_parcel()));
        }
        if at < file.bytes.len() {
            break;
        }
        if no + 1 < count {
            carry = Some(pipeline.hand_over());
        } else if left > 0 {
            pipeline.finish();
            parcels.push((no, pipeline.take_parcel()));
        }
    }
    let acknowledged = if left > 0 { usize::MAX } else { acknowledged };
    for (turn, (no, parcel)) in parcels.into_iter().enumerate() {
        out.extend(show(&parcel.entries));
        if turn >= acknowledged {
            continue;
        }
        files[no].position = parcel.position;
        if let Some(end) = ends.get(&no) {
            for lane in Lane::ALL.into_iter().filter(|lane| parcel.position.lanes[*lane] > 0) {
                files[no - 1].position.lanes[lane] = *end;
            }
        }
    }
}

/// The log in its files: indices of lines with the nanoseconds before each, cut after some of them.
fn files(log: &str, lines: &[(usize, u64)], cuts: &[usize]) -> Vec<File> {
    let all: Vec<&str> = log.lines().collect();
    let mut files = vec![File::default()];
    let mut nanos = 0;
    for (number, (line, gap)) in lines.iter().enumerate() {
        nanos += gap;
        if cuts.contains(&number) {
            files.push(File::default());
        }
        let file = files.last_mut().unwrap();
        if *gap > 2_000_000_000 && !file.bytes.is_empty() {
            file.pauses.push((file.bytes.len(), Duration::from_nanos(gap - 500_000_000)));
        }
        let (minutes, seconds) = (nanos / 60_000_000_000, nanos / 1_000_000_000 % 60);
        let (lane, text) = all[line % all.len()].split_once(' ').unwrap();
        let lane = if lane == "e" { "stderr" } else { "stdout" };
        let record = format!(
            "1970-01-01T{:02}:{:02}:{seconds:02}.{:09}Z {lane} F {text}\n",
            minutes / 60,
            minutes % 60,
            nanos % 1_000_000_000,
        );
        file.bytes.extend_from_slice(record.as_bytes());
    }
    files
}

/// Mostly as they came, from any place on, some left out or twice, and others in between.
fn lines() -> impl Strategy<Value = Vec<(usize, u64)>> {
    let gap = prop_oneof![
        8 => 1_u64..9, 3 => Just(30_000_000), 2 => Just(700_000_000), 1 => Just(9_000_000_000),
    ];
    let step = prop_oneof![20 => Just(1_usize), 1 => Just(0), 1 => Just(2), 2 => 3_usize..90];
    (0_usize..3, proptest::collection::vec((step, gap), 1..150)).prop_map(|(first, steps)| {
        let mut at = first;
        let mut next = |(step, gap)| {
            at += step;
            (at, gap)
        };
        steps.into_iter().map(&mut next).collect()
    })
}

fn fate() -> impl Strategy<Value = (&'static str, Fate)> {
    let run = (1_usize..60, 0_usize..60);
    let runs = proptest::collection::vec(run, 0..5);
    (0..LOGS.len(), 0_u64..4000, 50_usize..3000, runs, any::<bool>()).prop_map(
        |(log, checkpoint_bytes, piece, runs, is_idle_noticed)| {
            let (component, log) = LOGS[log];
            (log, Fate { component, checkpoint_bytes, piece, runs, is_idle_noticed })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn killed_and_rotated_the_same(
        (log, fate) in fate(), lines in lines(),
        cuts in proptest::collection::vec(0_usize..150, 0..3),
    ) {
        let at_once = (usize::MAX, usize::MAX);
        let mut whole = Vec::new();
        let calm = Fate { piece: 100_000, is_idle_noticed: false, ..fate.clone() };
        run(&mut files(log, &lines, &[]), &calm, at_once, &mut whole);
        let (mut files, mut shown) = (files(log, &lines, &cuts), Vec::new());
        for one in &fate.runs {
            run(&mut files, &fate, *one, &mut shown);
        }
        run(&mut files, &fate, at_once, &mut shown);
        let set = |entries: Vec<String>| entries.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(set(shown), set(whole));
    }
}

#[test]
fn real_lines_are_attributed() {
    let count = |component, log: &str| {
        let lines: Vec<(usize, u64)> =
            (0..log.lines().count()).map(|line| (line, 30_000_000)).collect();
        let fate = Fate {
            component,
            checkpoint_bytes: 0,
            piece: 100_000,
            runs: Vec::new(),
            is_idle_noticed: false,
        };
        let mut shown = Vec::new();
        run(&mut files(log, &lines, &[]), &fate, (usize::MAX, usize::MAX), &mut shown);
        let forged = |entry: &&String| entry.contains("dag_id=\"forged");
        assert_eq!(shown.iter().find(forged), None);
        let is_by = |by: &str| {
            let by = format!("attributed_by=\"{by}\"");
            shown.iter().filter(|entry| entry.contains(&by)).count()
        };
        ["line", "process", "continuation"].map(is_by)
    };
    let counts = LOGS.map(|(component, log)| count(component, log));
    assert_eq!(counts, [[15, 11, 0], [42, 3, 9]]);
}
