//! Our own log: to stderr, so that what a command prints can be piped.

use std::fmt;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, format as formats};
use tracing_subscriber::registry::LookupSpan;

/// The environment variable that says what is logged, e.g. `debug` or `barogram_store=debug`.
pub const LEVEL_VARIABLE: &str = "BAROGRAM_LOG";

/// What lines look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// For people.
    #[default]
    Text,
    /// Names and values.
    Logfmt,
    /// An object.
    Json,
}

/// What can be changed once logging has started.
struct Log {
    refilter: Box<dyn Fn(EnvFilter) + Send + Sync>,
    format: Arc<AtomicU8>,
    /// The level without a configuration.
    default: LevelFilter,
    /// Whether the command line or the environment says it: then no configuration does.
    is_fixed: bool,
}

/// There is one log, as there is one standard error.
static LOG: OnceLock<Log> = OnceLock::new();

/// Starts logging from a level on, unless the environment says otherwise. `is_given`: somebody has
/// asked for that level, so that no configuration changes it.
pub fn start(level: LevelFilter, is_given: bool) {
    let of_environment = EnvFilter::try_from_env(LEVEL_VARIABLE);
    let is_fixed = is_given || of_environment.is_ok();
    let chosen = Chosen::default();
    let format = Arc::clone(&chosen.format);
    let builder = tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .event_format(chosen)
        .with_writer(std::io::stderr)
        .with_env_filter(of_environment.unwrap_or_else(|_| from(level)))
        .with_filter_reloading();
    let handle = builder.reload_handle();
    let refilter = Box::new(move |filter| {
        // It fails only once nothing is logged any more.
        let _ = handle.reload(filter);
    });
    builder.init();
    let _ = LOG.set(Log { refilter, format, default: level, is_fixed });
}

/// Logs from now on as a configuration says; `None` where it says nothing.
pub fn configure(level: Option<LevelFilter>, format: Option<LineFormat>) {
    let Some(log) = LOG.get() else { return };
    log.format.store(format.unwrap_or_default() as u8, Ordering::Relaxed);
    if !log.is_fixed {
        (log.refilter)(from(level.unwrap_or(log.default)));
    }
}

fn from(level: LevelFilter) -> EnvFilter {
    EnvFilter::default().add_directive(level.into())
}

/// The format that is in force.
struct Chosen {
    format: Arc<AtomicU8>,
    text: format::Format,
    json: format::Format<format::Json>,
}

impl Default for Chosen {
    fn default() -> Self {
        // What spans say is left out: it is formatted for people, and events say enough.
        let json = formats().json().with_current_span(false).with_span_list(false);
        Self { format: Arc::default(), text: formats(), json }
    }
}

impl<S, N> FormatEvent<S, N> for Chosen
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.format.load(Ordering::Relaxed) {
            it if it == LineFormat::Json as u8 => self.json.format_event(context, writer, event),
            it if it == LineFormat::Logfmt as u8 => logfmt(&mut writer, event),
            _ => self.text.format_event(context, writer, event),
        }
    }
}

fn logfmt(writer: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    writer.write_str("ts=")?;
    SystemTime.format_time(writer)?;
    let level = event.metadata().level().as_str().to_lowercase();
    let mut fields = Fields::default();
    event.record(&mut fields);
    let (message, others) = (shown(&fields.message), fields.others);
    writeln!(writer, " level={level} target={} msg={message}{others}", event.metadata().target())
}

/// The fields of an event, as logfmt writes them.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.others.push_str(&format!(" {}={}", field.name(), shown(value)));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// A value, in quotes where it needs them.
fn shown(value: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"=".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line of one event, without its time.
    #[track_caller]
    fn check(format: LineFormat, expect: &str) {
        let (sink, chosen) = (Sink::default(), Chosen::default());
        chosen.format.store(format as u8, Ordering::Relaxed);
        let into = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .event_format(chosen)
            .with_writer(move || into.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", id = 1).entered();
            let path = std::path::Path::new("/a b");
            tracing::warn!(target: "t", error = "no \"way\"", path = %path.display(), n = 5, "it is so");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains(expect) && text.ends_with('\n'), "{text}");
    }

    #[test]
    fn formats_of_lines() {
        check(LineFormat::Text, "WARN");
        let logfmt = r#"Z level=warn target=t msg="it is so" error="no \"way\"" path="/a b" n=5"#;
        check(LineFormat::Logfmt, logfmt);
        let json = r#""level":"WARN","fields":{"message":"it is so","error":"no \"way\"","path":"/a b","n":5},"target":"t"}"#;
        check(LineFormat::Json, json);
    }
}
