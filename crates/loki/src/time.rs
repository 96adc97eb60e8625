//! Times and durations, in every way in which Loki's parameters write them.

use std::time::Duration;

use model::Timestamp;

use crate::error::ParamError;
use crate::params::Params;

/// How far back a request looks when it does not say (Loki's default for all of them).
pub const DEFAULT_SINCE: Duration = Duration::from_secs(3600);

const NANOS_PER_SECOND: f64 = 1e9;

/// The range of time of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first time.
    pub start: Timestamp,
    /// The last time, or the first after it: the request says which.
    pub end: Timestamp,
}

impl Bounds {
    /// Reads `start`, `end` and `since`. Without `end` it is now; without `start` it is `since`
    /// (1 h) before the end, or before now when the end is still to come.
    ///
    /// # Errors
    /// When one of them cannot be read. A start after the end is for the caller to judge.
    pub fn parse(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let since = match params.get("since") {
            None => DEFAULT_SINCE,
            Some(text) => parse_duration(text).ok_or_else(|| ParamError::Since(text.to_owned()))?,
        };
        let end = time_param(params, "end")?.unwrap_or(now);
        let start = time_param(params, "start")?.unwrap_or(end.min(now) - since);
        Ok(Self { start, end })
    }

    /// The same, but a start after the end is refused.
    ///
    /// # Errors
    /// When one of them cannot be read, or the end is before the start.
    pub fn parse_ordered(params: &Params, now: Timestamp) -> Result<Self, ParamError> {
        let bounds = Self::parse(params, now)?;
        if bounds.end < bounds.start { Err(ParamError::EndBeforeStart) } else { Ok(bounds) }
    }

    /// How long the range is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }

    /// The step of a request that gives none: a 250th of the range, in whole seconds, at least 1 s.
    #[must_use]
    pub fn default_step(&self) -> Duration {
        Duration::from_secs((self.length().as_secs() / 250).max(1))
    }

    /// The parameters that [`Bounds::parse`] reads as these bounds.
    #[must_use]
    pub fn to_params(&self) -> Vec<(&'static str, String)> {
        vec![("start", time_text(self.start)), ("end", time_text(self.end))]
    }
}

/// The time that a parameter gives, or `None` when it is absent.
///
/// # Errors
/// When it is not a time.
pub fn time_param(params: &Params, name: &'static str) -> Result<Option<Timestamp>, ParamError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let time = parse_time(text);
    time.map(Some).ok_or_else(|| ParamError::Time { name, value: text.to_owned() })
}

/// Reads a time: with a point, Unix seconds to the millisecond; of at most ten digits, Unix
/// seconds; longer, Unix nanoseconds; else RFC 3339.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    if text.contains('.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        return Some(from_float_seconds(seconds));
    }
    match text.parse::<i64>() {
        Ok(seconds) if text.len() <= 10 => Some(Timestamp::from_secs(seconds)),
        Ok(nanos) => Some(Timestamp(nanos)),
        Err(_) => parse_rfc3339(text),
    }
}

/// Writes a time so that [`parse_time`] reads it: nanoseconds, with zeros in front of the few that
/// would else be taken for seconds.
#[must_use]
pub fn time_text(time: Timestamp) -> String {
    format!("{:011}", time.as_nanos())
}

fn from_float_seconds(seconds: f64) -> Timestamp {
    let millis = (seconds.fract() * 1000.0).round();
    // `as` saturates, which is the best that can be done with a time outside of time.
    Timestamp::from_secs(seconds.trunc() as i64) + Duration::from_millis(millis as u64)
        - Duration::from_millis((-millis) as u64)
}

/// Reads a time such as `2026-01-15T06:00:00.123456789+01:00`.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let nanos = time.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(nanos).ok().map(Timestamp)
}

/// Writes a time such as `2026-01-15T06:00:00Z`, with as many decimals as it needs.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(time.as_nanos().into());
    time.map_or_else(|_| "out of range".to_owned(), |time| time.to_string())
}

/// A number of seconds, or a Prometheus duration, in nanoseconds: how `step` and `interval` are
/// written. `None` when the parameter is absent.
///
/// # Errors
/// When it is neither.
pub fn duration_param(params: &Params, name: &str) -> Result<Option<i64>, ParamError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    if let Some(nanos) = seconds_as_nanos(text) {
        return Ok(Some(nanos));
    }
    let duration = parse_duration(text).ok_or_else(|| ParamError::Duration(text.to_owned()))?;
    Ok(Some(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
}

fn seconds_as_nanos(text: &str) -> Option<i64> {
    let nanos = text.parse::<f64>().ok()? * NANOS_PER_SECOND;
    (nanos.abs() < i64::MAX as f64).then_some(nanos as i64)
}

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration as Prometheus writes them: `1h30m`, whole numbers, units from large to small,
/// each at most once; or `0`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    match text {
        "" => return None,
        "0" => return Some(Duration::ZERO),
        _ => {}
    }
    let (mut rest, mut units, mut millis) = (text, UNITS.iter(), 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        // The iterator goes on from the last unit, so that none comes twice or out of order.
        let (_, size) = units.by_ref().find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(*size)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(millis))
}

/// Writes a duration so that [`parse_duration`] reads it, to the millisecond.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Writes a duration as Prometheus prints them, for people: `30d1h`, `90d`, `1m`, `0s`. Years and
/// weeks only where nothing is left over.
#[must_use]
pub fn human_duration(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, size) in UNITS {
        let must_be_exact = matches!(unit, "y" | "w");
        if millis < size || must_be_exact && !millis.is_multiple_of(size) {
            continue;
        }
        text.push_str(&format!("{}{unit}", millis / size));
        millis %= size;
    }
    text
}

#[cfg(test)]
mod tests;
