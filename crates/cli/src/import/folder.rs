//! A log folder on disk, such as the volume that a deployment's pods share.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use model::Timestamp;

use super::logs::{Found, LogFile};

/// How deep folders are looked into: Airflow's own are six deep, a run's id may hold slashes.
const DEPTH_MAX: usize = 32;

/// Looks for all files below a folder.
///
/// # Errors
/// When the folder itself cannot be read. What cannot be read in it is noted.
pub fn find(root: &Path) -> Result<Found> {
    let mut found = Found::default();
    let failed = || format!("failed to read the log folder {}", root.display());
    let mut folders = vec![(root.to_owned(), 0)];
    fs::read_dir(root).with_context(failed)?;
    while let Some((folder, depth)) = folders.pop() {
        let below = list(&folder, root, &mut found).unwrap_or_else(|error| {
            found.failures.add(&folder.display().to_string(), &error);
            Vec::new()
        });
        if depth < DEPTH_MAX {
            folders.extend(below.into_iter().map(|folder| (folder, depth + 1)));
        } else if let Some(folder) = below.first() {
            found.failures.add(&folder.display().to_string(), &"it is too deep");
        }
    }
    Ok(found)
}

/// Takes the files of a folder, and gives the folders in it.
fn list(folder: &Path, root: &Path, found: &mut Found) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let sort = entry.file_type()?;
        if sort.is_symlink() {
            found.links += 1;
        } else if sort.is_dir() {
            folders.push(entry.path());
        } else if let Err(error) = take(&entry, root, found) {
            found.failures.add(&entry.path().display().to_string(), &error);
        }
    }
    Ok(folders)
}

fn take(entry: &DirEntry, root: &Path, found: &mut Found) -> io::Result<()> {
    let (path, metadata) = (entry.path(), entry.metadata()?);
    let below = path.strip_prefix(root).unwrap_or(&path);
    // A name that is no text is none of Airflow's.
    let name = below.to_string_lossy().into_owned();
    let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    found.add(name, metadata.len(), Timestamp(0) + age);
    Ok(())
}

/// The bytes of a file from an offset on.
///
/// # Errors
/// When it cannot be opened.
pub fn open(root: &Path, file: &LogFile, from: u64) -> Result<Box<dyn Read + Send>> {
    let failed = || format!("failed to open {}", file.name);
    let mut opened = File::open(root.join(&file.name)).with_context(failed)?;
    opened.seek(SeekFrom::Start(from)).with_context(failed)?;
    Ok(Box::new(opened.take(file.bytes.saturating_sub(from))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("dag_id=d/run_id=r/task_id=t");
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join("attempt=1.log"), "one\n").unwrap();
        fs::create_dir_all(folder.path().join("scheduler/2026-11-22")).unwrap();
        fs::write(folder.path().join("scheduler/2026-11-22/x.py.log"), "x").unwrap();
        std::os::unix::fs::symlink("2026-11-22", folder.path().join("scheduler/latest")).unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("again")).unwrap();
        let found = find(folder.path()).unwrap();
        let names: Vec<&str> = found.files.iter().map(|file| &*file.name).collect();
        assert_eq!(names, ["dag_id=d/run_id=r/task_id=t/attempt=1.log"]);
        assert_eq!((found.links, found.others["scheduler"], found.failures.count), (2, 1, 0));
        let mut text = String::new();
        open(folder.path(), &found.files[0], 1).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "ne\n");
        assert!(find(&folder.path().join("nowhere")).is_err());
    }
}
