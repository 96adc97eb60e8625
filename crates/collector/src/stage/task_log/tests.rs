//! The reader: what it makes of lines, and that it is the same however it comes to them.

use model::Labels;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const PATH: &str = "dag_id=d/run_id=scheduled__1970-01-01T00:00:01+00:00/task_id=t/attempt=2.log";

fn reader(place: TaskPlace) -> TaskLog {
    let labels = Labels::new([("namespace", "prod")]);
    TaskLog::new(&LogPath::parse(PATH).unwrap(), &labels, place, Timestamp(7))
}

fn read(text: &[u8]) -> Vec<TaskEntry> {
    let mut log = reader(TaskPlace::default());
    log.feed(text);
    log.end();
    log.take()
}

/// What entries are, without where they end.
fn bare(entries: &[TaskEntry]) -> Vec<(Labels, Entry)> {
    entries.iter().map(|it| (it.labels.clone(), it.entry.clone())).collect()
}

/// The entries of a text, each as its milliseconds and nanoseconds, its level, and its text with
/// `+` for newlines.
#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let show = |it: &TaskEntry| {
        let (nanos, level) = (it.entry.timestamp.0, it.labels.get("level").unwrap_or("-"));
        let line = it.entry.line.replace('\n', "+");
        format!("{}.{:06} {level} {line}", nanos / 1_000_000, nanos % 1_000_000)
    };
    let shown: Vec<String> = read(text.as_bytes()).iter().map(show).collect();
    assert_eq!(shown, expect, "for {text:?}");
}

const RECORD: &str = "[1970-01-01T00:00:05.001+0000] {x.py:1} ERROR - failed";

#[test]
fn lines_without_a_time_have_the_one_before() {
    check(
        &format!("one\n{RECORD}\ntwo\n{RECORD}\n"),
        &[
            "5001.000000 - one",
            &format!("5001.000001 error {RECORD}"),
            "5001.000002 - two",
            &format!("5001.000003 error {RECORD}"),
        ],
    );
    let json = r#"{"timestamp":"1970-01-01T00:00:05.001002Z","level":"info","event":"e"}"#;
    check(&format!("{json}\n"), &[&format!("5001.002000 info {json}")]);
}

#[test]
fn where_no_record_tells_a_time_the_path_does() {
    check("one\none", &["1000.000000 - one", "1000.000001 - one"]);
    check("", &[]);
    let path = LogPath::parse("dag_id=d/run_id=r/task_id=t/attempt=1.log").unwrap();
    let mut log = TaskLog::new(&path, &Labels::default(), TaskPlace::default(), Timestamp(7));
    log.feed(b"one\n");
    assert_eq!(log.take(), [], "a record may come that tells it");
    log.end_idle();
    assert_eq!(log.take()[0].entry.timestamp, Timestamp(7));
}

#[test]
fn a_traceback_is_one_entry_at_the_time_of_its_record() {
    let lines = ["Traceback (most recent call last):", "  File \"x\"", "KeyError"];
    let text = format!("{RECORD}\n{}\nnext\n", lines.join("\n"));
    let traceback = format!("5001.000001 error {}", lines.join("+"));
    let record = format!("5001.000000 error {RECORD}");
    check(&text, &[&record, &traceback, "5001.000002 - next"]);
    let mut log = reader(TaskPlace::default());
    let open = text.find("next").unwrap();
    log.feed(&text.as_bytes()[..open]);
    assert_eq!(log.take().len(), 1, "the traceback is not at its end for certain");
    log.end_idle();
    assert_eq!((log.take().len(), log.place().done), (1, open as u64));
}

#[test]
fn a_time_far_back_is_believed_when_the_next_confirms_it() {
    let at = |second: u32| format!("[1970-01-01T00:00:{second:02}.000+0000] {{x.py:1}} INFO - x");
    let text = [at(50), at(5), at(51), at(5), at(6), at(52)].join("\n");
    let entries = read(text.as_bytes());
    let seconds: Vec<i64> =
        entries.iter().map(|it| it.entry.timestamp.as_millis() / 1000).collect();
    assert_eq!(seconds, [50, 50, 51, 51, 6, 52]);
}

