//! What containers write. Each text names the pod and its own number, so that no two are equal.

use fastrand::Rng;

/// What sort of text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line of Airflow 2.
    Text,
    /// A line of Airflow 3.
    Json,
    /// What a task prints.
    Print,
    /// A traceback of several lines, which is to arrive as one entry.
    Traceback,
    /// A line that a runtime cuts into several records.
    Long,
    /// A line with NUL bytes, with bytes that are no UTF-8, and with others that few expect.
    Odd,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Json, Self::Print, Self::Traceback, Self::Long, Self::Odd];

    /// The bytes of one text, without the newline at its end. `mark` is what tells it from all
    /// others, `clock` the time that Airflow prints.
    pub(crate) fn bytes(self, mark: &str, clock: &str, random: &mut Rng) -> Vec<u8> {
        let (count, line) = (random.u32(..100_000), random.u32(1..400));
        let text = match self {
            Self::Text => format!(
                "[{clock}+0000] {{etl.py:{line}}} INFO - Processed {count} records from orders, \
                 {mark}"
            ),
            Self::Json => format!(
                "{{\"timestamp\":\"{clock}Z\",\"level\":\"info\",\"event\":\"uploaded part \
                 {count}\",\"logger\":\"etl\",\"filename\":\"etl.py\",\"lineno\":{line},\
                 \"mark\":\"{mark}\"}}"
            ),
            Self::Print => format!("rows={count} elapsed={line}s {mark}"),
            Self::Traceback => format!(
                "Traceback (most recent call last):\n  File \"/opt/airflow/dags/etl.py\", line \
                 {line}, in load\n    rows = list(source)\nValueError: {mark}"
            ),
            Self::Long => {
                format!("payload {mark} {}", "0123456789abcdef".repeat(4 + line as usize))
            }
            Self::Odd => {
                let mut bytes =
                    format!("caf\u{e9} \u{1f980}\t\x1b[31mred\x1b[0m {mark} ").into_bytes();
                bytes.extend_from_slice(b"a\0b\xff\xfec\r");
                return bytes;
            }
        };
        text.into_bytes()
    }
}
