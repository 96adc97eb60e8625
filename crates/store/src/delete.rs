//! Requests to delete lines: kept beside the data, one object each, so that every process that
//! shares the object store hides the same lines. What a request means is for others to say: to the
//! store its query is a text.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use model::{TenantId, Timestamp};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::layout::{
    DELETE_FOLDER, delete_path, erased_path, parse_delete_path, parse_erased_path,
};
use crate::objects::create_own;
use crate::{Error, versioned};

/// The version of a request's JSON.
const DELETE_VERSION: u32 = 1;
/// Requests of one tenant that may be open. Each is looked at by every query of its time.
pub const DELETE_REQUESTS_MAX: usize = 1000;
/// A request whose lines are erased is kept for so long.
const FINISHED_AGE: Duration = Duration::from_secs(30 * 86_400);
/// How many requests are read at the same time.
const READ_AT_ONCE: usize = 16;

/// A request to delete lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteRequest {
    version: u32,
    /// By which it is known.
    pub id: Ulid,
    /// Whose lines.
    pub tenant: String,
    /// Which lines, in the words of whoever asked.
    pub query: String,
    /// The time of the first line.
    #[serde(with = "crate::nanoseconds")]
    pub start: Timestamp,
    /// The time of the last line.
    #[serde(with = "crate::nanoseconds")]
    pub end: Timestamp,
    /// When it was asked for.
    #[serde(with = "crate::nanoseconds")]
    pub created_at: Timestamp,
    /// When the last of its lines was erased; `None` while they are only hidden. An object of its
    /// own says so, since the request's never changes.
    #[serde(skip)]
    pub erased_at: Option<Timestamp>,
}

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteWish {
    /// Which lines, in the words of whoever asks.
    pub query: String,
    /// The time of the first line.
    pub start: Timestamp,
    /// The time of the last line.
    pub end: Timestamp,
}

/// The requests of all tenants.
#[derive(Debug)]
pub(crate) struct Deletes {
    objects: Arc<dyn ObjectStore>,
    known: Mutex<Known>,
    /// Held while objects and what is known of them change, so that neither change is lost.
    changing: tokio::sync::Mutex<()>,
}

/// The requests of each tenant, the oldest first.
type Known = BTreeMap<TenantId, Arc<[DeleteRequest]>>;

impl Deletes {
    /// Reads the requests that there are.
    pub(crate) async fn open(objects: Arc<dyn ObjectStore>) -> Result<Self, Error> {
        let deletes = Self { objects, known: Mutex::default(), changing: Default::default() };
        deletes.refresh().await?;
        Ok(deletes)
    }

    /// The requests whose lines are not erased yet, of each tenant.
    pub(crate) fn open_requests(&self) -> Vec<(TenantId, Vec<DeleteRequest>)> {
        let known = self.lock();
        let open = known.iter().map(|(tenant, requests)| {
            let open = requests.iter().filter(|request| request.erased_at.is_none());
            (tenant.clone(), open.cloned().collect())
        });
        open.collect()
    }

