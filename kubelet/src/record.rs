//! Lines as runtimes write them to a log file.

use model::Timestamp;
use serde_json::json;

/// How a runtime writes what a container prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// containerd, CRI-O: `<time> <stream> <P or F> <text>`.
    Cri,
    /// Docker: a JSON object a line. It holds no bytes that are no UTF-8.
    Docker,
}

/// One record, with its newline. `is_partial` says that the line goes on in the next.
pub fn record(
    format: Format,
    time: Timestamp,
    stream: &str,
    is_partial: bool,
    content: &[u8],
) -> Vec<u8> {
    let time = time_text(time);
    match format {
        Format::Cri => {
            let flag = if is_partial { 'P' } else { 'F' };
            let mut bytes = format!("{time} {stream} {flag} ").into_bytes();
            bytes.extend_from_slice(content);
            bytes.push(b'\n');
            bytes
        }
        Format::Docker => {
            let newline = if is_partial { "" } else { "\n" };
            let log = String::from_utf8_lossy(content) + newline;
            let mut bytes = json!({"log": log, "stream": stream, "time": time}).to_string();
            bytes.push('\n');
            bytes.into_bytes()
        }
    }
}

/// A time as runtimes write it: nine decimals, zeros at the end cut.
pub fn time_text(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.as_nanos()));
    time.expect("every 64-bit count of nanoseconds is a time of jiff's").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: Format, is_partial: bool, expect: &str) {
        let time = Timestamp(1_790_000_000_120_000_000);
        let record = record(format, time, "stdout", is_partial, b"a \"b\"");
        assert_eq!(String::from_utf8(record).unwrap(), expect);
    }

    #[test]
    fn records() {
        check(Format::Cri, false, "2026-09-21T14:13:20.12Z stdout F a \"b\"\n");
        check(Format::Cri, true, "2026-09-21T14:13:20.12Z stdout P a \"b\"\n");
        let time = r#""stream":"stdout","time":"2026-09-21T14:13:20.12Z"}"#;
        check(Format::Docker, false, &format!(r#"{{"log":"a \"b\"\n",{time}{}"#, "\n"));
        check(Format::Docker, true, &format!(r#"{{"log":"a \"b\"",{time}{}"#, "\n"));
    }
}
