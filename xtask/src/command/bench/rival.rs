//! Others on the same data: DuckDB on our Parquet files, ripgrep on the plain text.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The `duckdb` package of a Python that has it.
pub(super) struct DuckDb {
    files: String,
}

/// Asks one query several times in one process, and prints the fastest in seconds.
const SCRIPT: &str = "
import sys, time, duckdb
files, condition, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = duckdb.connect()
db.execute('SET threads = 2')
db.execute('SET enable_progress_bar = false')
best = float('inf')
for _ in range(rounds + 1):
    start = time.perf_counter()
    db.execute(f\"SELECT count(*) FROM read_parquet('{files}', union_by_name = true) WHERE {condition}\").fetchall()
    best = min(best, time.perf_counter() - start)
print(best)
";

impl DuckDb {
    /// `None` when Python has no such package.
    pub(super) fn find(store: &Path) -> Option<Self> {
        let status =
            Command::new("python3").args(["-c", "import duckdb"]).stderr(Stdio::null()).status();
        let found = status.is_ok_and(|status| status.success());
        let files = store.join("objects/tenants/**/*.parquet").display().to_string();
        found.then_some(Self { files })
    }

    /// The fastest of several counts of the rows that meet a condition.
    pub(super) fn fastest(&self, condition: &str, rounds: usize) -> Result<Duration> {
        let output = Command::new("python3")
            .args(["-c", SCRIPT, &self.files, condition, &rounds.to_string()])
            .output()?;
        if !output.status.success() {
            bail!("DuckDB failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8(output.stdout)?;
        Ok(Duration::from_secs_f64(text.trim().parse().context("DuckDB printed no time")?))
    }
}

/// ripgrep over the plain text, in the page cache.
pub(super) struct Ripgrep<'a> {
    text: &'a Path,
}

impl<'a> Ripgrep<'a> {
    /// `None` when it is not installed.
    pub(super) fn find(text: &'a Path) -> Option<Self> {
        let found = Command::new("rg").arg("--version").stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success()).then_some(Self { text })
    }

    /// The fastest of several counts of the lines that match.
    #[expect(clippy::disallowed_methods, reason = "a measurement is about the machine's own time")]
    pub(super) fn fastest(&self, regex: &str, rounds: usize) -> Result<Duration> {
        let mut best = Duration::MAX;
        for _ in 0..=rounds {
            let start = Instant::now();
            let status = Command::new("rg")
                .args(["--count", "--", regex])
                .arg(self.text)
                .stdout(Stdio::null())
                .status()?;
            // 1 means that nothing was found.
            if status.code().is_none_or(|code| code > 1) {
                bail!("ripgrep failed");
            }
            best = best.min(start.elapsed());
        }
        Ok(best)
    }
}
