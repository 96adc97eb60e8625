//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::show::bytes;

/// How often a line is printed where there is no bar.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    /// Files that were read to their ends.
    pub files: u64,
    /// Entries that were pushed.
    pub entries: u64,
    /// Bytes of their lines.
    pub line_bytes: u64,
    /// Bytes of the files.
    pub file_bytes: u64,
}

/// Shows how far it is.
#[derive(Debug)]
pub struct Meter {
    bar: ProgressBar,
    file_bytes: u64,
    is_silent: bool,
    begun: Instant,
    /// When a line was printed last.
    last: Mutex<Instant>,
}

impl Meter {
    /// A meter for files of so many bytes.
    #[must_use]
    pub fn new(file_bytes: u64, is_quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = if is_quiet || !is_terminal {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(Some(file_bytes), ProgressDrawTarget::stderr())
        };
        let style = ProgressStyle::with_template("{bar:40} {msg}, {eta} to go");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (now, is_silent) = (Instant::now(), is_quiet || is_terminal);
        Self { bar, file_bytes, is_silent, begun: now, last: Mutex::new(now) }
    }

    /// Shows a count.
    #[expect(clippy::print_stderr, reason = "this is where progress meets the person")]
    pub fn show(&self, count: &Count) {
        self.bar.set_position(count.file_bytes);
        let [done, all] = [count.file_bytes, self.file_bytes].map(bytes::human);
        let speed = self.speed(count);
        let text = format!("{done} of {all}, {} entries, {speed}", count.entries);
        if !self.is_silent && self.is_due() {
            eprintln!("{text}");
        }
        self.bar.set_message(text);
    }

    /// Tells of something on the way.
    #[expect(clippy::print_stderr, reason = "as above")]
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Bytes of lines by second.
    #[must_use]
    pub fn speed(&self, count: &Count) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        format!("{}/s", bytes::human((count.line_bytes as f64 / seconds) as u64))
    }

    fn is_due(&self) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let is_due = last.elapsed() >= LINE_INTERVAL;
        if is_due {
            *last = Instant::now();
        }
        is_due
    }
}
