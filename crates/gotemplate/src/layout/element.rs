//! A layout taken apart into its elements and the literal text between them.

/// One element of the reference time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// `January`
    LongMonth,
    /// `Jan`
    Month,
    /// `1`
    NumMonth,
    /// `01`
    ZeroMonth,
    /// `Monday`
    LongWeekday,
    /// `Mon`
    Weekday,
    /// `2`
    Day,
    /// `_2`
    UnderDay,
    /// `02`
    ZeroDay,
    /// `__2`
    UnderYearDay,
    /// `002`
    ZeroYearDay,
    /// `15`
    Hour,
    /// `3`
    Hour12,
    /// `03`
    ZeroHour12,
    /// `4`
    Minute,
    /// `04`
    ZeroMinute,
    /// `5`
    Second,
    /// `05`
    ZeroSecond,
    /// `2006`
    LongYear,
    /// `06`
    Year,
    /// `PM`
    UpperPm,
    /// `pm`
    LowerPm,
    /// `MST`
    ZoneName,
    /// `-0700` and its relatives
    Offset(OffsetStyle),
    /// `.000`: that many digits
    Fraction(usize),
    /// `.999`: up to that many digits, trailing zeros dropped
    TrimmedFraction(usize),
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetStyle {
    /// `Z` for UTC.
    pub(super) z: bool,
    /// Colons between the parts.
    pub(super) colons: bool,
    /// Hours only, with minutes, or with seconds.
    pub(super) parts: OffsetParts,
}

/// How precise an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OffsetParts {
    Hours,
    Minutes,
    Seconds,
}

const fn offset(z: bool, colons: bool, parts: OffsetParts) -> Element {
    Element::Offset(OffsetStyle { z, colons, parts })
}

/// The elements with a fixed spelling; of two that match, the one that stands first counts.
const SPELLINGS: [(&str, Element); 33] = [
    ("January", Element::LongMonth),
    ("Jan", Element::Month),
    ("Monday", Element::LongWeekday),
    ("Mon", Element::Weekday),
    ("MST", Element::ZoneName),
    ("002", Element::ZeroYearDay),
    ("01", Element::ZeroMonth),
    ("02", Element::ZeroDay),
    ("03", Element::ZeroHour12),
    ("04", Element::ZeroMinute),
    ("05", Element::ZeroSecond),
    ("06", Element::Year),
    ("15", Element::Hour),
    ("1", Element::NumMonth),
    ("2006", Element::LongYear),
    ("2", Element::Day),
    ("__2", Element::UnderYearDay),
    ("_2", Element::UnderDay),
    ("3", Element::Hour12),
    ("4", Element::Minute),
    ("5", Element::Second),
    ("PM", Element::UpperPm),
    ("pm", Element::LowerPm),
    ("-070000", offset(false, false, OffsetParts::Seconds)),
    ("-07:00:00", offset(false, true, OffsetParts::Seconds)),
    ("-0700", offset(false, false, OffsetParts::Minutes)),
    ("-07:00", offset(false, true, OffsetParts::Minutes)),
    ("-07", offset(false, false, OffsetParts::Hours)),
    ("Z070000", offset(true, false, OffsetParts::Seconds)),
    ("Z07:00:00", offset(true, true, OffsetParts::Seconds)),
    ("Z0700", offset(true, false, OffsetParts::Minutes)),
    ("Z07:00", offset(true, true, OffsetParts::Minutes)),
    ("Z07", offset(true, false, OffsetParts::Hours)),
];

/// The literal text up to the first element of a layout, that element, and what follows it.
pub(super) fn next(layout: &str) -> (&str, Option<Element>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        // `_2006` is an underscore before a year, not a day before `006`.
        if rest.starts_with("_2006") {
            let after = at + 1;
            return (&layout[..after], Some(Element::LongYear), &layout[after + 4..]);
        }
        if let Some((element, length)) = at_start(rest) {
            return (&layout[..at], Some(element), &rest[length..]);
        }
    }
    (layout, None, "")
}

fn at_start(text: &str) -> Option<(Element, usize)> {
    if let Some(fraction) = fraction(text) {
        return Some(fraction);
    }
    SPELLINGS.iter().find_map(|(spelling, element)| {
        let rest = text.strip_prefix(spelling)?;
        // "Janet" and "Months" are words, not elements.
        let is_short_name = matches!(element, Element::Month | Element::Weekday);
        let is_word = is_short_name && rest.starts_with(|c: char| c.is_ascii_lowercase());
        (!is_word).then_some((*element, spelling.len()))
    })
}

/// `.000`, `,999`: a run of one digit that no other digit follows.
fn fraction(text: &str) -> Option<(Element, usize)> {
    let digits = text.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.len() - digits.trim_start_matches(digit).len();
    if digits[count..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let element =
        if digit == '0' { Element::Fraction(count) } else { Element::TrimmedFraction(count) };
    Some((element, count + 1))
}
