//! `airflow.task_logs`: Airflow's task log files on the volumes of this node's pods. Alloy has no
//! such component.

use std::path::PathBuf;
use std::time::Duration;

use alloy::decode::Arguments;

use crate::component::To;
use crate::component::receiver::forward_to;
use crate::config::{Namespaces, TaskLogs, TaskLogsMode};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where entries go.
    pub forward_to: Vec<To>,
    /// Which files are read.
    pub mode: TaskLogsMode,
    /// Where the kubelet keeps what belongs to a pod, if it is not where the agent is told.
    pub kubelet_folder: Option<PathBuf>,
    /// Folders besides that hold logs of Airflow.
    pub folders: Vec<PathBuf>,
    /// How old a file may be of which nothing is known.
    pub max_age: Duration,
    /// Whose files are read.
    pub namespaces: Namespaces,
}

/// Reads them.
pub fn decode(args: &mut Arguments<'_, '_>) -> Settings {
    let folders: Vec<String> = args.optional("folders", Vec::new());
    let kubelet_folder = args.given("kubelet_folder").filter(|path: &String| !path.is_empty());
    Settings {
        forward_to: forward_to(args),
        mode: args.given_as("mode", |text: String| text.parse()).unwrap_or_default(),
        kubelet_folder: kubelet_folder.map(PathBuf::from),
        folders: folders.into_iter().map(PathBuf::from).collect(),
        max_age: args.optional("max_age", TaskLogs::default().age_max),
        namespaces: Namespaces {
            include: args.optional("namespaces", Vec::new()),
            exclude: args.optional("exclude_namespaces", Vec::new()),
        },
    }
}
