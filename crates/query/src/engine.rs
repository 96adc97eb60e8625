//! [`Engine`]: runs queries over a store, within bounds of time and memory.

use std::sync::Arc;
use std::time::Duration;

use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryReservation};
use datafusion_execution::runtime_env::RuntimeEnvBuilder;
use datafusion_physical_plan::{ExecutionPlan, execute_stream};
use futures::TryStreamExt;
use logql::ast::{Expr, LogExpr, MetricExpr, RangeAggregation, Stage};
use logql::eval::{self, Direction, LogParams, LogStream, SelectorScope, Series, Steps, Value};
use logql::pipeline::{ResultLabels, Sampler};
use model::{Clock, Labels, TimeRange, Timestamp};
use store::{Filter, MetadataColumns, Projection, Snapshot, Store};

use crate::advice;
use crate::answer::{self, Streams};
use crate::deletion::Hidden;
use crate::exec::horizon::Horizon;
use crate::exec::pipeline::PipelineExec;
use crate::exec::range_window::Panes;
use crate::exec::rows::RowReader;
use crate::exec::sample;
use crate::exec::sampling::Sampling;
use crate::explain::Plans;
use crate::plan;
use crate::scan::ScanExec;
use crate::selector::Selector;
use crate::stats::Counters;
use crate::window::Windows;
use crate::{Answer, Deletion, Error, Kind, Request};

/// The bounds of every query.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a query may take.
    pub timeout: Duration,
    /// How much memory one query may hold, in bytes.
    pub memory_bytes: usize,
    /// The most bytes of lines that one query may read.
    pub bytes_read_max: u64,
    /// The most series that a range aggregation of a query may have.
    pub series_max: usize,
    /// What selectors look at.
    pub scope: SelectorScope,
    /// See [`LogParams::split`].
    pub split: Duration,
    /// Threads that one query can keep busy.
    pub target_partitions: usize,
    /// Rows that operators hand on at a time.
    pub batch_rows: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            // Loki's `query_timeout`.
            timeout: Duration::from_secs(60),
            // Sorting all lines of a day of one busy task fits; a whole cluster's does not.
            memory_bytes: 512 * 1024 * 1024,
            // What is read is not held, so time alone bounds it.
            bytes_read_max: u64::MAX,
            series_max: usize::MAX,
            scope: SelectorScope::default(),
            split: Duration::ZERO,
            target_partitions: 2,
            // DataFusion's own default: columns of a batch fit into a core's second-level cache.
            batch_rows: 8192,
        }
    }
}

/// Runs LogQL over a store.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Config,
    deletions: Arc<[Deletion]>,
}

impl Engine {
    /// An engine over a store. The clock is for measuring and for `now` in templates.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, config: Config) -> Self {
        Self { store, clock, config, deletions: Arc::default() }
    }

    /// The bounds of every query.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The same engine with other bounds.
    #[must_use]
    pub fn with(&self, config: Config) -> Self {
        Self { config, ..self.clone() }
    }

    /// The same engine, to which these lines are gone.
    #[must_use]
    pub fn hiding(self, deletions: Arc<[Deletion]>) -> Self {
        Self { deletions, ..self }
    }

    /// Answers a query. Dropping the future stops the query.
    ///
    /// # Errors
    /// See [`Error::kind`] for whose turn it is.
    pub async fn run(&self, request: Request) -> Result<Answer, Error> {
        let snapshot = self.store.snapshot(&request.tenant);
        self.run_on(snapshot, request).await
    }

    /// Answers a query from a snapshot, whose tenant is the request's.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn run_on(&self, snapshot: Snapshot, request: Request) -> Result<Answer, Error> {
        let started = self.clock.now();
        let run = Run::new(self, snapshot)?;
        let answer = tokio::time::timeout(self.config.timeout, run.answer(&request)).await;
        let (value, warnings) = answer.map_err(|_| Error::Timeout(self.config.timeout))??;
        let stats = run.counters.stats(self.clock.now().since(started));
        Ok(Answer { value, stats, warnings, explain: run.plans.explain() })
    }

    /// Hands on each line that a query for lines finds, whatever its limit: as they are read, in
    /// no order. Nothing is held, so there may be any number of them.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn each_line(
        &self,
        request: Request,
        mut take: impl FnMut(&ResultLabels, Timestamp, &str),
    ) -> Result<(), Error> {
        let (Expr::Log(log), Kind::Range { start, end, .. }) = (&request.query, request.kind)
        else {
            return Err(Error::InstantLog);
        };
        let run = Run::new(self, self.store.snapshot(&request.tenant))?;
        let lines = run.each_line(log, TimeRange { start, end }, &mut take);
        let timeout = self.config.timeout;
        tokio::time::timeout(timeout, lines).await.map_err(|_| Error::Timeout(timeout))?
    }
}

