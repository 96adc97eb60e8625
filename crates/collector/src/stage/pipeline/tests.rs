//! The promise of the stages: chopped, stopped and read again, the same bytes become the same
//! entries, each once.

use proptest::prelude::*;

use super::*;

mod attributed;

const OPENING: &str = "Traceback (most recent call last):";
const LINK: &str = "During handling of the above exception, another exception occurred:";
const ERROR: &str = "[2026-11-22T08:28:47.455+0000] {x.py:1} ERROR - failed";

fn pipeline(position: Position) -> Pipeline {
    bounded(position, 300)
}

fn bounded(position: Position, line_bytes_max: usize) -> Pipeline {
    let labeller = Labeller::new(Arc::new(Pod::new("prod", "p")), "base");
    let (born, begun) = (Timestamp(7), Begun::Somewhere);
    let start = Start { position, born, begun, state: None };
    Pipeline::new(start, labeller, line_bytes_max)
}

/// Time, labels, metadata and text of each entry.
fn show(entries: &[(Labels, Entry)]) -> Vec<String> {
    let show = |(labels, entry): &(Labels, Entry)| {
        format!("{} {labels} {} {}", entry.timestamp, entry.metadata, entry.line)
    };
    entries.iter().map(show).collect()
}

/// All entries of a file that is there at once.
fn whole(mut pipeline: Pipeline, file: &[u8]) -> Vec<String> {
    pipeline.feed(file);
    pipeline.finish();
    show(&pipeline.take_parcel().entries)
}

#[track_caller]
fn check(file: &str, expect: &[&str]) {
    let mut pipeline = pipeline(Position::default());
    pipeline.feed(file.as_bytes());
    pipeline.finish();
    let parcel = pipeline.take_parcel();
    let show = |(labels, entry): &(Labels, Entry)| {
        let of = [labels.get("level"), entry.metadata.get("stream")];
        let [level, stream] = of.map(|value| value.unwrap_or("-"));
        format!("{} {stream} {level} {}", entry.timestamp, entry.line)
    };
    let shown: Vec<String> = parcel.entries.iter().map(show).collect();
    assert_eq!(shown, expect, "for {file}");
    assert_eq!(parcel.records_read, file.lines().count() as u64);
    assert_eq!(parcel.records, parcel.records_read);
    assert_eq!(parcel.position.lanes, Lanes::each(|_| file.len() as u64));
}

#[test]
fn lines_of_every_kind() {
    check("", &[]);
    check(
        "1970-01-01T00:00:00.1Z stdout F [2026-11-22T08:28:47.455+0000] {x.py:1} ERROR - x\n\
         1970-01-01T00:00:00.2Z stderr P half\n\
         1970-01-01T00:00:00.3Z stderr F  whole\n",
        &[
            "100000000 stdout error [2026-11-22T08:28:47.455+0000] {x.py:1} ERROR - x",
            "200000000 stderr - half whole",
        ],
    );
    check(
        "1970-01-01T00:00:00.1Z stdout P early\n1970-01-01T00:00:05.2Z stderr F late\n",
        &["100000000 stdout - early", "5200000000 stderr - late"],
    );
    check(
        "no record\n1970-01-01T00:00:00.1Z stdout F same\n\
         1970-01-01T00:00:00.1Z stderr F same\nnone\n1970-01-01T00:00:09Z stdout F no newline",
        &[
            "7 - - no record",
            "100000000 stdout - same",
            "100000001 stderr - same",
            "100000000 - - none",
            "9000000000 stdout - no newline",
        ],
    );
}

/// One line of a file: how long after the one before, and what.
fn line() -> impl Strategy<Value = (u64, String)> {
    let text = prop_oneof![
        Just(OPENING),
        Just("  File \"x\""),
        Just("KeyError: 1"),
        Just(""),
        Just(LINK),
        Just(ERROR),
        Just("same"),
        Just("other"),
    ];
    let gap = prop_oneof![
        8 => Just(0), 4 => 1_u64..3, 2 => Just(400_000_000_u64), 1 => Just(6_000_000_000_u64),
    ];
    let stream = prop_oneof![3 => Just("stdout"), 1 => Just("stderr")];
    let record = (stream, prop_oneof![5 => Just("F"), 1 => Just("P")], text)
        .prop_map(|(stream, flag, text)| format!("{stream} {flag} {text}"));
    (gap, prop_oneof![20 => record, 1 => Just("stray".to_owned())])
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(line(), 0..40).prop_map(|lines| {
        let mut nanos = 0;
        let mut file = String::new();
        for (gap, line) in lines {
            nanos += gap;
            let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
            let (minutes, seconds) = (seconds / 60, seconds % 60);
            let time = format!("1970-01-01T00:{minutes:02}:{seconds:02}.{nanos:09}Z ");
            file.push_str(if line == "stray" { "" } else { &time });
            file.push_str(&line);
            file.push('\n');
        }
        file.into_bytes()
    })
}

