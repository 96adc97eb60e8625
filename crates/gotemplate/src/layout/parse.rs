//! A text read by a layout.

use jiff::civil::{Date, DateTime};

use super::element::{Element, OffsetParts, OffsetStyle, next};
use super::format::{MONTHS, WEEKDAYS};
use crate::time::{Time, Zone};

/// The time that `text` names by `layout`; where the text has no zone, it is in `zone`. `None` if
/// the text is not of that form or there is no such day.
pub(crate) fn parse(layout: &str, text: &str, zone: &Zone) -> Option<Time> {
    let mut fields = Fields::default();
    let (mut layout, mut text) = (layout, text);
    loop {
        let (literal, element, after) = next(layout);
        text = skip_literal(text, literal)?;
        let Some(element) = element else {
            return if text.is_empty() { fields.time(zone) } else { None };
        };
        layout = after;
        text = fields.read(element, text)?;
        if matches!(element, Element::Second | Element::ZeroSecond) {
            text = fields.read_unasked_fraction(layout, text);
        }
    }
}

/// What a text said so far.
#[derive(Debug, Default)]
struct Fields {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    /// Whether `AM` or `PM` was there, and whether it was `PM`.
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone_name: Option<String>,
}

impl Fields {
    /// Reads one element; returns what follows it.
    fn read<'t>(&mut self, element: Element, text: &'t str) -> Option<&'t str> {
        match element {
            Element::LongYear | Element::Year => self.read_year(element, text),
            Element::LongMonth | Element::Month => {
                let short = element == Element::Month;
                let (index, rest) = lookup(&MONTHS, text, short)?;
                self.month = i8::try_from(index + 1).ok();
                Some(rest)
            }
            Element::LongWeekday => Some(lookup(&WEEKDAYS, text, false)?.1),
            Element::Weekday => Some(lookup(&WEEKDAYS, text, true)?.1),
            Element::UpperPm | Element::LowerPm => {
                let upper = element == Element::UpperPm;
                let (am, pm) = if upper { ("AM", "PM") } else { ("am", "pm") };
                self.afternoon = Some(text.starts_with(pm));
                text.strip_prefix(pm).or_else(|| text.strip_prefix(am))
            }
            Element::ZoneName => self.read_zone_name(text),
            Element::Offset(style) => self.read_offset(style, text),
            Element::Fraction(digits) => {
                let (fraction, rest) = text.split_at_checked(digits + 1)?;
                self.nanos = nanos(fraction.strip_prefix(['.', ','])?)?;
                Some(rest)
            }
            Element::TrimmedFraction(_) => Some(self.read_fraction(text)),
            _ => self.read_number(element, text),
        }
    }

    fn read_year<'t>(&mut self, element: Element, text: &'t str) -> Option<&'t str> {
        let digits = if element == Element::LongYear { 4 } else { 2 };
        let (year, rest) = fixed(text, digits)?;
        self.year = match element {
            Element::LongYear => year,
            _ if year >= 69 => 1900 + year,
            _ => 2000 + year,
        };
        Some(rest)
    }

    fn read_number<'t>(&mut self, element: Element, text: &'t str) -> Option<&'t str> {
        use Element::{
            Day, Hour, Hour12, Minute, NumMonth, Second, UnderDay, UnderYearDay, ZeroDay,
            ZeroHour12, ZeroMinute, ZeroMonth, ZeroSecond, ZeroYearDay,
        };
        if matches!(element, UnderYearDay | ZeroYearDay) {
            let text = if element == UnderYearDay { text.trim_start_matches(' ') } else { text };
            let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
            let (day, rest) = fixed(text, digits.max(1))?;
            self.day_of_year = Some(day);
            return Some(rest);
        }
        let text = if element == UnderDay { text.strip_prefix(' ').unwrap_or(text) } else { text };
        let two_digits =
            matches!(element, ZeroMonth | ZeroDay | ZeroHour12 | ZeroMinute | ZeroSecond);
        let (number, rest) = one_or_two(text, two_digits)?;
        let (field, allowed) = match element {
            NumMonth | ZeroMonth => (self.month.insert(0), 1..=12),
            Day | UnderDay | ZeroDay => (self.day.insert(0), 0..=31),
            Hour => (&mut self.hour, 0..=23),
            Hour12 | ZeroHour12 => (&mut self.hour, 0..=12),
            Minute | ZeroMinute => (&mut self.minute, 0..=59),
            Second | ZeroSecond => (&mut self.second, 0..=59),
            _ => return None,
        };
        if !allowed.contains(&number) {
            return None;
        }
        *field = number;
        Some(rest)
    }

    /// Seconds may have a fraction even if the layout does not ask for one.
    fn read_unasked_fraction<'t>(&mut self, layout: &str, text: &'t str) -> &'t str {
        let asked =
            matches!(next(layout).1, Some(Element::Fraction(_) | Element::TrimmedFraction(_)));
        if asked { text } else { self.read_fraction(text) }
    }

    /// A fraction, if there is one.
    fn read_fraction<'t>(&mut self, text: &'t str) -> &'t str {
        let Some(digits) = text.strip_prefix(['.', ',']) else { return text };
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        match nanos(&digits[..count]) {
            Some(nanos) if count > 0 => {
                self.nanos = nanos;
                &digits[count..]
            }
            _ => text,
        }
    }

    fn read_offset<'t>(&mut self, style: OffsetStyle, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix('Z').filter(|_| style.z) {
            self.utc = true;
            return Some(rest);
        }
        let sign = match text.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let colon = if style.colons { ":" } else { "" };
        let (hours, mut rest) = fixed(&text[1..], 2)?;
        let mut seconds = i32::from(hours) * 3600;
        if style.parts >= OffsetParts::Minutes {
            let (minutes, after) = fixed(rest.strip_prefix(colon)?, 2)?;
            seconds += i32::from(minutes) * 60;
            rest = after;
            if minutes >= 60 {
                return None;
            }
        }
        if style.parts >= OffsetParts::Seconds {
            let (more, after) = fixed(rest.strip_prefix(colon)?, 2)?;
            seconds += i32::from(more);
            rest = after;
        }
        self.offset = (hours <= 24).then_some(sign * seconds);
        self.offset.map(|_| rest)
    }

    fn read_zone_name<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let length = zone_name_length(text)?;
        self.zone_name = Some(text[..length].to_owned());
        Some(&text[length..])
    }

    fn time(self, zone: &Zone) -> Option<Time> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let at = self.date()?.at(hour, self.minute, self.second, self.nanos);
        if self.utc {
            return Some(Time::from_civil(at, Zone::Utc));
        }
        Some(match (self.offset, self.zone_name) {
            (Some(seconds), name) => {
                with_offset(at, seconds, name.as_deref().unwrap_or_default(), zone)
            }
            (None, Some(name)) => with_name(at, name, zone),
            (None, None) => Time::from_civil(at, zone.clone()),
        })
    }

    fn date(&self) -> Option<Date> {
        let Some(day_of_year) = self.day_of_year else {
            return Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok();
        };
        let first = Date::new(self.year, 1, 1).ok()?;
        let date = first.with().day_of_year(day_of_year).build().ok()?;
        let agrees = self.month.is_none_or(|month| month == date.month())
            && self.day.is_none_or(|day| day == date.day());
        agrees.then_some(date)
    }
}

