//! Dates in zones, and durations as text. The local zone is UTC.

use super::conversion::integer;
use crate::func::date::{now, shown};
use crate::func::function::{Call, Context, Failure, Function, Param, check_length};
use crate::func::number::parse_nanos;
use crate::layout;
use crate::quote::quote;
use crate::time::{Time, Zone};
use crate::value::Value;

use Param::{Any, Str};

/// How `htmlDate` writes a day.
const HTML_DAY: &str = "2006-01-02";
const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// What `durationRound` names, the largest first, in seconds; a month has 30 days.
const UNITS: [(u64, &str); 6] =
    [(31_536_000, "y"), (2_592_000, "m"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("dateInZone", &[Str, Any, Str], IN_ZONE),
    Function::new("date_in_zone", &[Str, Any, Str], IN_ZONE),
    Function::new("htmlDate", &[Any], |context, args| day(context, &args[0], "UTC")),
    Function::new("htmlDateInZone", &[Any, Str], |context, args| {
        day(context, &args[0], &args[1].text())
    }),
    Function::new("dateModify", &[Str, Param::Time], MODIFY),
    Function::new("date_modify", &[Str, Param::Time], MODIFY),
    Function::new("mustDateModify", &[Str, Param::Time], MUST_MODIFY),
    Function::new("must_date_modify", &[Str, Param::Time], MUST_MODIFY),
    Function::new("mustToDate", &[Str, Str], |_, args| {
        let (layout, text) = (args[0].text(), args[1].text());
        let shown = |text: &str| quote(text.as_bytes(), false);
        match layout::parse(&layout, &text, &Zone::Utc) {
            Some(time) => Ok(Value::Time(time)),
            None => Err(format!("parsing time {} as {}", shown(&text), shown(&layout)).into()),
        }
    }),
    Function::new("ago", &[Any], |context, args| {
        let nanos = since(context, &shown(context, &args[0]));
        Ok(Value::owned(duration(rounded(nanos))))
    }),
    Function::new("duration", &[Any], |_, args| {
        // sprig knows text and `int64`; an `int` is neither.
        let seconds = match &args[0] {
            Value::Str(_) => integer(&args[0].text()),
            Value::Int64(seconds) => *seconds,
            _ => 0,
        };
        Ok(Value::owned(duration(seconds.wrapping_mul(1_000_000_000))))
    }),
    Function::new("durationRound", &[Any], |context, args| {
        let nanos = match &args[0] {
            Value::Str(text) => parse_nanos(text).unwrap_or(0),
            Value::Int64(nanos) => *nanos,
            Value::Time(time) => since(context, time),
            _ => 0,
        };
        Ok(Value::owned(rough(nanos.unsigned_abs())))
    }),
];

const IN_ZONE: Call =
    |context, args| in_zone(&args[0].text(), &shown(context, &args[1]), &args[2].text());

const MODIFY: Call = |_, args| Ok(later(args).unwrap_or_else(|_| args[1].clone()));
const MUST_MODIFY: Call = |_, args| later(args);

fn day<'a>(context: &Context<'a>, date: &Value<'a>, zone: &str) -> Result<Value<'a>, Failure> {
    in_zone(HTML_DAY, &shown(context, date), zone)
}

fn in_zone<'a>(layout: &str, time: &Time, zone: &str) -> Result<Value<'a>, Failure> {
    let zone = Zone::named(zone).unwrap_or(Zone::Utc);
    let text = layout::format(&time.in_zone(zone), layout);
    check_length(text.len())?;
    Ok(Value::owned(text))
}

fn later<'a>(args: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    match &args[1] {
        Value::Time(time) => Ok(Value::Time(time.plus_nanos(parse_nanos(args[0].bytes())?))),
        _ => Ok(Value::Nil),
    }
}

fn since(context: &Context<'_>, time: &Time) -> i64 {
    now(context).nanos().saturating_sub(time.nanos())
}

/// Whole seconds, half of one away from zero.
fn rounded(nanos: i64) -> i64 {
    let second = 1_000_000_000;
    let rest = nanos % second;
    let whole = nanos - rest;
    if rest.abs() * 2 < second { whole } else { whole.saturating_add(rest.signum() * second) }
}

/// The one largest unit that fits more than once.
fn rough(nanos: u64) -> String {
    let fits = UNITS.iter().find(|(seconds, _)| nanos > seconds * NANOS_PER_SECOND);
    fits.map_or("0s".to_owned(), |(seconds, unit)| {
        format!("{}{unit}", nanos / (seconds * NANOS_PER_SECOND))
    })
}

/// Go's `Duration.String`: `1h2m3.5s`, below a second `1.5ms`.
fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let text = match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", decimals(nanos, 1_000)),
        1_000_000..NANOS_PER_SECOND => format!("{}ms", decimals(nanos, 1_000_000)),
        _ => {
            let minutes = nanos / NANOS_PER_SECOND / 60;
            let rest = decimals(nanos % (60 * NANOS_PER_SECOND), NANOS_PER_SECOND);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{rest}s"),
                (0, minutes) => format!("{minutes}m{rest}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
            }
        }
    };
    format!("{sign}{text}")
}

fn decimals(nanos: u64, unit: u64) -> String {
    let width = usize::try_from(unit.ilog10()).unwrap_or(0);
    let text = format!("{}.{:0width$}", nanos / unit, nanos % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
