//! Where what is read goes on after a restart: a value for each thing that is read, in one file.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::custody::Custody;
use crate::error::Chain;
use crate::run::ledger::Keeper;
use crate::tail::write_whole;

/// The version of the file.
const VERSION: u32 = 1;

/// What can be kept.
pub trait Value: Clone + Debug + Send + Serialize + DeserializeOwned + 'static {}

impl<V: Clone + Debug + Send + Serialize + DeserializeOwned + 'static> Value for V {}

/// Values by name. They change as long as the custody is open.
#[derive(Debug)]
pub struct Kept<V> {
    path: PathBuf,
    custody: Custody,
    state: Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    values: BTreeMap<String, V>,
    is_changed: bool,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct Document<V> {
    version: u32,
    values: BTreeMap<String, V>,
}

/// One value of those that are kept.
#[derive(Debug)]
pub struct Place<V> {
    kept: Arc<Kept<V>>,
    name: String,
}

impl<V: Value> Kept<V> {
    /// The values in a file. One that cannot be understood is put aside and told about.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, name: &str, custody: Custody) -> Result<Arc<Self>, Error> {
        let path = folder.join(name);
        let failed = |source| Error::StateFolder { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let values = match fs::read(&path) {
            Ok(bytes) => parse(&bytes).or_else(|error| {
                tracing::error!(
                    path = %path.display(), error,
                    "the positions cannot be understood and are put aside; all is read again",
                );
                let aside = path.with_extension("json.broken");
                fs::rename(&path, aside).map(|()| BTreeMap::new()).map_err(failed)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(error)),
        };
        let state = Mutex::new(State { values, is_changed: false });
        Ok(Arc::new(Self { path, custody, state }))
    }

    /// A value.
    pub fn get(&self, name: &str) -> Option<V> {
        self.lock().values.get(name).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().values.len()
    }

    /// The place of a value, for a ledger.
    pub fn place(self: &Arc<Self>, name: &str) -> Place<V> {
        Place { kept: Arc::clone(self), name: name.to_owned() }
    }

    /// Forgets values whose names nobody wants.
    pub fn retain(&self, is_wanted: impl Fn(&str) -> bool) {
        let mut state = self.lock();
        let before = state.values.len();
        state.values.retain(|name, _| is_wanted(name));
        state.is_changed |= state.values.len() != before;
    }

    /// Writes the values to disk until it is told to end, and then once more.
    pub async fn save_regularly(self: Arc<Self>, every: Duration, cancel: CancellationToken) {
        save_regularly("the positions", move || self.save(), every, cancel).await;
    }

    fn save(&self) -> Result<(), Error> {
        let bytes = {
            let mut state = self.lock();
            if !std::mem::take(&mut state.is_changed) {
                return Ok(());
            }
            let document = Document { version: VERSION, values: state.values.clone() };
            serde_json::to_vec(&document).expect("plain data with text keys is always JSON")
        };
        write_whole(&self.path, &bytes).map_err(|source| {
            self.lock().is_changed = true;
            Error::StateFolder { path: self.path.clone(), source }
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Saves until it is told to end, and then once more. `what` is what cannot be kept where that
/// fails.
pub async fn save_regularly<E: std::error::Error + Send + 'static>(
    what: &str,
    save: impl Fn() -> Result<(), E> + Clone + Send + 'static,
    every: Duration,
    cancel: CancellationToken,
) {
    let mut tick = interval(every);
    let mut is_on = true;
    while is_on {
        is_on = cancel.run_until_cancelled(tick.tick()).await.is_some();
        if let Ok(Err(error)) = spawn_blocking(save.clone()).await {
            tracing::error!(error = %Chain(&error), "{what} cannot be kept");
        }
    }
}

/// A value is what it was at last; none is forgotten.
impl<V: Value> Keeper for Place<V> {
    type Claim = Option<V>;

    fn keep(&self, claim: Option<V>) {
        if self.kept.custody.is_closed() {
            return;
        }
        let mut state = self.kept.lock();
        state.is_changed = true;
        match claim {
            Some(value) => state.values.insert(self.name.clone(), value),
            None => state.values.remove(&self.name),
        };
    }
}

fn parse<V: Value>(bytes: &[u8]) -> Result<BTreeMap<String, V>, String> {
    let document: Document<V> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.version != VERSION {
        return Err(format!("version {} is not {VERSION}", document.version));
    }
    Ok(document.values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Progress;
    use crate::tail::Positions;

    fn kept(folder: &Path) -> (Arc<Kept<u32>>, Custody) {
        let custody = Custody::new(Positions::open(folder).unwrap(), Progress::new());
        (Kept::open(folder, "kept.json", custody.clone()).unwrap(), custody)
    }

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let (first, custody) = kept(folder.path());
        first.place("a").keep(Some(1));
        first.place("b").keep(Some(2));
        first.place("b").keep(None);
        drop(custody.closing());
        first.place("a").keep(Some(3));
        first.save().unwrap();
        let (second, _) = kept(folder.path());
        assert_eq!((second.get("a"), second.get("b")), (Some(1), None));
    }

    #[test]
    fn what_is_broken_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kept.json"), "{").unwrap();
        assert_eq!(kept(folder.path()).0.get("a"), None);
        assert!(folder.path().join("kept.json.broken").exists());
    }
}