/// One query while it runs.
struct Run {
    snapshot: Snapshot,
    context: Arc<TaskContext>,
    counters: Arc<Counters>,
    plans: Plans,
    config: Config,
    deletions: Arc<[Deletion]>,
    /// What `now` gives in a template: the same for every row.
    now: Timestamp,
}

impl Run {
    fn new(engine: &Engine, snapshot: Snapshot) -> Result<Self, Error> {
        let config = engine.config.clone();
        Ok(Self {
            snapshot,
            context: context(&config)?,
            counters: Arc::new(Counters::new(config.bytes_read_max)),
            plans: Plans::default(),
            config,
            deletions: Arc::clone(&engine.deletions),
            now: engine.clock.now(),
        })
    }

    async fn answer(&self, request: &Request) -> Result<(Value, Vec<String>), Error> {
        let value = self.value(request).await?;
        Ok((value, self.advice(request).await?))
    }

    async fn value(&self, request: &Request) -> Result<Value, Error> {
        match (&request.query, request.kind) {
            (Expr::Log(log), Kind::Range { start, end, .. }) => {
                let wanted = LogParams {
                    range: TimeRange { start, end },
                    limit: request.limit,
                    direction: request.direction,
                    interval: request.interval,
                    split: self.config.split,
                    scope: self.config.scope,
                };
                let streams = self.log(log, &wanted).await?;
                Ok(Value::Streams(streams))
            }
            (Expr::Log(_) | Expr::Count(_), Kind::Instant { .. }) => Err(Error::InstantLog),
            (Expr::Metric(metric), kind) => self.metric(metric, &steps(kind)).await,
            (Expr::Count(count), Kind::Range { start, end, .. }) => {
                let metric = count.clone().over(end.since(start));
                let steps = Steps { start: end, end, step: Duration::ZERO };
                match self.metric(&metric, &steps).await? {
                    // The request was for a range, so its reader expects a matrix.
                    Value::Vector(series) => Ok(Value::Matrix(series)),
                    other => Ok(other),
                }
            }
        }
    }

