//! Every bound of the collector that a user cannot set, and why the number is what it is.

use std::time::Duration;

/// Bytes read from one file before the next has its turn: large enough that a call is cheap, small
/// enough that one chatty task does not hold up the others.
pub const READ_BYTES_MAX: usize = 64 * 1024;
/// Parcels between the reader and the sinks. With it full the reader waits: then the files
/// themselves are the queue, and their handles stay open.
pub const QUEUE_PARCELS_MAX: usize = 64;
/// The header of a CRI record and some room: a time, a stream, a flag, three blanks.
pub const CRI_HEADER_BYTES_MAX: usize = 128;
/// Physical lines that a traceback may hold before the rest becomes an entry of its own. A Python
/// process stops at a thousand frames, of three lines each at most.
pub const TRACEBACK_LINES_MAX: usize = 4096;
/// How long after its last line a traceback is still open, in the time of the records. Python
/// writes it in one call; half a second covers a process that is swapped out in the middle.
pub const TRACEBACK_GAP: Duration = Duration::from_millis(500);
/// How long after a partial record its next part may come, in the time of the records. A runtime
/// cuts a long line at its buffer's end and goes on at once; a process that prints slowly and
/// without a newline must not wait for ever.
pub const PARTIAL_GAP: Duration = Duration::from_secs(5);
/// How much longer than a gap a file must have been idle before what is open is taken as ended:
/// the time that a record may need from its stamp to the file.
pub const GAP_GRACE: Duration = Duration::from_millis(500);
/// How often a file must be missed in a row when all folders are looked through before it counts as
/// gone: a rename in the middle may hide it once.
pub const MISSED_SCANS_MAX: u32 = 2;
/// How long to leave hints unread after some were followed: a file that is written to without pause
/// must not keep a core busy with being looked at, least of all while the store is away. Files are
/// opened at their birth all the same; what it delays is short beside the wait for a batch.
pub const HINT_PAUSE: Duration = Duration::from_millis(50);
/// The same where few files were written to: most of what a quiet node costs is being woken.
pub const QUIET_HINT_PAUSE: Duration = Duration::from_millis(150);
/// How many files these are.
pub const QUIET_FILES_MAX: usize = 10;
/// How often idle files are looked at: for what is open, late metadata, and being gone.
pub const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(250);
/// How often a missing pods folder is told about.
pub const MISSING_FOLDER_WARNING_INTERVAL: Duration = Duration::from_secs(60);
/// Bytes of a log between two places at which is kept what its lines have told of tasks. What lies
/// behind the last of them is read again by the next collector, at 100 MB/s or so; keeping costs as
/// much as reading some ten thousand lines where much is remembered.
pub const CHECKPOINT_BYTES: u64 = 1024 * 1024;
/// Bytes of entries of one log that wait for a later line to tell whose they are. With more, the
/// first goes with what is known.
pub const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Such places that are kept of one log: the one that its position stands at, the newest, and some
/// between, from which a sink that was away for long is served the rest.
pub const STATES_MAX: usize = 4;
/// What is kept of one such place, in bytes. Ten thousand tries with names as people give them are
/// 5 MB.
pub const STATE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Sets of labels and metadata that are remembered of a container's last lines: lanes by levels,
/// and the tries that write at a time.
pub const COLUMNS_MAX: usize = 64;
/// Entries that are remembered to tell equal ones apart, while none of their times is past.
pub const DISTINCT_ENTRIES_MAX: usize = 4096;
/// Volumes of one pod that are looked into.
pub const VOLUMES_MAX: usize = 64;
/// How deep below a volume its log folder may be: `airflow/prod/logs`.
pub const SEARCH_DEPTH: usize = 3;
/// Folders of a volume that are looked into for a log folder: a volume may hold anything.
pub const SEARCH_FOLDERS_MAX: usize = 64;
/// What is looked at of one such folder.
pub const SEARCH_ENTRIES_MAX: usize = 1024;
/// Log folders of one volume: those of as many deployments.
pub const LOG_FOLDERS_MAX: usize = 16;
/// The pause before the volumes of a pod are searched again, the first and,
pub const SEARCH_PAUSE_MIN: Duration = Duration::from_secs(1);
/// as nothing changes, the longest. A folder that appears where inotify tells it waits for neither.
pub const SEARCH_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How often a pod is asked again what it does that seems to be none of Airflow's: its containers
/// start one after another, and the API server may be slow.
pub const ROLE_PAUSE: Duration = Duration::from_secs(10);
/// Folders between a log folder and a file: of a DAG, a run whose id holds a few slashes, a task
/// and an index.
pub const LOG_FOLDER_DEPTH: usize = 8;
/// Folders of a log folder that are looked into before other work has its turn.
pub const WALK_FOLDERS_AT_ONCE: usize = 256;
/// How long other work has its turn then.
pub const WALK_STEP_PAUSE: Duration = Duration::from_millis(20);
/// How many times as long as looking through all of a log folder the pause after it is: half a
/// percent of a core, however much lies there.
pub const WALK_SHARE: u32 = 200;
/// The longest such pause: what inotify does not tell, such as what other nodes write into a volume
/// that all of them have, is found by then.
pub const WALK_PAUSE_MAX: Duration = Duration::from_secs(300);
/// How lately something must have appeared in a folder for it to be watched: new tries come to runs
/// that are under way, and seldom to old ones.
pub const WATCH_AGE: Duration = Duration::from_secs(3600);
/// Folders that are watched for task logs. Of all processes of a user there may be some ten
/// thousand, by default.
pub const WATCHED_FOLDERS_MAX: usize = 4096;
/// How often task logs are looked at whose handles are held, or that wait for time to pass.
pub const TASK_REFRESH: Duration = Duration::from_millis(500);
/// How soon a task log is tried again that could not be read.
pub const TASK_RETRY: Duration = Duration::from_secs(30);
/// Task logs that are known and kept: those of a day on a busy node.
pub const TASK_FILES_MAX: usize = 65_536;
/// Lines that the file of places may have beyond twice as many as there are places.
pub const TASK_PLACES_SLACK: usize = 1024;
/// Task logs whose handles are held, on volumes that go with their pods.
pub const TASK_HANDLES_MAX: usize = 256;
/// First bytes of a task log in which is looked for who wrote it: Airflow 2 says so in its tenth
/// line or so.
pub const TASK_HEAD_BYTES: usize = 16 * 1024;
/// How long it may take for that to be written. A busy worker needs some seconds.
pub const TASK_HEAD_WAIT: Duration = Duration::from_secs(60);
/// How long nothing must have come before an entry of several lines is taken as ended. Airflow
/// writes it at once.
pub const TASK_ENTRY_IDLE: Duration = Duration::from_secs(5);
/// How long nothing must have come before a line without its newline is taken as whole: whoever was
/// to write the rest was killed.
pub const TASK_LINE_IDLE: Duration = Duration::from_secs(60);
/// How long nothing must have come before a task log is let go of until it grows.
pub const TASK_REST: Duration = Duration::from_secs(60);
/// Bytes at the beginning of a task's log file that wait for the first record that tells a time. It
/// is the first line in all that Airflow writes; a message before it has some lines.
pub const TASK_LOG_HEAD_BYTES_MAX: usize = 64 * 1024;
/// How far the times of a task's log file may go back, and entries of the same time are still told
/// apart: what a process prints comes by way of its supervisor, and was seen four seconds late.
pub const TASK_LOG_BACK_MAX: Duration = Duration::from_secs(10);
/// Times that are remembered for that. In ten seconds, a task that logs a few hundred lines a
/// second; of one that logs more, the last second or so.
pub const TASK_LOG_TIMES_MAX: usize = 4096;
/// First bytes of a file that tell it from another with the same inode. A CRI record begins with a
/// time in nanoseconds, so a few dozen would do.
pub const FINGERPRINT_BYTES_MAX: usize = 256;
/// First bytes that must be equal before two files with other inodes count as one and its copy: the
/// time of a record, in nanoseconds, and some of its text.
pub const SURE_FINGERPRINT_BYTES_MIN: u64 = 64;
/// What may lie in the dead-letter folder, in bytes. With it full, refused batches are tried again
/// instead: nothing is thrown away.
pub const DEAD_LETTER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Batches that are kept in memory besides on disk, in bytes as they are sent: what a sink that
/// answers needs no file read for. It is also all that waits when the disk cannot be written.
pub const QUEUE_MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Pushes that one refused batch may cost in finding out which of its lines are at fault. A few
/// bad streams among a thousand cost some twenty; a batch of nothing else must not become a flood.
pub const DIVIDE_PUSHES_MAX: u32 = 200;
/// What is read of the store's reason for refusing a batch, in characters.
pub const REASON_CHARS_MAX: usize = 1000;
/// Pods that are remembered after the list of pods has forgotten them. Their lines may still be on
/// their way; a busy node starts a few a second, so this is a good hour's worth.
pub const GONE_PODS_MAX: usize = 8192;
/// Ends of tasks' pods that wait for being pushed. With it full, they are told when the API server
/// speaks of the pod again.
pub const POD_ENDS_MAX: usize = 1024;
/// Logs that are open and wait for the reader to take them over: as many as a node gets in a few
/// seconds of the worst. What is beyond is found by looking through the folders.
pub const HELD_LOGS_MAX: usize = 4096;
/// Batches of entries that wait for one component. With it full, whoever sends waits, up to the
/// files.
pub const MAILBOX_BATCHES_MAX: usize = 16;
/// How deep modules may be used in one another: a module that uses itself would never end.
pub const MODULE_DEPTH_MAX: usize = 16;
/// Bytes of one file of a configuration; a larger one was not written by anybody.
pub const CONFIGURATION_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long lines are kept for a page after it asked for them last.
pub const WATCHED_FOR: Duration = Duration::from_secs(10);
/// Lines that are kept for a page until it asks for them.
pub const WATCHED_LINES_MAX: usize = 200;
/// What braces in one pattern of paths may stand for.
pub const GLOB_ALTERNATIVES_MAX: usize = 256;
/// Files that one pattern of paths may stand for.
pub const GLOB_FILES_MAX: usize = 65_536;
/// Files that are held from their birth on for whoever wants them later. Each costs a handle.
pub const HELD_FILES_MAX: usize = 4096;
/// How long a file is held that can be opened by its name as well.
pub const HELD_PRESENT: Duration = Duration::from_secs(30);
/// How long a file is held that is deleted: as long as the API server may be away before it tells
/// whose the file was.
pub const HELD_GONE: Duration = Duration::from_secs(300);
/// Folders below that of the pods' logs: of a pod, and of a container.
pub const BIRTHS_DEPTH: usize = 2;
/// Changes that wait for somebody who is told of them; who misses one looks everywhere.
pub const BIRTHS_CHANGES_MAX: usize = 256;
/// Files that one component may have open.
pub const FILES_MAX: usize = 16_384;
/// How long nothing must have come of a file that has lost its name, or is not wanted any more,
/// before it is let go: what writes to it may still have it open.
pub const FILE_GRACE: Duration = Duration::from_secs(5);
/// How often files are looked at, whatever changes are told.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// How long to gather files that appear before patterns are looked up again: a node that starts
/// pods all the time must not list its folders for each of them.
pub const MATCH_PAUSE: Duration = Duration::from_millis(20);
/// News of components that wait for being worked in.
pub const NEWS_MAX: usize = 64;
/// Sinks of one `loki.write`: endpoints, by the tenants that entries name.
pub const TENANTS_MAX: usize = 256;
/// How often the file of a `local.file` is looked at, at least: looking costs nothing, and a
/// password that was exchanged is wanted at once.
pub const FILE_LOOK_MAX: Duration = Duration::from_secs(5);
/// Bytes of what a server says to a `remote.http`: a module, a list of targets.
pub const FETCHED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How often an object or a server is asked at most: what they say changes by hand.
pub const POLL_PAUSE_MIN: Duration = Duration::from_millis(100);
/// Bytes of one field of an entry of the journal; what is longer is cut. No store takes as much.
pub const JOURNAL_FIELD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one field of an entry as it is packed, or where it tells how large it becomes.
pub const JOURNAL_PACKED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Fields of one entry of the journal: systemd takes no more.
pub const JOURNAL_ENTRY_FIELDS_MAX: u64 = 1024;
/// Fields that are kept of one file of the journal, since entries share them: those of some hundred
/// processes.
pub const JOURNAL_FIELDS_KEPT: usize = 4096;
/// Bytes of such a field: longer ones are messages, which come once.
pub const JOURNAL_KEPT_BYTES_MAX: usize = 256;
/// Files of the journal that one component reads. Each costs a handle.
pub const JOURNAL_FILES_MAX: usize = 1024;
/// Entries of the journal that are read from one file before the next has its turn.
pub const JOURNAL_BATCH_ENTRIES_MAX: usize = 512;
/// How often it is looked for files of the journal: they are exchanged a few times a day.
pub const JOURNAL_LOOK: Duration = Duration::from_secs(2);
/// Bytes of one message of syslog, whatever is configured: more than a datagram holds, or a store
/// takes as a line.
pub const SYSLOG_MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Connections to one place that syslog is listened at. Each costs a handle and a buffer.
pub const SYSLOG_CONNECTIONS_MAX: usize = 1024;
/// Entries of syslog that go on together: waiting for them costs time, going alone costs more.
pub const SYSLOG_BATCH_ENTRIES_MAX: usize = 512;
/// How long nothing must come over a connection of syslog that is about to be closed,
pub const SYSLOG_DRAIN_PAUSE: Duration = Duration::from_millis(100);
/// and how long it is read at most by then: whoever sends without a pause must not hold up the end.
pub const SYSLOG_DRAIN_MAX: Duration = Duration::from_secs(2);
/// Bytes of one file of targets: some hundred thousand of them.
pub const TARGET_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What a page shows of the arguments or exports of one component, in bytes.
pub const VIEWED_BYTES_MAX: usize = 16 * 1024;
/// How long to gather changes of pods before targets are told anew. A file is held from its birth
/// on, so that nothing is lost meanwhile.
pub const DISCOVERY_PAUSE: Duration = Duration::from_millis(50);
/// How long targets of pods that are gone are told: as long as their files are held.
pub const GONE_TARGETS_KEPT: Duration = HELD_GONE;
/// How long whoever pushes to us waits for all stores to acknowledge what it pushed.
pub const PUSH_WAIT: Duration = Duration::from_secs(30);
/// Pushes that are dealt with at the same time. Each waits until it is acknowledged.
pub const PUSHES_AT_ONCE_MAX: usize = 512;
/// How many looks at files there are for one at which files there are, where nothing is told.
pub const LOOKS_FOR_FILES: u32 = 8;
/// How many looks at files there are before positions are forgotten of files that are gone: a good
/// minute, in which targets have become known that were known to an earlier run.
pub const LOOKS_PER_SWEEP: u32 = 256;
/// Logs of containers that are read from the Kubernetes API at the same time. Each is a connection
/// through the API server to a kubelet; the others wait their turn.
pub const API_STREAMS_MAX: usize = 256;
/// How long one log is read from the Kubernetes API while others wait for their turn.
pub const API_TURN: Duration = Duration::from_secs(30);
/// Lines of a log that are known one by one, so that a log that is asked for again goes on where it
/// was: as far as the two streams of a container may come in another order than their times.
pub const SEEN_LINES_MAX: usize = 64;
/// How long the Kubernetes API may take to begin an answer.
pub const API_ANSWER_MAX: Duration = Duration::from_secs(30);
/// The pause after a log of the Kubernetes API has ended or could not be had, the first and,
pub const API_PAUSE_MIN: Duration = Duration::from_millis(250);
/// as it grows, the longest: a container that has ended may begin again at any time.
pub const API_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a pod whose node nobody knows may be without a folder on this node before it is taken
/// to be on another.
pub const API_GRACE: Duration = Duration::from_secs(30);
/// How often it is looked for which pods have a folder on this node.
pub const API_LOOK: Duration = Duration::from_secs(5);
/// How long a log of the Kubernetes API is read to its end when nobody wants it any more. A pod
/// that is deleted has half a minute to end.
pub const API_OVER_MAX: Duration = Duration::from_secs(60);
/// How long after the start positions are kept of what nobody has asked for since.
pub const PLACES_KEPT: Duration = Duration::from_secs(600);
/// Bytes of one answer of Docker's engine that is no log: the list of some thousand containers.
pub const DOCKER_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Logs that one component reads from Docker's engine. Each is a connection.
pub const DOCKER_LOGS_MAX: usize = 1024;
/// Bytes of what one target tells when it is scraped: some fifty thousand samples.
pub const SCRAPED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Samples that wait for one endpoint of `prometheus.remote_write`, in memory: half a kilobyte
/// each. Our own metrics are some two hundred a minute, so that these are four hours of them.
pub const SAMPLES_WAITING_MAX: usize = 50_000;
/// Samples of one request of `prometheus.remote_write`, whatever is configured: stores take some
/// megabytes.
pub const SAMPLES_PER_SEND_MAX: usize = 20_000;
/// How long samples are sent that wait when their component ends; each batch is tried once.
pub const SAMPLES_DRAIN_MAX: Duration = Duration::from_secs(3);
