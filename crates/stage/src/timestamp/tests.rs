//! Formats, and what happens without a time.

use super::*;
use crate::config::StageConfig;
use crate::testing::{check_error, check_lines};

fn of(format: &str) -> Config {
    Config { source: "t".into(), format: format.into(), ..Config::default() }
}

/// The times of lines that are nothing but `t=<time>`.
#[track_caller]
fn check_all(config: Config, lines: &[&str], expect: &[i64]) {
    let expression = "^t=(?P<t>.*)$".to_owned();
    let regex = crate::regex::Config { expression, ..Default::default() };
    let mut pipeline =
        crate::Pipeline::new(&[StageConfig::Regex(regex), StageConfig::Timestamp(config)], 0)
            .unwrap();
    let mut out = Vec::new();
    let now = Timestamp::from_secs(1_767_225_605);
    for line in lines {
        pipeline.process(Entry::new(Labels::default(), Timestamp(7), *line), now, &mut out);
    }
    assert_eq!(out.iter().map(|entry| entry.timestamp.0).collect::<Vec<_>>(), expect, "{lines:?}");
}

#[track_caller]
fn check(format: &str, text: &str, expect: i64) {
    check_all(of(format), &[&format!("t={text}")], &[expect]);
}

const SECOND: i64 = 1_000_000_000;
/// 2006-01-02 15:04:05 UTC.
const REFERENCE: i64 = 1_136_214_245 * SECOND;

#[test]
fn formats_with_names() {
    check("ANSIC", "Mon Jan  2 15:04:05 2006", REFERENCE);
    check("UnixDate", "Mon Jan  2 15:04:05 UTC 2006", REFERENCE);
    check("RubyDate", "Mon Jan 02 08:04:05 -0700 2006", REFERENCE);
    check("RFC822", "02 Jan 06 15:04 UTC", REFERENCE - 5 * SECOND);
    check("RFC822Z", "02 Jan 06 15:04 +0000", REFERENCE - 5 * SECOND);
    check("RFC850", "Monday, 02-Jan-06 15:04:05 UTC", REFERENCE);
    check("RFC1123", "Mon, 02 Jan 2006 15:04:05 UTC", REFERENCE);
    check("RFC1123Z", "Mon, 02 Jan 2006 08:04:05 -0700", REFERENCE);
    check("RFC3339", "2006-01-02T15:04:05Z", REFERENCE);
    check("RFC3339Nano", "2006-01-02T08:04:05.000000001-07:00", REFERENCE + 1);
}

#[test]
fn unix_times() {
    check("Unix", "1562708916", 1_562_708_916 * SECOND);
    check("Unix", "1562708916.000000123", 1_562_708_916 * SECOND + 123);
    check("Unix", "1562708916.5", 1_562_708_916 * SECOND + SECOND / 2);
    check("UnixMs", "1562708916414", 1_562_708_916_414 * 1_000_000);
    check("UnixUs", "1562708916414123", 1_562_708_916_414_123 * 1_000);
    check("UnixNs", "1562708916000000123", 1_562_708_916_000_000_123);
    for text in ["", "x", "1.x", "1.2.3", "99999999999999999999"] {
        check("Unix", text, 7);
    }
    check("UnixMs", "1.5", 7);
}

#[test]
fn layouts_and_locations() {
    let layout = "2006-01-02 15:04:05";
    check(layout, "2006-01-02 15:04:05", REFERENCE);
    check(
        "2006-01-02T15:04:05,000-07:00",
        "2006-01-02T15:04:05,381+00:00",
        REFERENCE + 381_000_000,
    );
    let berlin = Config { location: "Europe/Berlin".into(), ..of(layout) };
    check_all(berlin, &["t=2006-01-02 16:04:05"], &[REFERENCE]);
    // Without a year it is the one that is near: the tests run at New Year 2026.
    check("Jan _2 15:04:05", "Dec 31 23:59:59", 1_767_225_599 * SECOND);
    let fallback_formats = vec!["Unix".to_owned(), "RFC3339".to_owned()];
    let fallbacks = Config { fallback_formats, ..of(layout) };
    check_all(fallbacks, &["t=2006-01-02T15:04:05Z", "t=5"], &[REFERENCE, 5 * SECOND]);
}

#[test]
fn without_a_time() {
    let lines = ["x", "t=5", "x", "t=bad", "t=9", "x"];
    let fudged = [7, 5 * SECOND, 5 * SECOND + 1, 5 * SECOND + 2, 9 * SECOND, 9 * SECOND + 1];
    check_all(of("Unix"), &lines, &fudged);
    let skips = Config { action_on_failure: OnFailure::Skip, ..of("Unix") };
    check_all(skips, &lines, &[7, 5 * SECOND, 7, 7, 9 * SECOND, 7]);
}

#[test]
fn a_time_that_comes_again() {
    let lines = ["t=5", "t=5", "x", "t=5", "t=6"];
    let fudged = [5 * SECOND, 5 * SECOND + 1, 5 * SECOND + 2, 5 * SECOND + 3, 6 * SECOND];
    check_all(of("Unix"), &lines, &fudged);
    let on_duplicate = OnDuplicate::Keep;
    let keeps = Config { action_on_duplicate_timestamp: on_duplicate, ..of("Unix") };
    check_all(keeps, &lines, &[5 * SECOND, 5 * SECOND, 5 * SECOND + 1, 5 * SECOND, 6 * SECOND]);
}

#[test]
fn the_value_may_be_a_number() {
    let expressions = [("t".to_owned(), String::new())].into();
    let json = crate::json::Config { expressions, ..Default::default() };
    let stages = [StageConfig::Json(json), StageConfig::Timestamp(of("Unix"))];
    check_lines(&stages, "{}", &[r#"{"t":5.5}"#], "{} {\"t\":5.5} <t=5.5> @5500000000");
}

#[test]
fn settings_that_make_no_sense() {
    let check = |config, expect| check_error(StageConfig::Timestamp(config), expect);
    check(Config::default(), "stage.timestamp: source: must name an extracted value");
    check(of(""), "stage.timestamp: format: a format or a layout is needed");
    check(
        Config { location: "Middle/Earth".into(), ..of("2006") },
        "stage.timestamp: location: there is no zone \"Middle/Earth\"",
    );
}