    /// See [`advice`]: looks at some of the lines that reach a pattern which may never match.
    async fn advice(&self, request: &Request) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        for (log, range) in log_parts(request) {
            let Some((before, pattern)) = advice::suspect(log) else { continue };
            let newest = LogParams {
                range,
                limit: advice::SAMPLE_LINES,
                direction: Direction::Backward,
                interval: Duration::ZERO,
                split: Duration::ZERO,
                scope: self.config.scope,
            };
            let streams = self.log(&before, &newest).await?;
            let lines = streams.into_iter().flat_map(|stream| stream.entries);
            let lines: Vec<String> = lines.map(|(_, line)| line).collect();
            found.extend(advice::advice(pattern, &lines));
        }
        Ok(found)
    }

    async fn each_line(
        &self,
        log: &LogExpr,
        range: TimeRange,
        take: &mut impl FnMut(&ResultLabels, Timestamp, &str),
    ) -> Result<(), Error> {
        let (scan, pipeline) = self.lines(log, range, None).await?;
        let plan = plan::log::unordered(scan, pipeline);
        self.each(plan, |batch| answer::each_line(&batch, &mut *take).map_err(labels_error)).await
    }

    /// The scan of a query for lines, and its stages.
    async fn lines(
        &self,
        log: &LogExpr,
        range: TimeRange,
        horizon: Option<Arc<Horizon>>,
    ) -> Result<(Arc<dyn ExecutionPlan>, PipelineExec), Error> {
        let selector = Selector::new(&log.selector, self.config.scope)?;
        let (line_filters, stages) = plan::log::split(&log.stages)?;
        let projection = Projection { line: true, metadata: MetadataColumns::All };
        let scan = self.scan((&selector, &log.stages), range, &projection, horizon.clone()).await?;
        let hidden = self.hidden(range)?;
        let rows = RowReader::new(&scan.schema(), selector, line_filters, hidden);
        let rows = self.plan(rows)?;
        let counters = Arc::clone(&self.counters);
        let stages = stages.at(self.now);
        Ok((scan, PipelineExec { rows, stages, horizon, counters }))
    }

    async fn log(&self, log: &LogExpr, wanted: &LogParams) -> Result<Vec<LogStream>, Error> {
        // Skipping entries that are too close makes more of them necessary than the limit.
        let limit = if wanted.interval.is_zero() { wanted.limit } else { 0 };
        let horizon = (limit > 0).then(|| Arc::new(Horizon::new(wanted.direction, limit)));
        let (scan, pipeline) = self.lines(log, wanted.range, horizon).await?;
        let plan = self.plan(plan::log::plan(scan, pipeline, wanted.direction, limit))?;

        let mut streams = Streams::new(wanted.limit, wanted.spacing());
        let reserved = self.reservation();
        self.each(plan, |batch| {
            streams.add(&batch).map_err(labels_error)?;
            reserved.try_resize(streams.bytes())
        })
        .await?;
        Ok(streams.finish())
    }

    async fn metric(&self, metric: &MetricExpr, steps: &Steps) -> Result<Value, Error> {
        eval::check_supported(metric)?;
        let metric = eval::push_down(metric);
        let mut leaves = Vec::new();
        for aggregation in eval::leaves(&metric) {
            let series = self.range(aggregation, steps).await?;
            let limit = self.config.series_max;
            if series.len() > limit {
                return Err(Error::Series { limit });
            }
            leaves.push(series);
        }
        Ok(eval::combine(&metric, steps, leaves)?)
    }

    async fn range(
        &self,
        aggregation: &RangeAggregation,
        steps: &Steps,
    ) -> Result<Vec<Series>, Error> {
        let windows = Windows::new(steps, aggregation.range, aggregation.offset.0);
        let (scan, sampling) = self.sampling(aggregation, windows.span()).await?;
        if !plan::range::works_on_panes(aggregation.op) {
            return self.samples(aggregation, scan, sampling, steps).await;
        }
        let plan = plan::range::panes(scan, sampling, windows, Arc::clone(&self.counters));
        let mut panes = Panes::default();
        let reserved = self.reservation();
        self.each(plan, |batch| {
            panes.add_batch(&batch)?;
            reserved.try_resize(panes.bytes())
        })
        .await?;
        let series = panes.into_series().into_iter().map(|(labels, panes)| {
            let points = answer::points(aggregation, &windows, steps, &panes);
            Series { labels, points }
        });
        answer::series(aggregation, steps, series)
    }

    /// For the functions that see each sample of a window.
    async fn samples(
        &self,
        aggregation: &RangeAggregation,
        scan: Arc<dyn ExecutionPlan>,
        sampling: Sampling,
        steps: &Steps,
    ) -> Result<Vec<Series>, Error> {
        let plan = plan::range::samples(scan, sampling, Arc::clone(&self.counters));
        let mut by_series: std::collections::HashMap<Labels, Vec<(Timestamp, u64, f64)>> =
            std::collections::HashMap::new();
        let reserved = self.reservation();
        self.each(plan, |batch| {
            let (labels, samples) = sample::decode(&batch)?;
            reserved.try_grow(samples.len() * size_of::<(Timestamp, u64, f64)>())?;
            for sample in samples {
                let series = by_series.entry(labels[sample.series as usize].clone()).or_default();
                series.push((sample.time, sample.sequence, sample.value));
            }
            Ok(())
        })
        .await?;
        let series = by_series.into_iter().map(|(labels, mut samples)| {
            samples.sort_unstable_by_key(|(time, sequence, _)| (*time, *sequence));
            let samples: Vec<_> = samples.into_iter().map(|(time, _, v)| (time, v)).collect();
            Series { labels, points: eval::range::points(aggregation, &samples, steps) }
        });
        answer::series(aggregation, steps, series)
    }

    async fn sampling(
        &self,
        aggregation: &RangeAggregation,
        range: TimeRange,
    ) -> Result<(Arc<dyn ExecutionPlan>, Sampling), Error> {
        let selector = Selector::new(&aggregation.log.selector, self.config.scope)?;
        let (line_filters, stages) = plan::log::split(&aggregation.log.stages)?;
        let mut rest = aggregation.clone();
        rest.log.stages.retain({
            let mut first = true;
            move |stage| {
                first &= matches!(stage, Stage::LineFilter(_));
                !first
            }
        });
        let sampler = Sampler::new(&rest)?.at(self.now);
        let hidden = self.hidden(range)?;
        let projection = Projection {
            line: line_filters.needs_line() || sampler.needs_line() || hidden.needs_line(),
            metadata: if hidden.is_empty() {
                plan::projection::metadata(aggregation, &selector)
            } else {
                MetadataColumns::All
            },
        };
        let asked = (&selector, &aggregation.log.stages[..]);
        let scan = self.scan(asked, range, &projection, None).await?;
        let rows = RowReader::new(&scan.schema(), selector, line_filters, hidden);
        let rows = self.plan(rows)?;
        let series_by_base = stages.is_empty() && aggregation.unwrap.is_none();
        let sampling = Sampling { rows, sampler, series_by_base };
        Ok((scan, sampling))
    }

    /// The deletions to be minded among the lines of a time.
    fn hidden(&self, range: TimeRange) -> Result<Hidden, Error> {
        Ok(Hidden::new(&self.deletions, range, self.config.scope)?)
    }

    async fn scan(
        &self,
        (selector, stages): (&Selector, &[Stage]),
        time: TimeRange,
        projection: &Projection,
        horizon: Option<Arc<Horizon>>,
    ) -> Result<Arc<dyn ExecutionPlan>, Error> {
        let rows = plan::row_test::row_test(selector, stages)?;
        let texts = logql::pipeline::Pipeline::new(stages)?.required_texts();
        let filter = Filter { time, streams: selector.stream_test(), rows, texts };
        let scan = self.snapshot.scan(&filter, projection).await?;
        let partitions = self.config.target_partitions;
        Ok(Arc::new(ScanExec::new(scan, partitions, horizon, Arc::clone(&self.counters))))
    }

    async fn each(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        mut take: impl FnMut(arrow::array::RecordBatch) -> datafusion_common::Result<()>,
    ) -> Result<(), Error> {
        self.plans.add(&plan);
        let mut batches = self.plan(execute_stream(plan, Arc::clone(&self.context)))?;
        while let Some(batch) = self.plan(batches.try_next().await)? {
            self.plan(take(batch))?;
        }
        Ok(())
    }

    /// Memory that the query holds outside of its plans; an error when it may have no more.
    fn reservation(&self) -> MemoryReservation {
        MemoryConsumer::new("answer").register(self.context.memory_pool())
    }

    fn plan<T>(&self, result: datafusion_common::Result<T>) -> Result<T, Error> {
        result.map_err(|error| Error::from_plan(error, self.config.memory_bytes))
    }
}

