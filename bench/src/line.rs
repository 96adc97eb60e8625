//! One line of a task, as Airflow 2 writes text or Airflow 3 writes JSON.

use fastrand::Rng;
use model::Timestamp;

/// How severe a line is; the value of the label `level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Who writes: what its lines say of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) dag_id: &'a str,
    pub(crate) task_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) try_number: u32,
    /// Airflow 3 rather than 2.
    pub(crate) json: bool,
}

const TABLES: [&str; 8] =
    ["orders", "users", "events", "payments", "sessions", "items", "refunds", "stock"];
const HOSTS: [&str; 4] = ["db-1.internal", "db-2.internal", "s3.internal", "api.partner.example"];
const SOURCES: [&str; 5] = [
    "logging_mixin.py:190",
    "base.py:84",
    "taskinstance.py:2867",
    "subprocess.py:106",
    "etl.py:57",
];

/// A line and its level.
pub(crate) fn line(rng: &mut Rng, writer: &Writer<'_>, time: Timestamp) -> (Level, String) {
    let roll = rng.u32(0..1000);
    let level = match roll {
        0..=4 => Level::Error,
        5..=34 => Level::Warning,
        _ => Level::Info,
    };
    let message = message(rng, writer, level, roll);
    let traceback = level == Level::Error && rng.bool();
    let text = if writer.json {
        json(writer, time, level, &message, traceback)
    } else {
        text(rng, time, level, &message, traceback)
    };
    (level, text)
}

fn message(rng: &mut Rng, writer: &Writer<'_>, level: Level, roll: u32) -> String {
    let table = TABLES[rng.usize(..TABLES.len())];
    let host = HOSTS[rng.usize(..HOSTS.len())];
    let Writer { dag_id, task_id, run_id, try_number, .. } = writer;
    match (level, roll % 10) {
        (Level::Error, _) => format!("Task failed with exception: connection to {host}:5432 lost"),
        (Level::Warning, 0..=4) => format!("Slow query on {table}: {} ms", rng.u32(1000..60_000)),
        (Level::Warning, _) => format!("Connection to {host}:5432 retried {} times", rng.u32(1..5)),
        (_, 0) => format!(
            "Marking task as SUCCESS. dag_id={dag_id}, task_id={task_id}, run_id={run_id}, \
             try_number={try_number}"
        ),
        (_, 1) => format!(
            "rows={} bytes={} elapsed={}.{:03}s table=public.{table}",
            rng.u32(1..100_000),
            rng.u64(100..10_000_000),
            rng.u32(0..90),
            rng.u32(0..1000),
        ),
        (_, 2) => format!(
            "{{\"batch\": {}, \"table\": \"{table}\", \"ok\": true, \"id\": \"{:016x}\"}}",
            rng.u32(0..5000),
            rng.u64(..),
        ),
        (_, 3) => format!("Pushing xcom key=return_value size={}", rng.u32(10..4000)),
        (_, 4) => format!("GET https://{host}/v2/{table}?page={} 200", rng.u32(1..900)),
        (_, 5) => format!("Uploading part {} of s3://lake/{table}/dt=2026-01-15", rng.u32(1..64)),
        _ => format!(
            "Processed {} of {} records from {table} (checksum {:08x})",
            rng.u32(0..100_000),
            rng.u32(100_000..200_000),
            rng.u32(..),
        ),
    }
}

fn text(rng: &mut Rng, time: Timestamp, level: Level, message: &str, traceback: bool) -> String {
    let (clock, source) = (Clock(time), SOURCES[rng.usize(..SOURCES.len())]);
    let level = level.as_str().to_ascii_uppercase();
    let mut line = format!("[{clock}+0000] {{{source}}} {level} - {message}");
    if traceback {
        line.push_str(TRACEBACK);
    }
    line
}

const TRACEBACK: &str = "
Traceback (most recent call last):
  File \"/opt/airflow/dags/etl.py\", line 57, in load
    cursor.execute(statement, rows)
  File \"/home/airflow/.local/lib/python3.11/site-packages/psycopg2/extras.py\", line 236, in execute
    return super().execute(query, vars)
psycopg2.OperationalError: server closed the connection unexpectedly";

fn json(
    writer: &Writer<'_>,
    time: Timestamp,
    level: Level,
    message: &str,
    traceback: bool,
) -> String {
    let Writer { dag_id, task_id, run_id, try_number, .. } = writer;
    let (clock, level) = (Clock(time), level.as_str());
    let message = message.replace('"', "\\\"");
    let mut line = format!(
        "{{\"timestamp\":\"{clock}Z\",\"level\":\"{level}\",\"event\":\"{message}\",\
         \"logger\":\"etl\",\"dag_id\":\"{dag_id}\",\"task_id\":\"{task_id}\",\
         \"run_id\":\"{run_id}\",\"try_number\":{try_number},\"map_index\":-1"
    );
    if traceback {
        line.push_str(
            ",\"error_detail\":[{\"exc_type\":\"OperationalError\",\"exc_value\":\"server closed \
             the connection unexpectedly\",\"frames\":[{\"filename\":\"/opt/airflow/dags/etl.py\",\
             \"lineno\":57,\"name\":\"load\"}]}]",
        );
    }
    line.push('}');
    line
}

/// A time as Airflow prints it, to the millisecond. The generated day is always the same one, so
/// that its date needs no calendar.
struct Clock(Timestamp);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = self.0.as_millis().rem_euclid(86_400_000);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        f.write_str("2026-01-15T")?;
        write!(f, "{hour:02}:{minute:02}:{second:02}.")?;
        f.write_fmt(format_args!("{millis:03}"))
    }
}
