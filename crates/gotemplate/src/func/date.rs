//! Dates. A layout is Go's; the local zone is UTC.

use super::function::{Context, Failure, Function, Param, check_length};
use crate::layout;
use crate::time::{Time, Zone};
use crate::value::Value;

use Param::{Any, Str};

/// Seconds of a day, for epochs that count days.
const SECONDS_PER_DAY: i64 = 86_400;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("__timestamp__", &[], |context, _| {
        Ok(Value::Time(Time::from_nanos(context.scope.timestamp_nanos())))
    }),
    Function::new("now", &[], |context, _| Ok(Value::Time(now(context)))),
    Function::new("date", &[Str, Any], |context, args| {
        let text = layout::format(&shown(context, &args[1]), &args[0].text());
        check_length(text.len())?;
        Ok(Value::owned(text))
    }),
    Function::new("toDate", &[Str, Str], |_, args| Ok(parsed(&args[0], &args[1], &Zone::Utc))),
    Function::new("toDateInZone", &[Str, Str, Str], |_, args| {
        let zone = Zone::named(&args[1].text()).unwrap_or(Zone::Utc);
        Ok(parsed(&args[0], &args[2], &zone))
    }),
    Function::new("unixEpoch", &[Param::Time], |_, args| epoch(&args[0], Time::seconds)),
    Function::new("unixEpochMillis", &[Param::Time], |_, args| epoch(&args[0], Time::millis)),
    Function::new("unixEpochNanos", &[Param::Time], |_, args| epoch(&args[0], Time::nanos)),
    Function::new("unixToTime", &[Str], |_, args| Ok(Value::Time(unix_to_time(&args[0].text())?))),
];

pub(super) fn now(context: &Context<'_>) -> Time {
    Time::from_nanos(context.scope.now_nanos())
}

/// What `date` shows: a time in UTC, integers as seconds since 1970, and for all else the present.
pub(super) fn shown(context: &Context<'_>, value: &Value<'_>) -> Time {
    match value {
        Value::Time(time) => time.in_zone(Zone::Utc),
        Value::Int(seconds) | Value::Int64(seconds) => Time::from_seconds(*seconds),
        _ => now(context),
    }
}

fn parsed<'a>(layout: &Value<'_>, text: &Value<'_>, zone: &Zone) -> Value<'a> {
    let time = layout::parse(&layout.text(), &text.text(), zone);
    Value::Time(time.unwrap_or_else(Time::zero))
}

fn epoch<'a>(value: &Value<'_>, count: fn(&Time) -> i64) -> Result<Value<'a>, Failure> {
    match value {
        Value::Time(time) => Ok(Value::owned(count(time).to_string())),
        _ => Ok(Value::Nil),
    }
}

/// The unit of an epoch by its number of digits: days, seconds, milli-, micro- or nanoseconds.
fn unix_to_time(text: &str) -> Result<Time, Failure> {
    let refuse = |reason: &str| format!("unable to parse time '{text}': {reason}");
    let Ok(count) = text.parse::<i64>() else {
        let quoted = crate::quote::quote(text.as_bytes(), false);
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let reason = if is_number { "value out of range" } else { "invalid syntax" };
        return Err(refuse(&format!("strconv.ParseInt: parsing {quoted}: {reason}")).into());
    };
    match text.len() {
        5 => Ok(Time::from_seconds(count * SECONDS_PER_DAY)),
        10 => Ok(Time::from_seconds(count)),
        13 => Ok(Time::from_nanos(count.wrapping_mul(1_000_000))),
        16 => Ok(Time::from_nanos(count.wrapping_mul(1_000))),
        19 => Ok(Time::from_nanos(count)),
        // Loki formats an error that is not there.
        _ => Err(refuse("%!w(<nil>)").into()),
    }
}
