//! Where in a volume Airflow keeps its logs: the folders that have one of a DAG, `dag_id=…`.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use crate::limits::{LOG_FOLDERS_MAX, SEARCH_DEPTH, SEARCH_ENTRIES_MAX, SEARCH_FOLDERS_MAX};

/// How the folder of a DAG begins.
pub const OF_DAG: &str = "dag_id=";

/// What was found in a volume.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Folders that hold logs.
    pub found: Vec<PathBuf>,
    /// Those that were looked into, from the volume's own on: in these one may appear.
    pub looked: Vec<PathBuf>,
}

/// Looks for log folders in a volume, which may hold anything, as far as is cheap.
pub fn search(volume: &Path) -> Search {
    let mut search = Search::default();
    let mut folders = VecDeque::from([(volume.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop_front() {
        let is_enough = search.looked.len() >= SEARCH_FOLDERS_MAX;
        if is_enough || search.found.len() >= LOG_FOLDERS_MAX {
            break;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().take(SEARCH_ENTRIES_MAX);
        let mut inner = Vec::new();
        let mut is_of_logs = false;
        for entry in entries.flatten().filter(|it| it.file_type().is_ok_and(|it| it.is_dir())) {
            is_of_logs |= entry.file_name().as_encoded_bytes().starts_with(OF_DAG.as_bytes());
            inner.push(entry.path());
        }
        if is_of_logs {
            search.found.push(folder);
            continue;
        }
        search.looked.push(folder);
        if depth < SEARCH_DEPTH {
            inner.sort();
            folders.extend(inner.into_iter().map(|folder| (folder, depth + 1)));
        }
    }
    search
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(folders: &[&str], found: &[&str], looked: &[&str]) {
        let volume = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(volume.path().join(folder)).unwrap();
        }
        let show = |paths: &[PathBuf]| -> Vec<String> {
            let relative = |path: &PathBuf| path.strip_prefix(volume.path()).unwrap().to_owned();
            paths.iter().map(|path| relative(path).display().to_string()).collect()
        };
        let search = search(volume.path());
        assert_eq!(
            (show(&search.found), show(&search.looked)),
            (
                found.iter().map(|it| (*it).to_owned()).collect(),
                looked.iter().map(|it| (*it).to_owned()).collect(),
            )
        );
    }

    #[test]
    fn log_folders_are_found() {
        check(&["dag_id=a/run_id=r", "scheduler/2026-11-22"], &[""], &[]);
        check(&["airflow/logs/dag_id=a", "data"], &["airflow/logs"], &["", "airflow", "data"]);
        check(&["one/dag_id=a", "two/dag_id=b"], &["one", "two"], &[""]);
        check(&["a/b/c/d/dag_id=x"], &[], &["", "a", "a/b", "a/b/c"]);
        check(&[], &[], &[""]);
    }
}
