//! One run of one deployment: its files, from a packed archive or an unpacked folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The file that every corpus has.
const TRUTH: &str = "truth.jsonl";

/// A corpus in memory; the largest is 30 MB.
pub(in crate::command) struct Corpus {
    /// `airflow3/celery-executor`
    pub(in crate::command) name: String,
    /// Paths below the corpus' folder, and what the files hold.
    pub(in crate::command) files: BTreeMap<String, Vec<u8>>,
}

/// All corpora at or below these paths, in order: archives and folders with truth.
pub(in crate::command) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        search(path, &mut found).with_context(|| format!("cannot search {}", path.display()))?;
    }
    found.sort();
    Ok(found)
}

fn search(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.to_string_lossy().ends_with(".tar.zst") || path.join(TRUTH).is_file() {
        found.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?.path();
            if entry.is_dir() || entry.to_string_lossy().ends_with(".tar.zst") {
                search(&entry, found)?;
            }
        }
    }
    Ok(())
}

impl Corpus {
    /// Reads an archive or a folder.
    pub(in crate::command) fn read(path: &Path) -> Result<Self> {
        let name = |path: &Path| {
            let part = |path: &Path| {
                path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            };
            let parent = path.parent().map(part).unwrap_or_default();
            format!("{parent}/{}", part(path).trim_end_matches(".tar.zst"))
        };
        let mut files = BTreeMap::new();
        if path.is_dir() {
            read_folder(path, path, &mut files)?;
        } else {
            read_archive(path, &mut files)?;
        }
        Ok(Self { name: name(path), files })
    }

    /// A file that every corpus has.
    pub(in crate::command) fn file(&self, file: &str) -> Result<&[u8]> {
        let bytes = self.files.get(file).with_context(|| format!("{} has no {file}", self.name))?;
        Ok(bytes)
    }

    /// The rows of a file of JSON lines.
    pub(in crate::command) fn rows(&self, file: &str) -> Result<Vec<Value>> {
        let lines = self.file(file)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }
}

fn read_folder(base: &Path, at: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(base, &path, files)?;
        } else {
            let name = path.strip_prefix(base)?.to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

fn read_archive(path: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let bytes = fs::read(path)?;
    let unpacked = zstd::stream::decode_all(bytes.as_slice())?;
    for entry in tar::Archive::new(unpacked.as_slice()).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let below =
            name.trim_start_matches("./").split_once('/').map(|(_, below)| below.to_owned());
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        if let Some(below) = below.filter(|_| entry.header().entry_type().is_file()) {
            files.insert(below, content);
        }
    }
    Ok(())
}
