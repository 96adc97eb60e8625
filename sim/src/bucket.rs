//! The object store that all hosts share: consistent, slow, and at times out of reach.
//!
//! What was sent is served even if whoever sent it has ended meanwhile, and sometimes minutes after
//! he was told that it failed.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result,
};
use tokio::time::{Instant, sleep};
use xxhash_rust::xxh3::xxh3_64;

use crate::power::Power;
use crate::settings::ObjectFaults;
use crate::trace::{Trace, lock};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shared object store.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) objects: InMemory,
    faults: ObjectFaults,
    state: Mutex<State>,
    trace: Trace,
    /// Requests that were sent and not served yet.
    under_way: AtomicUsize,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    calm: bool,
    away_until: Instant,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Served,
    Refused,
    AnswerLost,
    Late(Duration),
}

impl Bucket {
    pub(crate) fn new(faults: ObjectFaults, rng: Rng, trace: Trace) -> Arc<Self> {
        let state = Mutex::new(State { rng, calm: false, away_until: Instant::now() });
        let (objects, under_way) = (InMemory::new(), AtomicUsize::new(0));
        Arc::new(Self { objects, faults, state, trace, under_way })
    }

    /// The gateway is out of reach for so long.
    pub(crate) fn go_away(&self, time: Duration) {
        lock(&self.state).away_until = Instant::now() + time;
    }

    /// Nothing fails any more.
    pub(crate) fn calm(&self) {
        let mut state = lock(&self.state);
        (state.calm, state.away_until) = (true, Instant::now());
    }

    /// Whether nothing is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    /// The paths in a folder.
    pub(crate) async fn paths(&self, folder: &str) -> Vec<String> {
        let folder = Path::from(folder);
        let listed = self.objects.list(Some(&folder)).map_ok(|object| object.location.to_string());
        listed.try_collect().await.expect("memory does not fail")
    }

    /// How long a request takes, and what becomes of it.
    fn draw(&self, changes: bool) -> (Duration, Fate) {
        let State { rng, calm, away_until } = &mut *lock(&self.state);
        let millis = if rng.u8(..100) == 0 { rng.u64(100..2000) } else { rng.u64(1..30) };
        let latency = Duration::from_millis(millis);
        let minutes = |rng: &mut Rng| Fate::Late(Duration::from_secs(rng.u64(30..900)));
        if *calm {
            return (latency, Fate::Served);
        }
        if Instant::now() < *away_until {
            // Some gateways refuse, some hang, and some serve later what they had taken in.
            let hangs = if rng.bool() { PATIENCE } else { latency };
            let late = changes && rng.u8(..10) == 0;
            return (hangs, if late { minutes(rng) } else { Fate::Refused });
        }
        let ObjectFaults { refused, answer_lost, late } = self.faults;
        let fate = match rng.u32(..1000) {
            drawn if drawn < refused => Fate::Refused,
            drawn if changes && drawn < refused + answer_lost => Fate::AnswerLost,
            drawn if changes && drawn < refused + answer_lost + late => minutes(rng),
            _ => Fate::Served,
        };
        (latency, fate)
    }

    async fn put(
        &self,
        host: &str,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let bytes: Vec<u8> = payload.iter().flat_map(|part| part.iter().copied()).collect();
        let (length, hash) = (bytes.len(), xxh3_64(&bytes));
        let how = if options.mode == PutMode::Create { "create" } else { "put" };
        let result = self.objects.put_opts(path, payload, options).await;
        let outcome = match &result {
            Ok(_) => "ok",
            Err(Error::AlreadyExists { .. }) => "exists",
            Err(_) => "failed",
        };
        self.trace.note(host, format_args!("{how} {path} {length} {hash:016x} {outcome}"));
        result
    }

    async fn delete(&self, host: &str, path: Path) -> Result<Path> {
        let result = self.objects.delete(&path).await;
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        self.trace.note(host, format_args!("delete {path} {outcome}"));
        result.map(|()| path)
    }
}

/// The object store as one process reaches it, until that ends.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) host: String,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) power: Power,
    /// Whether the network lies between them.
    pub(crate) parted: Arc<AtomicBool>,
}

impl Connection {
    async fn read(&self) -> Result<()> {
        let (latency, fate) = self.bucket.draw(false);
        self.check()?;
        sleep(latency).await;
        self.check()?;
        match fate {
            Fate::Served => Ok(()),
            _ => {
                self.bucket.trace.note(&self.host, "a read is refused");
                Err(unavailable())
            }
        }
    }

    /// Sends a request that changes something. It is served even if the caller goes away.
    async fn change<T: Send + 'static>(
        &self,
        what: String,
        act: impl FnOnce(Arc<Bucket>) -> BoxFuture<'static, Result<T>> + Send + 'static,
    ) -> Result<T> {
        let (latency, fate) = self.bucket.draw(true);
        self.check()?;
        let note = |outcome: &str| self.bucket.trace.note(&self.host, format!("{what} {outcome}"));
        if fate == Fate::Refused {
            sleep(latency).await;
            note("is refused");
            return Err(unavailable());
        }
        let delay = if let Fate::Late(more) = fate { latency + more } else { latency };
        let bucket = Arc::clone(&self.bucket);
        bucket.under_way.fetch_add(1, Ordering::Relaxed);
        let served = tokio::spawn(async move {
            sleep(delay).await;
            let result = act(Arc::clone(&bucket)).await;
            bucket.under_way.fetch_sub(1, Ordering::Relaxed);
            result
        });
        if let Fate::Late(_) = fate {
            sleep(PATIENCE).await;
            note("has no answer yet");
            return Err(timeout());
        }
        let result = served.await.expect("what is served does not panic");
        self.check()?;
        if fate == Fate::AnswerLost {
            note("has lost its answer");
            return Err(timeout());
        }
        result
    }

    fn check(&self) -> Result<()> {
        let parted = self.parted.load(Ordering::Relaxed) || !self.power.is_on();
        if parted { Err(unavailable()) } else { Ok(()) }
    }
}

fn unavailable() -> Error {
    Error::Generic { store: "sim", source: "503: slow down".into() }
}

fn timeout() -> Error {
    Error::Generic { store: "sim", source: "the request timed out".into() }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sim://bucket")
    }
}

#[async_trait]
impl ObjectStore for Connection {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let (host, path) = (self.host.clone(), location.clone());
        let act = move |bucket: Arc<Bucket>| {
            let put = async move { bucket.put(&host, &path, payload, options).await };
            Box::pin(put) as BoxFuture<'static, _>
        };
        self.change(format!("put {location}"), act).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented { operation: "put_multipart".into(), implementer: "sim".into() })
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read().await?;
        self.bucket.objects.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let connection = self.clone();
        let deleted = locations.then(move |location| {
            let connection = connection.clone();
            async move {
                let path = location?;
                let (host, what) = (connection.host.clone(), format!("delete {path}"));
                let act = move |bucket: Arc<Bucket>| {
                    let delete = async move { bucket.delete(&host, path).await };
                    Box::pin(delete) as BoxFuture<'static, _>
                };
                connection.change(what, act).await
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (connection, prefix) = (self.clone(), prefix.cloned());
        let listed = async move {
            connection.read().await?;
            let listed: Vec<_> =
                connection.bucket.objects.list(prefix.as_ref()).try_collect().await?;
            Ok::<_, Error>(stream::iter(listed.into_iter().map(Ok)))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.read().await?;
        self.bucket.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented { operation: "copy".into(), implementer: "sim".into() })
    }
}
