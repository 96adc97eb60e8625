//! What a message of syslog says.

use model::Timestamp;

use crate::syslog::{rfc3164, rfc5424};

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `<34>1 2003-10-11T22:14:15.003Z host app 1234 ID47 [x@1 a="b"] text`.
    Rfc5424,
    /// `<34>Oct 11 22:14:15 host app[1234]: text`.
    Rfc3164,
    /// Any text.
    Raw,
}

/// An element of structured data: its name, and its parameters.
pub type Element = (String, Vec<(String, String)>);

/// A message. What it does not say is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The number of its facility.
    pub facility: Option<u8>,
    /// The number of its severity.
    pub severity: Option<u8>,
    /// When it was written.
    pub timestamp: Option<Timestamp>,
    /// Who has written it.
    pub hostname: Option<String>,
    /// The name of the program.
    pub app_name: Option<String>,
    /// The number of the process.
    pub proc_id: Option<String>,
    /// The sort of message.
    pub msg_id: Option<String>,
    /// Structured data.
    pub data: Vec<Element>,
    /// The text. Of a message that is not written as it should be: all of it.
    pub text: String,
    /// Whether it is not written as it should be.
    pub is_odd: bool,
}

/// Names of facilities, by their numbers.
const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];
/// Names of severities, by their numbers.
const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

impl Message {
    /// What a text says. `now` tells the year where a message does not.
    #[must_use]
    pub fn parse(format: Format, text: &str, now: Timestamp) -> Self {
        if format == Format::Raw {
            return Self { text: text.to_owned(), ..Self::default() };
        }
        let odd = Self { text: text.to_owned(), is_odd: true, ..Self::default() };
        let Some((priority, rest)) = priority(text) else { return odd };
        let (facility, severity) = (Some(priority / 8), Some(priority % 8));
        let base = Self { facility, severity, ..Self::default() };
        match format {
            Format::Rfc5424 => {
                rfc5424::parse(base, rest).unwrap_or(Self { facility, severity, ..odd })
            }
            Format::Rfc3164 | Format::Raw => rfc3164::parse(base, rest, now),
        }
    }

    /// The name of its facility.
    #[must_use]
    pub fn facility_name(&self) -> Option<&'static str> {
        FACILITIES.get(usize::from(self.facility?)).copied()
    }

    /// The name of its severity.
    #[must_use]
    pub fn severity_name(&self) -> Option<&'static str> {
        SEVERITIES.get(usize::from(self.severity?)).copied()
    }
}

/// `<34>`, and what follows.
fn priority(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let priority: u8 = digits.parse().ok().filter(|_| is_number)?;
    (priority <= 191).then_some((priority, rest))
}

/// A message for a test.
#[cfg(test)]
pub fn shown(message: &Message) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let time = message.timestamp.map_or_else(|| "-".to_owned(), |time| time.0.to_string());
    format!(
        "{}.{} {time} {} {} {} {} {:?} {:?}{}",
        message.facility_name().unwrap_or("-"),
        message.severity_name().unwrap_or("-"),
        or(&message.hostname),
        or(&message.app_name),
        or(&message.proc_id),
        or(&message.msg_id),
        message.data,
        message.text,
        if message.is_odd { " odd" } else { "" },
    )
}
