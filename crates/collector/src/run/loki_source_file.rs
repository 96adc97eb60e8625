//! `loki.source.file` at work: the lines of files to whoever wants them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::Target;
use model::Labels;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::component::loki_source_file::{FileMatch, Settings};
use crate::run::births::Births;
use crate::run::follow::Files;
use crate::run::local_file_match;
use crate::run::read::{Reading, Source, read};
use crate::run::stats::Stats;

/// The label that tells the name of a file.
const PATH: &str = "__path__";

/// Reads until it is told to end.
pub async fn run(
    files: Files,
    settings: watch::Receiver<Settings>,
    births: Arc<Births>,
    stats: Arc<Stats>,
    cancel: CancellationToken,
) {
    let source = Source {
        settings,
        forward_to: |it| &it.forward_to,
        wanted,
        looks_for_files: |it| it.file_match.is_some(),
    };
    read(source, Reading { files, births, stats, cancel }).await;
}

/// The names that are wanted, and the labels that their lines get.
fn wanted(settings: &Settings, births: &Births) -> BTreeMap<PathBuf, Vec<Labels>> {
    let targets = match &settings.file_match {
        Some(FileMatch { ignore_older_than, .. }) => {
            local_file_match::matching(&settings.targets, *ignore_older_than, births)
        }
        None => settings.targets.clone(),
    };
    let mut wanted: BTreeMap<PathBuf, Vec<Labels>> = BTreeMap::new();
    for target in targets {
        let Some(path) = target.get(PATH).map(PathBuf::from) else { continue };
        let labels = labels(&target, &path, settings.keeps_meta);
        let known = wanted.entry(path).or_default();
        if !known.contains(&labels) {
            known.push(labels);
        }
    }
    wanted
}

/// What lines of a file get: the target's labels that are not internal, and the file's name.
fn labels(target: &Target, path: &Path, keeps_meta: bool) -> Labels {
    let shown = target.iter().filter(|(name, _)| is_kept(name, keeps_meta));
    let shown = shown.map(|(name, value)| (name.as_str(), value.as_str()));
    let path = path.to_string_lossy();
    Labels::new(shown.chain([("filename", &*path)]))
}

/// Whether lines get a label of their target: one that is not internal, or that tells of the pod
/// where a stage wants to know.
pub fn is_kept(name: &str, keeps_meta: bool) -> bool {
    !name.starts_with("__") || keeps_meta && name.starts_with("__meta_kubernetes_")
}
