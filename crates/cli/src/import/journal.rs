//! How far the files of one import are dealt with: `docs/formats/import-journal.md`.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use collector::TaskPlace;
use serde::{Deserialize, Serialize};

/// Persisted.
const VERSION: u32 = 1;

/// Which import it is: what differs in one of these is another, with a journal of its own.
/// Persisted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    version: u32,
    /// Where the files are.
    pub from: String,
    /// The server's address.
    pub to: String,
    /// The tenant; empty where none is named.
    pub tenant: String,
    /// The labels that are given to all lines.
    pub labels: String,
}

/// How far a file is dealt with. Persisted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// How large the file was, packed if it is.
    pub bytes: u64,
    /// Whether that is all dealt with.
    pub whole: bool,
    /// Where to read on from.
    pub place: TaskPlace,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    file: String,
    #[serde(rename = "is")]
    known: Known,
}

/// A journal, which is written to as batches are stored.
#[derive(Debug)]
pub struct Journal {
    known: HashMap<String, Known>,
    /// None where nothing is to be written.
    file: Option<BufWriter<File>>,
    /// Keeps others away for as long as it is open.
    _lock: Option<File>,
}

impl Head {
    /// The head of an import.
    #[must_use]
    pub fn new(from: String, to: String, tenant: String, labels: String) -> Self {
        Self { version: VERSION, from, to, tenant, labels }
    }

    /// What the file of such an import is called: a number made of all that tells it from others.
    fn file_name(&self) -> String {
        let parts = [&self.from, &self.to, &self.tenant, &self.labels];
        let id = model::Labels::keeping_empty(
            parts
                .into_iter()
                .zip(["from", "to", "tenant", "labels"])
                .map(|(value, name)| (name, value.as_str())),
        );
        format!("{:016x}.journal", id.stream_id().0)
    }
}

impl Journal {
    /// What is known of an import, and nothing is written.
    ///
    /// # Errors
    /// When the journal cannot be read, or a newer version wrote it.
    pub fn read(folder: &Path, head: &Head) -> Result<Self> {
        let known = load(&folder.join(head.file_name()), head)?;
        Ok(Self { known, file: None, _lock: None })
    }

    /// The journal of an import, to go on with; a lock keeps others away from it.
    ///
    /// # Errors
    /// As [`Self::read`], and when it cannot be written or another import has it.
    pub fn open(folder: &Path, head: &Head) -> Result<Self> {
        let path = folder.join(head.file_name());
        let failed = || format!("failed to write the journal {}", path.display());
        fs::create_dir_all(folder).with_context(failed)?;
        let lock = path.with_extension("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock);
        let lock = lock.with_context(failed)?;
        if lock.try_lock().is_err() {
            bail!("another import has the journal {}: wait for its end", path.display());
        }
        let known = load(&path, head)?;
        let file = rewrite(&path, head, &known).with_context(failed)?;
        Ok(Self { known, file: Some(file), _lock: Some(lock) })
    }

    /// How far a file is dealt with.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<Known> {
        self.known.get(name).copied()
    }

    /// Notes how far files are dealt with.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note<'a>(
        &mut self,
        known: impl IntoIterator<Item = (&'a str, Known)>,
    ) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        for (name, known) in known {
            write_line(file, &Line { file: name.to_owned(), known })?;
        }
        // Not to the disk itself: what is lost in a power cut is sent again and stored once.
        file.flush()
    }
}

/// What a journal says. Of several lines about a file the last counts; a last line that was not
/// written to its end is left out.
fn load(path: &Path, head: &Head) -> Result<HashMap<String, Known>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        file => file.with_context(|| format!("failed to open the journal {}", path.display()))?,
    };
    let mut lines = BufReader::new(file).lines();
    let first = lines.next().transpose().ok().flatten().unwrap_or_default();
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    if let Ok(Version { version }) = serde_json::from_str(&first)
        && version > VERSION
    {
        bail!(
            "the journal {} is of version {version}, which a newer barogram wrote: use that one, or \
             remove the file and all is read again",
            path.display()
        );
    }
    if serde_json::from_str::<Head>(&first).ok().as_ref() != Some(head) {
        // Without it all is read again, and stored once.
        tracing::warn!(path = %path.display(), "the journal is not understood and begun anew");
        return Ok(HashMap::new());
    }
    let lines = lines.map_while(Result::ok);
    let lines = lines.filter_map(|line| serde_json::from_str::<Line>(&line).ok());
    Ok(lines.map(|line| (line.file, line.known)).collect())
}

/// Writes a journal anew, with one line for each file, and leaves it open.
fn rewrite(
    path: &Path,
    head: &Head,
    known: &HashMap<String, Known>,
) -> io::Result<BufWriter<File>> {
    let new: PathBuf = path.with_extension("new");
    let mut file = BufWriter::new(File::create(&new)?);
    write_line(&mut file, head)?;
    for (name, known) in known {
        write_line(&mut file, &Line { file: name.clone(), known: *known })?;
    }
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(&new, path)?;
    Ok(file)
}

fn write_line(file: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXTURE: &str = include_str!("journal/v1.journal");
    const NAME: &str = "dag_id=d/run_id=r/task_id=t/attempt=1.log";

    fn head() -> Head {
        let [from, to, tenant] = ["/logs", "http://logs:3100", "t"].map(str::to_owned);
        Head::new(from, to, tenant, "{namespace=\"airflow\"}".to_owned())
    }

    /// A journal with this text, and the folder that it is in.
    fn journal(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(head().file_name());
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn the_fixture_is_read_and_written_as_it_is() {
        let (folder, path) = journal(FIXTURE);
        let journal = Journal::open(folder.path(), &head()).unwrap();
        let place = TaskPlace {
            from: 100,
            done: 150,
            time: Some(5_000_000_000),
            taken: Some((5_000_000_000, 5_000_000_002)),
        };
        assert_eq!(journal.known(NAME), Some(Known { bytes: 200, whole: false, place }));
        assert_eq!(fs::read_to_string(path).unwrap(), FIXTURE);
    }

    #[test]
    fn the_last_whole_line_counts() {
        let (folder, path) = journal(FIXTURE);
        let mut journal = Journal::open(folder.path(), &head()).unwrap();
        let known = Known { bytes: 200, whole: true, place: TaskPlace::default() };
        journal.note([(NAME, known), ("other", known)]).unwrap();
        let mut text = fs::read_to_string(&path).unwrap();
        text.truncate(text.len() - 5);
        fs::write(&path, text).unwrap();
        let read = Journal::read(folder.path(), &head()).unwrap();
        assert_eq!((read.known(NAME), read.known("other")), (Some(known), None));
    }

    #[test]
    fn another_import_has_another_journal() {
        let (folder, _) = journal(FIXTURE);
        let other = Head { tenant: String::new(), ..head() };
        assert_eq!(Journal::read(folder.path(), &other).unwrap().known(NAME), None);
        let _held = Journal::open(folder.path(), &head()).unwrap();
        let error = Journal::open(folder.path(), &head()).unwrap_err().to_string();
        assert!(error.starts_with("another import has the journal"), "{error}");
    }

    #[test]
    fn what_a_newer_version_wrote_is_refused() {
        let (folder, _) = journal(&FIXTURE.replace("\"version\":1", "\"version\":2"));
        let error = Journal::read(folder.path(), &head()).unwrap_err().to_string();
        assert!(error.contains("is of version 2"), "{error}");
        let (folder, _) = journal("no journal");
        assert_eq!(Journal::read(folder.path(), &head()).unwrap().known(NAME), None);
    }
}
