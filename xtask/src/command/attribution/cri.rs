//! The container log format, as far as a corpus needs it: records, joined to lines.

use model::Timestamp;

/// A line, and which records it was cut into (from 1).
pub(super) struct Line {
    pub(super) text: String,
    pub(super) is_stderr: bool,
    pub(super) at: Timestamp,
    pub(super) records: Vec<u64>,
}

/// The lines of a file, in the order of their last records.
pub(super) fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open: [Option<(Line, Vec<u8>)>; 2] = [None, None];
    let records = bytes.split(|byte| *byte == b'\n').zip(1_u64..);
    for (record, number) in records.filter(|(record, _)| !record.is_empty()) {
        let mut fields = record.splitn(4, |byte| *byte == b' ');
        let [time, stream, flag] = [(); 3].map(|()| fields.next().unwrap_or_default());
        let content = fields.next().unwrap_or_default();
        let lane = usize::from(stream == b"stderr");
        let (line, text) = open[lane].get_or_insert_with(|| {
            let at = std::str::from_utf8(time).ok().and_then(airflow::record::parse_time);
            let at = at.map_or(Timestamp(0), |stamp| stamp.at);
            let line = Line { text: String::new(), is_stderr: lane == 1, at, records: Vec::new() };
            (line, Vec::new())
        });
        line.records.push(number);
        text.extend_from_slice(content);
        if flag == b"F" {
            lines.extend(open[lane].take().map(close));
        }
    }
    lines.extend(open.into_iter().flatten().map(close));
    lines
}

fn close((line, bytes): (Line, Vec<u8>)) -> Line {
    Line { text: String::from_utf8_lossy(&bytes).into_owned(), ..line }
}
