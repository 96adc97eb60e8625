//! Layouts both ways.

use super::{format, parse};
use crate::time::{Time, Zone};

#[track_caller]
fn check_format(layout: &str, expect: &str) {
    // Sunday, 2 February 2020, 15:04:05.006007 UTC.
    let time = Time::from_nanos(1_580_655_845_006_007_000);
    assert_eq!(format(&time, layout), expect, "{layout}");
}

/// `expect` is in Go's default layout.
#[track_caller]
fn check_parse(layout: &str, text: &str, zone: &str, expect: Option<&str>) {
    let zone = Zone::named(zone).unwrap();
    let got = parse(layout, text, &zone).map(|time| time.to_string());
    assert_eq!(got.as_deref(), expect, "{layout} {text}");
}

#[test]
fn every_element_is_written() {
    check_format("January Jan 1 01", "February Feb 2 02");
    check_format("Monday Mon", "Sunday Sun");
    check_format("2 _2 02 __2 002", "2  2 02  33 033");
    check_format("15 3 03 PM pm", "15 3 03 PM pm");
    check_format("4 04 5 05", "4 04 5 05");
    check_format("2006 06 _2006", "2020 20 _2020");
    check_format("MST -0700 -07:00 -07 -070000", "UTC +0000 +00:00 +00 +000000");
    check_format("Z0700 Z07:00 Z07 Z07:00:00", "Z Z Z Z");
    check_format("05.000 05.000000 05,000", "05.006 05.006007 05,006");
    check_format("05.999 05.999999999 05.99", "05.006 05.006007 05");
    check_format("Monthly Januaryish Janx", "Monthly Februaryish Janx");
    check_format("łódź 2006", "łódź 2020");
    check_format("", "");
}

#[test]
fn zones_shift_what_is_written() {
    let time = Time::from_nanos(1_580_655_845_000_000_000);
    let cases = [
        (Zone::named("America/New_York").unwrap(), "10:04 EST -0500 -05:00"),
        (Zone::named("Asia/Kolkata").unwrap(), "20:34 IST +0530 +05:30"),
        (Zone::Fixed { name: String::new(), seconds: -1800 }, "14:34 -0030 -0030 -00:30"),
    ];
    for (zone, expect) in cases {
        assert_eq!(format(&time.in_zone(zone), "15:04 MST -0700 Z07:00"), expect);
    }
}

#[test]
fn texts_are_read() {
    let day = Some("2020-02-03 00:00:00 +0000 UTC");
    check_parse("2006-01-02", "2020-02-03", "UTC", day);
    check_parse("Jan _2 2006", "Feb  3 2020", "UTC", day);
    check_parse("Monday, January 2 06", "monday, FEBRUARY 3 20", "UTC", day);
    check_parse("2006 002", "2020 034", "UTC", day);
    check_parse("2006-01-02 3PM", "2020-02-03 12AM", "UTC", day);
    let noon = Some("2020-02-03 12:30:01.5 +0000 UTC");
    check_parse("2006-01-02 15:04:05", "2020-02-03 12:30:01.5", "UTC", noon);
    check_parse("2006-01-02 15:04:05.000", "2020-02-03 12:30:01.500", "UTC", noon);
    check_parse("2006-01-02 15:04:05.999Z07:00", "2020-02-03 12:30:01,5Z", "UTC", noon);
    check_parse("2006-01-02 15:04:05 MST", "2020-02-03 12:30:01.5 UTC", "Asia/Tokyo", noon);
}

#[test]
fn zones_of_texts() {
    let layout = "2006-01-02 15:04";
    check_parse(layout, "2020-02-03 09:00", "Asia/Tokyo", Some("2020-02-03 09:00:00 +0900 JST"));
    let offset = "2006-01-02 15:04 -0700";
    check_parse(
        offset,
        "2020-02-03 09:00 +0900",
        "Asia/Tokyo",
        Some("2020-02-03 09:00:00 +0900 JST"),
    );
    check_parse(offset, "2020-02-03 09:00 -0130", "UTC", Some("2020-02-03 09:00:00 -0130 -0130"));
    let named = "2006-01-02 15:04 MST";
    check_parse(
        named,
        "2020-02-03 09:00 CET",
        "Europe/Warsaw",
        Some("2020-02-03 09:00:00 +0100 CET"),
    );
    check_parse(named, "2020-02-03 09:00 PST", "UTC", Some("2020-02-03 09:00:00 +0000 PST"));
}

#[test]
fn what_is_not_of_the_form_is_not_read() {
    for (layout, text) in [
        ("2006-01-02", "2020-02-30"),
        ("2006-01-02", "2020-13-01"),
        ("2006-01-02", "2020-2-3"),
        ("2006-01-02", "2020-02-03x"),
        ("2006-01-02", ""),
        ("15:04", "24:00"),
        ("15:04", "12:60"),
        ("3 PM", "1 XM"),
        ("Jan", "Foo"),
        ("-0700", "0700"),
        ("05.000", "05.12"),
        ("MST", "zz"),
    ] {
        check_parse(layout, text, "UTC", None);
    }
}