/// Feeds the file in pieces, stops after some of them, and goes on from the position then with a
/// fresh pipeline: what came out before and after.
fn stopped(
    pipeline: fn(Position) -> Pipeline,
    file: &[u8],
    [piece, stop]: [usize; 2],
    idle: bool,
) -> Vec<String> {
    let mut first = pipeline(Position::default());
    for bytes in file.chunks(piece).take(stop) {
        first.feed(bytes);
        if idle {
            first.end_idle(Duration::MAX);
        }
    }
    let parcel = first.take_parcel();
    let position = parcel.position;
    let mut second = pipeline(position);
    let from = usize::try_from(position.replay_from).unwrap();
    file[from..].chunks(piece).for_each(|bytes| second.feed(bytes));
    second.finish();
    let mut shown = show(&parcel.entries);
    shown.extend(show(&second.take_parcel().entries));
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn chopped_and_read_again_the_same(file in file(), piece in 1_usize..200, stop in 0_usize..60) {
        let whole = whole(pipeline(Position::default()), &file);
        prop_assert_eq!(stopped(pipeline, &file, [piece, stop], false), whole);
    }

    /// The time of an entry may differ where equal lines come just before and after the rotation.
    #[test]
    fn rotated_between_any_records_the_same(
        file in file(), at in any::<proptest::sample::Index>(), is_read_again in any::<bool>(),
    ) {
        let untimed = |entries: Vec<String>| -> Vec<String> {
            entries.iter().map(|entry| entry.split_once(' ').unwrap().1.to_owned()).collect()
        };
        let ends: Vec<usize> = file.split_inclusive(|byte| *byte == b'\n')
            .scan(0, |end, line| { *end += line.len(); Some(*end) }).collect();
        let end = if ends.is_empty() { 0 } else { *at.get(&ends) };
        let (elder, younger) = file.split_at(end);
        let mut first = pipeline(Position::default());
        first.feed(elder);
        let parcel = first.take_parcel();
        let mut shown = show(&parcel.entries);
        let mut carry = first.hand_over();
        if is_read_again {
            // What was open is found again, where the position says.
            let position = first.position();
            prop_assert_eq!(position, parcel.position);
            let mut again = pipeline(position);
            again.feed(&elder[usize::try_from(position.replay_from).unwrap()..]);
            prop_assert_eq!(show(&again.take_parcel().entries), Vec::<String>::new());
            carry = again.hand_over();
        }
        let mut second = pipeline(Position::default());
        second.take_over(carry);
        second.feed(younger);
        second.finish();
        shown.extend(show(&second.take_parcel().entries));
        first.finish();
        prop_assert_eq!(show(&first.take_parcel().entries), Vec::<String>::new());
        let whole = whole(pipeline(Position::default()), &file);
        prop_assert_eq!(untimed(shown), untimed(whole));
    }

    /// Where idleness has ended an entry too early, its rest is an entry of its own: no byte of any
    /// record is lost, and none comes twice. No line is so long that a join would cut it.
    #[test]
    fn ended_too_early_nothing_is_lost(file in file(), piece in 1_usize..200, stop in 0_usize..60) {
        let texts = |entries: &[String]| {
            let mut bytes: Vec<u8> = entries
                .iter()
                .flat_map(|entry| entry.split_once("} ").unwrap().1.split_once("} ").unwrap().1.bytes())
                .filter(|byte| *byte != b'\n')
                .collect();
            bytes.sort_unstable();
            String::from_utf8(bytes).unwrap()
        };
        let pipeline = |position| bounded(position, 10_000);
        let whole = whole(pipeline(Position::default()), &file);
        prop_assert_eq!(texts(&stopped(pipeline, &file, [piece, stop], true)), texts(&whole));
    }
}