/// The parts of a query that read lines, each with the time that it reads.
fn log_parts(request: &Request) -> Vec<(&LogExpr, TimeRange)> {
    let steps = steps(request.kind);
    let whole = TimeRange { start: steps.start, end: steps.end };
    match &request.query {
        Expr::Log(log) => vec![(log, whole)],
        Expr::Count(count) => vec![(&count.log, whole)],
        Expr::Metric(metric) => {
            let leaves = eval::leaves(metric).into_iter();
            let span =
                |leaf: &RangeAggregation| Windows::new(&steps, leaf.range, leaf.offset.0).span();
            leaves.map(|leaf| (&leaf.log, span(leaf))).collect()
        }
    }
}

fn steps(kind: Kind) -> Steps {
    match kind {
        Kind::Instant { time } => Steps { start: time, end: time, step: Duration::ZERO },
        Kind::Range { start, end, step } => Steps { start, end, step },
    }
}

fn labels_error(error: model::LabelsError) -> datafusion_common::DataFusionError {
    datafusion_common::DataFusionError::External(Box::new(error))
}

fn context(config: &Config) -> Result<Arc<TaskContext>, Error> {
    let pool = GreedyMemoryPool::new(config.memory_bytes);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc();
    let runtime = runtime.map_err(|error| Error::from_plan(error, config.memory_bytes))?;
    let session = SessionConfig::new()
        .with_batch_size(config.batch_rows)
        .with_target_partitions(config.target_partitions);
    Ok(Arc::new(TaskContext::default().with_session_config(session).with_runtime(runtime)))
}
