//! Times and durations as Loki's clients write them.

use super::*;

#[track_caller]
fn check_time(text: &str, nanos: Option<i64>) {
    assert_eq!(parse_time(text), nanos.map(Timestamp), "for {text}");
}

#[test]
fn times_come_in_three_forms() {
    check_time("1768446000", Some(1_768_446_000_000_000_000));
    check_time("176844600", Some(176_844_600_000_000_000));
    check_time("-1", Some(-1_000_000_000));
    check_time("1768438800123", Some(1_768_438_800_123));
    check_time("1768446000500000001", Some(1_768_446_000_500_000_001));
    check_time("1768446000.5", Some(1_768_446_000_500_000_000));
    check_time("1768446000.1239", Some(1_768_446_000_124_000_000));
    check_time("-1.25", Some(-1_250_000_000));
    check_time("2026-01-15T03:00:00Z", Some(1_768_446_000_000_000_000));
    check_time("2026-01-15T04:00:00.123456789+01:00", Some(1_768_446_000_123_456_789));
    check_time("2999-12-31T00:00:00Z", Some(i64::MAX));
    for text in ["bad", "now", "now-1h", "2026-01-15", "1 2", "0x10"] {
        check_time(text, None);
    }
}

#[track_caller]
fn check_duration(text: &str, millis: Option<u64>) {
    assert_eq!(parse_duration(text), millis.map(Duration::from_millis), "for {text}");
}

#[test]
fn durations_are_those_of_prometheus() {
    check_duration("1h30m", Some(5_400_000));
    check_duration("1d", Some(86_400_000));
    check_duration("1y2w3d4h5m6s7ms", Some(33_019_506_007));
    check_duration("0", Some(0));
    check_duration("0s", Some(0));
    check_duration("1500ms", Some(1500));
    for text in ["", "1", "h", "0.5h", "-1h", "1m1h", "1h1h", "1h ", "1µs", "99999999999999999y"] {
        check_duration(text, None);
    }
}

#[track_caller]
fn check_bounds(query: &[(&str, &str)], expect: &str) {
    let pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let now = Timestamp::from_secs(10_000);
    let shown = match Bounds::parse_ordered(&Params::new(pairs), now) {
        Ok(bounds) => {
            let seconds = |time: Timestamp| time.as_millis() / 1000;
            format!("{}..{}", seconds(bounds.start), seconds(bounds.end))
        }
        Err(error) => error.to_string(),
    };
    assert!(shown.starts_with(expect), "for {query:?}: {shown}");
}

#[test]
fn bounds_have_loki_s_defaults() {
    check_bounds(&[], "6400..10000");
    check_bounds(&[("since", "10s")], "9990..10000");
    check_bounds(&[("end", "5000"), ("since", "10m")], "4400..5000");
    check_bounds(&[("end", "20000")], "6400..20000");
    check_bounds(&[("start", "1"), ("since", "10s")], "1..10000");
    check_bounds(&[("start", ""), ("end", "")], "6400..10000");
    check_bounds(&[("start", "5"), ("end", "5")], "5..5");
    check_bounds(&[("start", "6"), ("end", "5")], "end timestamp must not be before");
    check_bounds(&[("start", "x")], "could not parse 'start' parameter");
    check_bounds(&[("end", "now")], "could not parse 'end' parameter");
    check_bounds(&[("since", "-1h")], "could not parse 'since' parameter");
}

#[test]
fn what_is_written_is_read() {
    for nanos in [0, 7, -7, 4_000_000_000, 1_768_446_000_500_000_001, i64::MAX, i64::MIN] {
        assert_eq!(parse_time(&time_text(Timestamp(nanos))), Some(Timestamp(nanos)));
    }
    let duration = Duration::from_millis(93_784_005);
    assert_eq!(parse_duration(&duration_text(duration)), Some(duration));
}

#[test]
fn durations_are_printed_as_prometheus_does() {
    let hour = Duration::from_secs(3600);
    let cases = [
        (Duration::ZERO, "0s"),
        (721 * hour, "30d1h"),
        (90 * 24 * hour, "90d"),
        (14 * 24 * hour, "2w"),
        (365 * 24 * hour, "1y"),
        (Duration::from_millis(61_001), "1m1s1ms"),
    ];
    for (duration, expect) in cases {
        assert_eq!(human_duration(duration), expect);
        assert_eq!(parse_duration(expect), Some(duration));
    }
}