/// An offset that is the zone's own at that time means the zone.
fn with_offset(at: DateTime, seconds: i32, name: &str, zone: &Zone) -> Time {
    let time = Time::from_civil(at, Zone::Fixed { name: name.to_owned(), seconds });
    let in_zone = time.in_zone(zone.clone());
    let local = in_zone.local();
    if local.offset == seconds && (name.is_empty() || local.zone == name) { in_zone } else { time }
}

/// An abbreviation that the zone does not know has no meaning: Go takes it for UTC.
fn with_name(at: DateTime, name: String, zone: &Zone) -> Time {
    let in_zone = Time::from_civil(at, zone.clone());
    if in_zone.local().zone == name {
        return in_zone;
    }
    let hours: i32 = name.strip_prefix("GMT").and_then(|hours| hours.parse().ok()).unwrap_or(0);
    let shown = Time::from_civil(at, Zone::Utc);
    shown.in_zone(Zone::Fixed { name, seconds: hours * 3600 })
}

/// The length of a zone's abbreviation at the start of the text.
fn zone_name_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_hours_length(text)).filter(|length| *length > 0);
    }
    let letters = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match letters {
        3 => Some(3),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if text.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

fn signed_hours_length(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return 0 };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let hours: Option<u8> = digits[..count].parse().ok();
    if hours.is_some_and(|hours| hours <= 23) { 1 + count } else { 0 }
}

/// A literal part of the layout; spaces in it stand for any number of spaces.
fn skip_literal<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let (mut text, mut literal) = (text, literal);
    while !literal.is_empty() {
        if literal.starts_with(' ') {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        let mut chars = literal.chars();
        text = text.strip_prefix(chars.next()?)?;
        literal = chars.as_str();
    }
    Some(text)
}

/// The index of the name that the text starts with, in any case; the short names have 3 letters.
fn lookup<'t>(names: &[&str], text: &'t str, short: bool) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if short { &name[..3] } else { name };
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some((index, rest))
    })
}

fn one_or_two(text: &str, two_digits: bool) -> Option<(i8, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (two_digits && digits == 1) {
        return None;
    }
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

fn fixed(text: &str, digits: usize) -> Option<(i16, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((number.parse().ok()?, rest))
}

/// Digits after the point, those beyond nanoseconds dropped.
fn nanos(digits: &str) -> Option<i32> {
    let digits = &digits[..digits.len().min(9)];
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}
