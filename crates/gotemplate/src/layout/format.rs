//! A time written by a layout.

use super::element::{Element, OffsetParts, OffsetStyle, next};
use crate::time::{Local, Time};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The time as the layout asks for it.
pub(crate) fn format(time: &Time, layout: &str) -> String {
    let local = time.local();
    let mut out = String::with_capacity(layout.len() + 10);
    let mut rest = layout;
    while !rest.is_empty() {
        let (literal, element, after) = next(rest);
        out.push_str(literal);
        if let Some(element) = element {
            // A fraction keeps the separator that the layout gave it.
            let separator = rest[literal.len()..].chars().next().unwrap_or('.');
            push(&mut out, &local, element, separator);
        }
        rest = after;
    }
    out
}

fn push(out: &mut String, local: &Local, element: Element, separator: char) {
    let at = local.at;
    let month = MONTHS[usize::try_from(at.month() - 1).unwrap_or(0)];
    let weekday = WEEKDAYS[usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0)];
    let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    let afternoon = at.hour() >= 12;
    let text = match element {
        Element::LongMonth => month.to_owned(),
        Element::Month => month[..3].to_owned(),
        Element::NumMonth => at.month().to_string(),
        Element::ZeroMonth => format!("{:02}", at.month()),
        Element::LongWeekday => weekday.to_owned(),
        Element::Weekday => weekday[..3].to_owned(),
        Element::Day => at.day().to_string(),
        Element::UnderDay => format!("{:2}", at.day()),
        Element::ZeroDay => format!("{:02}", at.day()),
        Element::UnderYearDay => format!("{:3}", at.day_of_year()),
        Element::ZeroYearDay => format!("{:03}", at.day_of_year()),
        Element::Hour => format!("{:02}", at.hour()),
        Element::Hour12 => hour12.to_string(),
        Element::ZeroHour12 => format!("{hour12:02}"),
        Element::Minute => at.minute().to_string(),
        Element::ZeroMinute => format!("{:02}", at.minute()),
        Element::Second => at.second().to_string(),
        Element::ZeroSecond => format!("{:02}", at.second()),
        Element::LongYear => format!("{:04}", at.year()),
        Element::Year => format!("{:02}", at.year().rem_euclid(100)),
        Element::UpperPm => (if afternoon { "PM" } else { "AM" }).to_owned(),
        Element::LowerPm => (if afternoon { "pm" } else { "am" }).to_owned(),
        Element::ZoneName if local.zone.is_empty() => unnamed_zone(local.offset),
        Element::ZoneName => local.zone.clone(),
        Element::Offset(style) => offset(local.offset, style),
        Element::Fraction(digits) => {
            let nanos = format!("{:09}", at.subsec_nanosecond());
            format!("{separator}{:0<digits$}", &nanos[..digits.min(9)])
        }
        Element::TrimmedFraction(digits) => {
            let nanos = format!("{:09}", at.subsec_nanosecond());
            let shown = nanos[..digits.min(9)].trim_end_matches('0');
            if shown.is_empty() { String::new() } else { format!("{separator}{shown}") }
        }
    };
    out.push_str(&text);
}

fn offset(seconds: i32, style: OffsetStyle) -> String {
    if style.z && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let total = seconds.abs();
    let colon = if style.colons { ":" } else { "" };
    let mut text = format!("{sign}{:02}", total / 3600);
    if style.parts >= OffsetParts::Minutes {
        text.push_str(&format!("{colon}{:02}", total / 60 % 60));
    }
    if style.parts >= OffsetParts::Seconds {
        text.push_str(&format!("{colon}{:02}", total % 60));
    }
    text
}

/// A zone without a name is shown by its offset.
fn unnamed_zone(seconds: i32) -> String {
    offset(seconds, OffsetStyle { z: false, colons: false, parts: OffsetParts::Minutes })
}
