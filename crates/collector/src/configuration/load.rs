//! The texts of a configuration: of a file, of all `*.alloy` files of a folder as one, or those
//! that stand in a ConfigMap or a HelmRelease; or our own, which is short.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use alloy::wrapped::{is_yaml_name, unwrap_yaml};
use alloy::{FileId, Sources};

use crate::configuration::short::{decode, is_short};
use crate::limits::CONFIGURATION_BYTES_MAX;

/// A configuration as it is written.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Its texts.
    pub sources: Sources,
    /// Those that make it up together.
    pub files: Vec<FileId>,
    /// The folder that the paths of imports begin at.
    pub folder: PathBuf,
    /// Where the collector is to keep its state, if that is said here.
    pub state_dir: Option<PathBuf>,
    /// Where its page is to be served, if that is said here.
    pub listen: Option<SocketAddr>,
}

/// Why a configuration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("failed to read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A short configuration is wrong.
    #[error("{0}")]
    Wrong(String),
    /// There is no configuration where one should be.
    #[error("there is no configuration in {}: {why}", path.display())]
    None {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        why: String,
    },
}

/// The configurations at a path. There may be several only in a YAML file.
///
/// # Errors
/// When a file cannot be read, or there is none.
pub fn load(path: &Path) -> Result<Vec<Configuration>, ReadError> {
    let none = |why: &str| ReadError::None { path: path.to_owned(), why: why.to_owned() };
    if path.is_dir() {
        let mut configuration = Configuration::empty(path);
        for file in alloy_files(path)? {
            let text = read(&file)?;
            let name = file.display().to_string();
            configuration.files.push(configuration.sources.add(name, text));
        }
        if configuration.files.is_empty() {
            return Err(none("it has no *.alloy files"));
        }
        return Ok(vec![configuration]);
    }
    let (text, name) = (read(path)?, path.display().to_string());
    let folder = path.parent().unwrap_or(Path::new(""));
    if !is_yaml_name(&name) {
        return Ok(vec![of_text(name, text, folder)]);
    }
    let wrapped = unwrap_yaml(&text).map_err(|why| none(&why))?;
    let mut own = Configuration::empty(folder);
    let id = own.sources.add(name.clone(), text.clone());
    if wrapped.is_empty() && is_short(id, &text) {
        return Ok(vec![own.written_out(id)?]);
    }
    if wrapped.is_empty() {
        return Err(none(
            "it is no short configuration of ours, and has no ConfigMap with a key such as config.alloy, no HelmRelease with \
             spec.values.alloy.configMap.content, and no alloy.configMap.content",
        ));
    }
    let configurations = wrapped.into_iter().map(|wrapped| {
        let mut configuration = Configuration::empty(folder);
        let id = configuration.sources.add_within(name.clone(), wrapped.text, wrapped.outer);
        configuration.files.push(id);
        configuration
    });
    Ok(configurations.collect())
}

/// The configuration that a text is.
#[must_use]
pub fn of_text(name: impl Into<String>, text: impl Into<String>, folder: &Path) -> Configuration {
    let mut configuration = Configuration::empty(folder);
    configuration.files.push(configuration.sources.add(name, text));
    configuration
}

impl Configuration {
    fn empty(folder: &Path) -> Self {
        let (sources, files, folder) = (Sources::new(), Vec::new(), folder.to_owned());
        Self { sources, files, folder, state_dir: None, listen: None }
    }

    /// What a short configuration is written out as.
    fn written_out(mut self, short: FileId) -> Result<Self, ReadError> {
        let (decoded, problems) = decode(short, self.sources.text(short));
        if problems.has_errors() {
            return Err(ReadError::Wrong(self.sources.render_all(&problems, false)));
        }
        let name = format!("{} (written out)", self.sources.name(short));
        self.files.push(self.sources.add(name, decoded.written_out()));
        (self.state_dir, self.listen) = (decoded.state_dir, decoded.listen);
        Ok(self)
    }
}

/// The `*.alloy` files of a folder, sorted by name.
pub(super) fn alloy_files(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::File { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "alloy") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file, if it is not absurdly large.
pub(super) fn read(path: &Path) -> Result<String, ReadError> {
    let failed = |source| ReadError::File { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > CONFIGURATION_BYTES_MAX {
        let why = format!("it has more than {CONFIGURATION_BYTES_MAX} bytes");
        return Err(ReadError::None { path: path.to_owned(), why });
    }
    fs::read_to_string(path).map_err(failed)
}
