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
/// After this the server ends a watch by itself, in seconds: what kubectl asks for, and less than
/// the five minutes after which load balancers do.
const WATCH_SECONDS: u32 = 290;
/// A watch that tells nothing for so long is dead: the server would have ended it.
pub const WATCH_IDLE_MAX: Duration = Duration::from_secs(300);
/// A watch that lasted so long was a good one, even if there was nothing to tell.
const GOOD_WATCH: Duration = Duration::from_secs(30);
/// After so many refusals in a row the list is read again, whatever they say: a server that was
/// restored from a backup may never come to the version that was seen.
const REFUSALS_MAX: u32 = 8;

/// Who is told of objects.
pub trait Observer<K> {
    /// A list of all of them begins. One that had begun before is void.
    fn listing(&mut self);
    /// The list is whole.
    fn listed(&mut self);
    /// A watch has begun: from now on changes are told as they happen.
    fn watching(&mut self);
    /// An object is in the list, new, or changed.
    fn applied(&mut self, object: K);
    /// An object is gone; this is what it was at last.
    fn deleted(&mut self, object: K);
    /// All that was so before this version has been told.
    fn reached(&mut self, _version: &str) {}
    /// Whoever is told can take no more for now, until this is done.
    fn ready(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
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

/// How patient to be with the server.
#[derive(Debug, Clone)]
pub struct Patience {
    /// How long it may take to begin an answer.
    pub answer_timeout: Duration,
    /// The pauses after what did not work.
    pub backoff: Backoff,
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
    patience: Patience,
    observer: &mut (impl Observer<K> + Send),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    follow_from(api, selection, patience, None, observer).await;
}

/// Follows them from a version on, if one is known, until the future is dropped.
pub async fn follow_from<K>(
    api: Api<K>,
    selection: Selection,
    patience: Patience,
    mut version: Option<String>,
    observer: &mut (impl Observer<K> + Send),
) where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let Patience { answer_timeout, mut backoff } = patience;
    let source = Source { api, selection, answer_timeout };
    let mut refusals = 0;
    loop {
        let Some(seen) = &mut version else {
            match source.list(observer).await {
                Ok(listed) => version = Some(listed),
                Err(failure) => {
                    observer.failed(&failure);
                    sleep(backoff.next()).await;
                }
            }
            continue;
        };
        let (started, before) = (Instant::now(), seen.clone());
        let ended = source.watch(seen, observer).await;
        if *seen != before || started.elapsed() >= GOOD_WATCH {
            backoff.reset();
            refusals = 0;
        }
        if let Err(failure) = ended {
            refusals += u32::from(failure.is_refusal());
            observer.failed(&failure);
            if matches!(failure, Failure::Expired) || refusals > REFUSALS_MAX {
                (version, refusals) = (None, 0);
            }
        }
        // A server that ends every watch at once must not be asked without pause.
        sleep(backoff.next()).await;
    }
}

/// Where the objects come from.
struct Source<K> {
    api: Api<K>,
    selection: Selection,
    answer_timeout: Duration,
}

impl<K> Source<K>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    /// Reads the whole list, and returns the version at which it was true.
    async fn list(&self, observer: &mut (impl Observer<K> + Send)) -> Result<String, Failure> {
        observer.listing();
        let mut params = ListParams::default().limit(PAGE_OBJECTS_MAX);
        params.field_selector.clone_from(&self.selection.field);
        params.label_selector.clone_from(&self.selection.label);
        loop {
            let page = self.in_time(self.api.list(&params)).await?;
            page.items.into_iter().for_each(|object| observer.applied(object));
            observer.ready().await;
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                observer.listed();
                let version = page.metadata.resource_version.unwrap_or_default();
                observer.reached(&version);
                return Ok(version);
            }
        }
    }

    /// Tells of changes after a version, and moves it on with them, until the watch ends.
    async fn watch(
        &self,
        seen: &mut String,
        observer: &mut (impl Observer<K> + Send),
    ) -> Result<(), Failure> {
        let mut params = WatchParams::default().timeout(WATCH_SECONDS);
        params.field_selector.clone_from(&self.selection.field);
        params.label_selector.clone_from(&self.selection.label);
        let events = self.in_time(self.api.watch(&params, seen)).await?;
        pin_mut!(events);
        observer.watching();
        loop {
            let event = timeout(WATCH_IDLE_MAX, events.next()).await;
            let Some(event) = event.map_err(|_| Failure::Silent)? else { return Ok(()) };
            match event.map_err(Failure::of)? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    move_on(seen, object.resource_version());
                    observer.applied(object);
                }
                WatchEvent::Deleted(object) => {
                    move_on(seen, object.resource_version());
                    observer.deleted(object);
                }
                WatchEvent::Bookmark(mark) => {
                    move_on(seen, Some(mark.metadata.resource_version));
                    observer.reached(seen);
                }
                WatchEvent::Error(status) => return Err(Failure::of(kube::Error::Api(status))),
            }
            observer.ready().await;
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Failure> {
        let answer = timeout(self.answer_timeout, answer).await;
        answer.map_err(|_| Failure::Silent)?.map_err(Failure::of)
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

    /// Whether the server understood and said no, for a reason that will not pass by itself. To be
    /// away, overloaded, or to know no such user says nothing about the version that was asked for.
    fn is_refusal(&self) -> bool {
        let Self::Api(error) = self else { return false };
        match &**error {
            kube::Error::Api(status) => ![401, 403, 429, 500, 503].contains(&status.code),
            _ => false,
        }
    }
}