#[test]
fn labels_are_those_of_a_pods_lines() {
    let entries = read(RECORD.as_bytes());
    let labels = concat!(
        r#"{app="airflow", component="worker", dag_id="d", level="error", namespace="prod", "#,
        r#"task_id="t"}"#
    );
    let metadata = concat!(
        r#"{app_kubernetes_io_component="worker", attributed_by="log-path", map_index="-1", "#,
        r#"run_id="scheduled__1970-01-01T00:00:01+00:00", try_number="2"}"#
    );
    assert_eq!(entries[0].labels.to_string(), labels);
    assert_eq!(entries[0].entry.metadata.to_string(), metadata);
    let trigger = LogPath::parse(&format!("{PATH}.trigger.3.log")).unwrap();
    let mut columns = ColumnsOf::new(&trigger, &Labels::new([("cluster", "east")]));
    let labels = &columns.of(None).labels;
    let expect = [Some("triggerer"), Some("east"), None];
    assert_eq!(["component", "cluster", "namespace"].map(|name| labels.get(name)), expect);
}

/// Lines as they come in such files, with few times, so that they are often equal.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..3_u32, "[ab]").prop_map(|(millis, text)| {
            format!("[1970-01-01T00:00:05.{millis:03}+0000] {{x.py:1}} ERROR - {text}")
        }),
        2 => (prop_oneof![0..40_u32, 10..14_u32], "[ab]").prop_map(|(second, text)| {
            format!("[1970-01-01T00:00:{second:02}.000+0000] {{x.py:1}} INFO - {text}")
        }),
        2 => (0..3_u32).prop_map(|micros| {
            format!(r#"{{"timestamp":"1970-01-01T00:00:05.00000{micros}Z","level":"info","event":"e"}}"#)
        }),
        3 => "[ab]",
        2 => Just("Traceback (most recent call last):".to_owned()),
        2 => Just("  File \"x\", line 1, in f".to_owned()),
        1 => Just("KeyError: 'x'".to_owned()),
        1 => Just(String::new()),
        1 => Just("\0\0x".to_owned()),
        1 => Just("During handling of the above exception, another exception occurred:".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    (proptest::collection::vec(line(), 0..25), any::<bool>())
        .prop_map(|(lines, has_end)| lines.join("\n") + if has_end { "\n" } else { "" })
}

/// Whether reading on from the place of every entry, and of the reader after every chunk, gives
/// what reading all at once does.
fn judge(text: &[u8], cuts: &[usize]) -> Result<(), TestCaseError> {
    let whole = read(text);
    let mut log = reader(TaskPlace::default());
    let mut places = vec![TaskPlace::default()];
    let mut from = 0;
    for cut in cuts.iter().copied().chain([text.len()]) {
        log.feed(&text[from..cut]);
        from = cut;
        places.push(log.place());
    }
    log.end();
    let chopped = log.take();
    prop_assert_eq!(&chopped, &whole, "in other pieces");
    places.extend(whole.iter().map(|it| it.place));
    places.push(log.place());
    for place in places {
        let mut log = reader(place);
        log.feed(&text[usize::try_from(place.from).unwrap()..]);
        log.end();
        let rest = whole.iter().position(|it| it.place.done > place.done).unwrap_or(whole.len());
        prop_assert_eq!(bare(&log.take()), bare(&whole[rest..]), "from {:?}", place);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_reader_makes_the_same_entries(
        text in text(), cuts in proptest::collection::vec(any::<Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        judge(text.as_bytes(), &cuts)?;
    }

    #[test]
    fn no_two_entries_are_the_same_and_no_byte_is_lost(text in text()) {
        let entries = read(text.as_bytes());
        let lines: Vec<&str> = entries.iter().map(|it| it.entry.line.as_str()).collect();
        let expect = text.strip_suffix('\n').unwrap_or(&text).replace("\0\0", "");
        prop_assert_eq!(lines.join("\n"), expect);
        let identity = |it: &TaskEntry| (it.entry.timestamp, it.entry.line.clone());
        let mut times: Vec<_> = entries.iter().map(identity).collect();
        times.sort_unstable();
        // Only where a clock was set back by more than is remembered may two be the same.
        times.dedup();
        let seconds = text.split("00:00:").skip(1).map(|rest| rest[..2].parse::<u32>().unwrap());
        let is_set_back = seconds.into_iter().any(|second| !(5..15).contains(&second));
        prop_assert!(times.len() == entries.len() || is_set_back);
    }
}