    /// A tenant's requests, the oldest first.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<[DeleteRequest]> {
        self.lock().get(tenant).cloned().unwrap_or_default()
    }

    /// Keeps a request. Once this returns, it is durable, and [`Self::of`] tells of it.
    pub(crate) async fn create(
        &self,
        tenant: &TenantId,
        wish: DeleteWish,
        id: Ulid,
        now: Timestamp,
    ) -> Result<DeleteRequest, Error> {
        let _changing = self.changing.lock().await;
        let open = self.of(tenant).iter().filter(|request| request.erased_at.is_none()).count();
        if open >= DELETE_REQUESTS_MAX {
            return Err(Error::TooManyDeletes { limit: DELETE_REQUESTS_MAX });
        }
        let DeleteWish { query, start, end } = wish;
        let (version, owner) = (DELETE_VERSION, tenant.to_string());
        let (created_at, erased_at) = (now, None);
        let request =
            DeleteRequest { version, id, tenant: owner, query, start, end, created_at, erased_at };
        let path = delete_path(tenant, id);
        let json = serde_json::to_vec_pretty(&request).expect("a request is plain data");
        create_own(&self.objects, &path, json.into()).await?;
        self.change(tenant, |requests| requests.push(request.clone()));
        Ok(request)
    }

    /// Forgets a request. `false` when there is none of this id.
    pub(crate) async fn cancel(&self, tenant: &TenantId, id: Ulid) -> Result<bool, Error> {
        let _changing = self.changing.lock().await;
        if !self.of(tenant).iter().any(|request| request.id == id) {
            return Ok(false);
        }
        self.remove(&delete_path(tenant, id)).await?;
        self.change(tenant, |requests| requests.retain(|request| request.id != id));
        Ok(true)
    }

    /// Notes that the lines of a request are erased. It is kept for those who look.
    pub(crate) async fn finish(
        &self,
        tenant: &TenantId,
        request: &DeleteRequest,
        now: Timestamp,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        let path = erased_path(tenant, request.id, now);
        create_own(&self.objects, &path, Bytes::new()).await?;
        self.change(tenant, |requests| {
            let found = requests.iter_mut().find(|known| known.id == request.id);
            found.into_iter().for_each(|known| known.erased_at = Some(now));
        });
        Ok(())
    }

    /// Forgets the requests that were finished long ago.
    pub(crate) async fn forget_finished(&self, now: Timestamp) -> Result<(), Error> {
        for (tenant, id, erased_at) in self.finished_before(now) {
            // In this order: a mark without its request means nothing.
            self.cancel(&tenant, id).await?;
            self.remove(&erased_path(&tenant, id, erased_at)).await?;
        }
        Ok(())
    }

    fn finished_before(&self, now: Timestamp) -> Vec<(TenantId, Ulid, Timestamp)> {
        let known = self.lock();
        let all = known.iter().flat_map(|(tenant, requests)| {
            requests
                .iter()
                .filter_map(|request| Some((tenant.clone(), request.id, request.erased_at?)))
        });
        all.filter(|(_, _, erased_at)| now.since(*erased_at) >= FINISHED_AGE).collect()
    }

    async fn remove(&self, path: &Path) -> Result<(), Error> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::object("remove", path)(error)),
        }
    }

    /// Looks what other processes have asked for and cancelled. A request never changes, so only
    /// those that are new are read.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        let (paths, erased) = self.paths().await?;
        let mut known = self.known_by_path();
        let (old, new): (Vec<Path>, Vec<Path>) =
            paths.into_iter().partition(|path| known.contains_key(path));
        let old = old.into_iter().filter_map(|path| known.remove(&path));
        let objects = &self.objects;
        let read = new.into_iter().map(|path| async move { read(objects, &path).await });
        let read = futures::stream::iter(read);
        let read: Vec<_> = read.buffered(READ_AT_ONCE).try_collect().await?;
        let mut by_tenant: BTreeMap<TenantId, Vec<DeleteRequest>> = BTreeMap::new();
        for (tenant, mut request) in old.chain(read.into_iter().flatten()) {
            request.erased_at = erased.get(&request.id).copied();
            by_tenant.entry(tenant).or_default().push(request);
        }
        for requests in by_tenant.values_mut() {
            requests.sort_by_key(|request| request.id);
        }
        let mut known = self.lock();
        // What has not changed stays the same in memory too: others look at that.
        known.retain(|tenant, _| by_tenant.contains_key(tenant));
        for (tenant, requests) in by_tenant {
            if known.get(&tenant).is_none_or(|known| **known != *requests) {
                known.insert(tenant, requests.into());
            }
        }
        Ok(())
    }

    /// Where requests are, and when the lines of some were erased. Whatever else somebody has put
    /// there is left alone.
    async fn paths(&self) -> Result<(Vec<Path>, BTreeMap<Ulid, Timestamp>), Error> {
        let folder = Path::from(DELETE_FOLDER);
        let listed = self.objects.list(Some(&folder)).map_ok(|object| object.location);
        let paths: Vec<Path> =
            listed.try_collect().await.map_err(Error::object("list", &folder))?;
        let erased = paths.iter().filter_map(parse_erased_path).collect();
        let requests = paths.into_iter().filter(|path| parse_delete_path(path).is_some());
        Ok((requests.collect(), erased))
    }

    fn known_by_path(&self) -> BTreeMap<Path, (TenantId, DeleteRequest)> {
        let known = self.lock();
        let requests = known.iter().flat_map(|(tenant, requests)| {
            requests.iter().map(move |request| (tenant.clone(), request.clone()))
        });
        requests
            .map(|(tenant, request)| (delete_path(&tenant, request.id), (tenant, request)))
            .collect()
    }

    fn change(&self, tenant: &TenantId, change: impl FnOnce(&mut Vec<DeleteRequest>)) {
        let mut known = self.lock();
        let mut requests = known.get(tenant).map(|known| known.to_vec()).unwrap_or_default();
        change(&mut requests);
        requests.sort_by_key(|request| request.id);
        known.insert(tenant.clone(), requests.into());
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request; nothing where it was cancelled meanwhile.
pub(crate) async fn read(
    objects: &Arc<dyn ObjectStore>,
    path: &Path,
) -> Result<Option<(TenantId, DeleteRequest)>, Error> {
    let failed = || Error::object("read", path);
    let bytes = match objects.get(path).await {
        Ok(object) => object.bytes().await.map_err(failed())?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed()(error)),
    };
    parse(path, &bytes).map(Some)
}

/// Reads a request's JSON.
fn parse(path: &Path, json: &[u8]) -> Result<(TenantId, DeleteRequest), Error> {
    let corrupt = |reason: String| Error::Corrupt { place: path.to_string(), offset: 0, reason };
    let request: DeleteRequest = versioned::parse(path, json, DELETE_VERSION)?;
    let tenant = TenantId::new(&request.tenant).map_err(|error| corrupt(error.to_string()))?;
    if delete_path(&tenant, request.id) != *path {
        return Err(corrupt("it is the request of another path".to_owned()));
    }
    Ok((tenant, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request as it was written when version 1 was fixed.
    const FIXTURE: &str = include_str!("../tests/fixtures/v1/deletes/fake/request.json");
    const PATH: &str = "deletes/fake/01M808TX00EMX0WZMYFVMD0MKV.json";

    #[test]
    fn version_1_is_read_and_written_byte_for_byte() {
        let (tenant, request) = parse(&Path::from(PATH), FIXTURE.as_bytes()).unwrap();
        assert_eq!((tenant, request.start.as_nanos()), (TenantId::default(), i64::MIN));
        assert_eq!(serde_json::to_string_pretty(&request).unwrap(), FIXTURE);
    }

    #[track_caller]
    fn check(path: &str, json: &str, expect: &str) {
        let error = parse(&Path::from(path), json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        check(PATH, "{", "corrupt");
        check(PATH, r#"{"version":2,"lines":[]}"#, "format 2, this one reads up to 1");
        check("deletes/other/01M808TX00EMX0WZMYFVMD0MKV.json", FIXTURE, "another path");
    }
}
