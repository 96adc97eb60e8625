//! Messages as RFC 3164 found them: hardly anything in them is sure, so that whatever is not
//! understood is text.

use model::{Timestamp, rfc3339};

use crate::syslog::message::Message;

/// Seconds of a year, on the average.
const YEAR_SECONDS: i64 = 31_556_952;
/// Characters of the name of a program. RFC 3164 has 32, programs have more.
const TAG_CHARS_MAX: usize = 128;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What follows the priority. Without a time, all of it is text.
pub fn parse(mut message: Message, text: &str, now: Timestamp) -> Message {
    let Some((timestamp, rest)) = time(text, now) else {
        return Message { text: text.to_owned(), is_odd: true, ..message };
    };
    message.timestamp = Some(timestamp);
    let mut rest = rest;
    // A line of a local program has no host: its first word is the tag.
    if let Some((host, after)) = rest.split_once(' ')
        && !host.is_empty()
        && !host.contains(['[', ']'])
        && !host.ends_with(':')
    {
        message.hostname = Some(host.to_owned());
        rest = after;
    }
    if let Some((app, process, after)) = tag(rest) {
        message.app_name = Some(app.to_owned());
        message.proc_id = process.map(ToOwned::to_owned);
        rest = after;
    }
    rest.clone_into(&mut message.text);
    message
}

/// `app[1234]: ` or `app: `, and what follows.
fn tag(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let end = text.find(['[', ':', ' '])?;
    let (app, rest) = text.split_at(end);
    if app.is_empty() || app.len() > TAG_CHARS_MAX {
        return None;
    }
    let (process, rest) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (process, rest) = rest.split_once(']')?;
            (Some(process), rest)
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix(':')?;
    Some((app, process, rest.strip_prefix(' ').unwrap_or(rest)))
}

/// `Oct 11 22:14:15 ` or a time with its year, and what follows.
fn time(text: &str, now: Timestamp) -> Option<(Timestamp, &str)> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (time, rest) = text.split_once(' ')?;
        return Some((rfc3339::parse(time.as_bytes())?, rest));
    }
    let (time, rest) = text.split_at_checked("Oct 11 22:14:15".len())?;
    let rest = rest.strip_prefix(' ')?;
    let month = MONTHS.iter().position(|month| time.starts_with(month))? + 1;
    let (day, clock) = (time.get(4..6)?.trim_start(), time.get(7..)?);
    let is_spaced = time.as_bytes()[3] == b' ' && time.as_bytes()[6] == b' ';
    let day: u32 = day.parse().ok().filter(|_| is_spaced)?;
    let about = 1970 + now.0.div_euclid(1_000_000_000).div_euclid(YEAR_SECONDS);
    // The year that brings it nearest to now: at a turn of the year that is not the one of now.
    let in_year =
        |year: i64| rfc3339::parse(format!("{year:04}-{month:02}-{day:02}T{clock}Z").as_bytes());
    let times = [about - 1, about, about + 1].into_iter().filter_map(in_year);
    Some((times.min_by_key(|time| time.0.abs_diff(now.0))?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syslog::message::{Format, shown};

    #[track_caller]
    fn check(now: &str, text: &str, expect: &str) {
        let now = rfc3339::parse(now.as_bytes()).unwrap();
        assert_eq!(shown(&Message::parse(Format::Rfc3164, text, now)), expect);
    }

    const NOW: &str = "2003-10-11T23:00:00Z";

    #[test]
    fn messages() {
        check(
            NOW,
            "<34>Oct 11 22:14:15 host su[123]: 'su root' failed",
            "auth.critical 1065910455000000000 host su 123 - [] \"'su root' failed\"",
        );
        check(
            NOW,
            "<13>Oct  1 22:14:15 host CROND: x",
            "user.notice 1065046455000000000 host CROND - - [] \"x\"",
        );
        check(
            NOW,
            "<13>Oct 11 22:14:15 kernel: x",
            "user.notice 1065910455000000000 - kernel - - [] \"x\"",
        );
        check(
            NOW,
            "<13>2003-10-11T22:14:15Z host just words",
            "user.notice 1065910455000000000 host - - - [] \"just words\"",
        );
        for odd in
            ["<13>Oct 11 host x", "<13>Foo 11 22:14:15 h x", "<13>Oct 32 22:14:15 h x", "<13>äöü"]
        {
            check(NOW, odd, &format!("user.notice - - - - - [] {:?} odd", &odd[4..]));
        }
    }

    #[test]
    fn years_that_are_not_told() {
        let check = |now: &str, text: &str, expect: &str| {
            let text = format!("<13>{text} h a: x");
            let message =
                Message::parse(Format::Rfc3164, &text, rfc3339::parse(now.as_bytes()).unwrap());
            assert_eq!(message.timestamp, rfc3339::parse(expect.as_bytes()), "{text} at {now}");
        };
        check("2026-01-01T00:00:05Z", "Dec 31 23:59:59", "2025-12-31T23:59:59Z");
        check("2025-12-31T23:59:59Z", "Jan  1 00:00:01", "2026-01-01T00:00:01Z");
        check("2026-11-26T21:00:00Z", "Nov 26 20:59:00", "2026-11-26T20:59:00Z");
        check("2024-02-29T12:00:00Z", "Feb 29 11:00:00", "2024-02-29T11:00:00Z");
    }
}
