//! Follows all objects of one kind: a list, then its changes, for ever.
//!
//! A change is missed only if the server has forgotten it: after every break the watch goes on at
//! the last version that was seen, and only a server that says that this version is too old is
//! asked for the whole list again.

use std::fmt::Debug;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use crate::write::Backoff;

/// Objects in one answer to a list, as kubectl asks for them.
const PAGE_OBJECTS_MAX: u32 = 500;
/// How long the server may take to begin an answer. A list of 500 takes it a second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// After this the server ends a watch by itself, in seconds: what kubectl asks for, and less than
/// the five minutes after which load balancers do.
const WATCH_SECONDS: u32 = 290;
/// A watch that tells nothing for so long is dead: the server would have ended it.
pub const WATCH_IDLE_MAX: Duration = Duration::from_secs(300);
/// A watch that lasted so long was a good one, even if there was nothing to tell.
const GOOD_WATCH: Duration = Duration::from_secs(30);
/// After so many failures in a row the list is read again, whatever the server says of the version:
/// one that was restored from a backup may never come to it.
const RESUMES_MAX: u32 = 8;

/// Who is told of objects.
pub trait Observer<K> {
    /// A list of all of them begins. One that had begun before is void.
    fn listing(&mut self);
    /// The list is whole.
    fn listed(&mut self);
    /// An object is in the list, new, or changed.
    fn applied(&mut self, object: K);
    /// An object is gone; this is what it was at last.
    fn deleted(&mut self, object: K);
    /// It did not work; it is tried again.
    fn failed(&mut self, error: &Failure);
}

/// Which objects are followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// By their fields, as in `spec.nodeName=node-1`.
    pub field: Option<String>,
    /// By their labels.
    pub label: Option<String>,
}

/// Why a list or a watch did not work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused or cannot be reached.
    #[error("the Kubernetes API does not answer as it should")]
    Api(#[source] Box<kube::Error>),
    /// The server has forgotten what came after the version that was seen last.
    #[error("the version that was seen last is too old, all is read again")]
    Expired,
    /// The server says nothing.
    #[error("the Kubernetes API is silent")]
    Silent,
}

/// Follows them until the future is dropped.
pub async fn follow<K>(
    api: Api<K>,
    selection: Selection,
    mut backoff: Backoff,
    observer: &mut (impl Observer<K> + Send),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut version: Option<String> = None;
    let mut failures = 0;
    loop {
        let Some(seen) = &mut version else {
            match list(&api, &selection, observer).await {
                Ok(listed) => version = Some(listed),
                Err(failure) => {
                    observer.failed(&failure);
                    sleep(backoff.next()).await;
                }
            }
            continue;
        };
        let (started, before) = (Instant::now(), seen.clone());
        let ended = watch(&api, &selection, seen, observer).await;
        if *seen != before || started.elapsed() >= GOOD_WATCH {
            backoff.reset();
            failures = 0;
        }
        if let Err(failure) = ended {
            failures += 1;
            observer.failed(&failure);
            if matches!(failure, Failure::Expired) || failures > RESUMES_MAX {
                (version, failures) = (None, 0);
            }
        }
        // A server that ends every watch at once must not be asked without pause.
        sleep(backoff.next()).await;
    }
}

/// Reads the whole list, and returns the version at which it was true.
async fn list<K>(
    api: &Api<K>,
    selection: &Selection,
    observer: &mut impl Observer<K>,
) -> Result<String, Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    observer.listing();
    let mut params = ListParams::default().limit(PAGE_OBJECTS_MAX);
    params.field_selector.clone_from(&selection.field);
    params.label_selector.clone_from(&selection.label);
    loop {
        let page = timeout(ANSWER_TIMEOUT, api.list(&params)).await;
        let page = page.map_err(|_| Failure::Silent)?.map_err(Failure::of)?;
        page.items.into_iter().for_each(|object| observer.applied(object));
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if params.continue_token.is_none() {
            observer.listed();
            return Ok(page.metadata.resource_version.unwrap_or_default());
        }
    }
}

/// Tells of changes after a version, and moves it on with them, until the watch ends.
async fn watch<K>(
    api: &Api<K>,
    selection: &Selection,
    seen: &mut String,
    observer: &mut impl Observer<K>,
) -> Result<(), Failure>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let mut params = WatchParams::default().timeout(WATCH_SECONDS);
    params.field_selector.clone_from(&selection.field);
    params.label_selector.clone_from(&selection.label);
    let events = timeout(ANSWER_TIMEOUT, api.watch(&params, seen)).await;
    let events = events.map_err(|_| Failure::Silent)?.map_err(Failure::of)?;
    pin_mut!(events);
    loop {
        let Ok(event) = timeout(WATCH_IDLE_MAX, events.next()).await else {
            return Err(Failure::Silent);
        };
        let Some(event) = event else { return Ok(()) };
        match event.map_err(Failure::of)? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                move_on(seen, object.resource_version());
                observer.applied(object);
            }
            WatchEvent::Deleted(object) => {
                move_on(seen, object.resource_version());
                observer.deleted(object);
            }
            WatchEvent::Bookmark(mark) => move_on(seen, Some(mark.metadata.resource_version)),
            WatchEvent::Error(status) => return Err(Failure::of(kube::Error::Api(status))),
        }
    }
}

fn move_on(seen: &mut String, version: Option<String>) {
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        *seen = version;
    }
}

impl Failure {
    /// What an error means. `410 Gone` comes as the status of an answer or in the middle of one.
    fn of(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status)
                if status.code == 410 || ["Gone", "Expired"].contains(&status.reason.as_str()) =>
            {
                Self::Expired
            }
            _ => Self::Api(Box::new(error)),
        }
    }
}
