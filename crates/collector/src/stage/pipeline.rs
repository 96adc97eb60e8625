//! The stages of one file in their order: bytes in, entries out, and how far one has come.
//!
//! A restart must make of the same bytes the same entries. So besides the place up to which all is
//! acknowledged, a position names a *safe* place before it: a record at which nothing was open and
//! nothing remembered, so that reading on from there with a fresh pipeline goes the same way as the
//! first time. What comes out between the two places is dropped.
//!
//! Where it depends on all lines before whose a line is (`owner.rs`), a place is safe only with
//! what these lines have told. So it is one only now and then: a [`Checkpoint`].
//!
//! A rotation may fall in the middle of a line or of a traceback. Then what is open is handed over
//! to the file that goes on, and is an entry of that file, at its first byte. The position of the
//! file that began it stays before it until the other file's says that it is dealt with; so after a
//! restart it is found and handed over again.

use std::sync::Arc;
use std::time::Duration;

use airflow::Pod;
use airflow::attribute::{Answer, Attributor, Begun};
use airflow::pod::Attribution;
use model::{Entry, Labels, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits::{
    CHECKPOINT_BYTES, CRI_HEADER_BYTES_MAX, GAP_GRACE, PARTIAL_GAP, TRACEBACK_GAP,
    TRACEBACK_LINES_MAX,
};
use crate::stage::airflow::Labeller;
use crate::stage::cri::{self, Joiner, Line, Record};
use crate::stage::distinct::Distinct;
use crate::stage::docker;
use crate::stage::lane::{Lane, Lanes};
use crate::stage::line::{Physical, Splitter};
use crate::stage::multiline::{Joined, Multiline};
use crate::stage::owner::{Inheritance, Owners, WAIT};

/// How far a file has been dealt with, in bytes from its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Where to read on from: a safe place, not after any of `lanes`.
    pub replay_from: u64,
    /// All entries of a lane that begin before this place are dealt with.
    pub lanes: Lanes<u64>,
}

impl Position {
    /// The one that is further in every respect.
    pub fn later(self, other: Self) -> Self {
        self.both(other, u64::max)
    }

    /// The one that is less far in every respect.
    pub fn earlier(self, other: Self) -> Self {
        self.both(other, u64::min)
    }

    fn both(self, other: Self, choose: fn(u64, u64) -> u64) -> Self {
        Self {
            replay_from: choose(self.replay_from, other.replay_from),
            lanes: Lanes::each(|lane| choose(self.lanes[lane], other.lanes[lane])),
        }
    }
}

/// Where a file is taken up, and what is known there.
#[derive(Debug)]
pub struct Start {
    /// The place.
    pub position: Position,
    /// The time of lines that come before any record tells one: a file that does not begin with a
    /// CRI record.
    pub born: Timestamp,
    /// Whether that place is the first byte of a log, of which nothing is in another file.
    pub begun: Begun,
    /// What was kept of the place to read on from.
    pub state: Option<Arc<Attributor>>,
}

/// A safe place, and what the lines before it have told of those behind it.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The place.
    pub at: u64,
    /// Who has read the lines before it.
    pub state: Arc<Attributor>,
}

/// What came of some bytes of a file.
#[derive(Debug, Default)]
pub struct Parcel {
    /// The entries, in the order of the file.
    pub entries: Vec<(Labels, Entry)>,
    /// How many bytes it came of.
    pub bytes: usize,
    /// How many records were read for the first time.
    pub records_read: u64,
    /// How many records the entries were made of.
    pub records: u64,
    /// How many entries lost an end that was too long.
    pub cut: u64,
    /// How far the file is dealt with once these entries are.
    pub position: Position,
}

/// What a file leaves open for the file that goes on where it ends.
#[derive(Debug)]
pub struct Carry {
    /// How far the file was read that leaves it.
    pub end: u64,
    joiner: Joiner,
    multiline: Multiline,
    inheritance: Inheritance,
}

/// The stages of one file.
#[derive(Debug)]
pub struct Pipeline {
    splitter: Splitter,
    joiner: Joiner,
    multiline: Multiline,
    distinct: Distinct,
    labeller: Labeller,
    owners: Owners,
    /// What was dealt with before this pipeline began.
    done: Lanes<u64>,
    /// Whether a lane has come to the place where it was left.
    resumed: Lanes<bool>,
    /// Where that begins which was handed over.
    handed_over: Lanes<Option<u64>>,
    safe: u64,
    checkpoints: Vec<Checkpoint>,
    /// Whether the next safe place becomes one.
    is_checkpoint_due: bool,
    /// How far they are apart at least.
    checkpoint_bytes: u64,
    last_timestamp: Timestamp,
    line_bytes_max: usize,
    /// What a line has completed; empty between lines, and kept for its memory.
    complete: Vec<Joined>,
    parcel: Parcel,
}

impl Pipeline {
    /// A pipeline that goes on from a place.
    pub fn new(start: Start, labeller: Labeller, line_bytes_max: usize) -> Self {
        let Start { position, born, begun, state } = start;
        Self {
            splitter: Splitter::new(position.replay_from, line_bytes_max + CRI_HEADER_BYTES_MAX),
            joiner: joiner(line_bytes_max),
            multiline: multiline(line_bytes_max),
            distinct: Distinct::default(),
            labeller,
            owners: Owners::new(begun, state),
            done: position.lanes,
            resumed: Lanes::default(),
            handed_over: Lanes::default(),
            safe: position.replay_from,
            checkpoints: Vec::new(),
            is_checkpoint_due: false,
            checkpoint_bytes: CHECKPOINT_BYTES,
            last_timestamp: born,
            line_bytes_max,
            complete: Vec::new(),
            parcel: Parcel::default(),
        }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.begin();
        self.parcel.bytes += bytes.len();
        let mut splitter = std::mem::take(&mut self.splitter);
        splitter.feed(bytes, |line| self.physical(&line));
        self.splitter = splitter;
    }

    /// Ends what is open and has waited longer than any gap between the records of one entry, after
    /// the file has been idle for so long. Were more of it to come all the same, it would be an
    /// entry of its own; and a restart, which sees no idleness, cuts at the positions of the lanes,
    /// where this did.
    pub fn end_idle(&mut self, idle: Duration) {
        // Before anything else ends that could tell of it, as a late record finds it.
        self.let_go_idle(idle);
        for lane in Lane::ALL {
            if idle > PARTIAL_GAP + GAP_GRACE {
                self.end_partial(lane);
            }
            if idle > TRACEBACK_GAP + GAP_GRACE && self.joiner.open_start(lane).is_none() {
                self.end_traceback(lane);
            }
        }
        self.let_go_idle(idle);
    }

    /// Takes the last line too if it has no newline, because none will come.
    pub fn end_bytes(&mut self) {
        if let Some(line) = self.splitter.finish() {
            self.physical(&line);
        }
    }

    /// Ends what is open because nothing more will come.
    pub fn finish(&mut self) {
        self.end_bytes();
        self.end_idle(Duration::MAX);
    }

    /// Gives away what is open, to the file that goes on where this one ends.
    pub fn hand_over(&mut self) -> Carry {
        for lane in Lane::ALL {
            // What was ended before a restart is not open, whatever the replay makes of it.
            self.resume(lane);
            self.handed_over[lane] = self.handed_over[lane].or(self.open_start(lane));
        }
        let joiner = std::mem::replace(&mut self.joiner, joiner(self.line_bytes_max));
        let multiline = std::mem::replace(&mut self.multiline, multiline(self.line_bytes_max));
        self.begin();
        let done = self.done;
        let inheritance = self.owners.hand_over(|joined| joined.start < done[joined.lane]);
        let end = self.splitter.start();
        Carry { end, joiner: joiner.carried(), multiline: multiline.carried(), inheritance }
    }

    /// Goes on with what another file left open. A pipeline that begins at a later place than the
    /// first byte has it behind it.
    pub fn take_over(&mut self, carry: Carry) {
        if self.splitter.start() == 0 {
            (self.joiner, self.multiline) = (carry.joiner, carry.multiline);
            self.owners.take_over(carry.inheritance);
        }
    }

    /// Where the next bytes come from.
    pub fn fed(&self) -> u64 {
        self.splitter.end()
    }

    /// Whether nothing is open: no traceback, no line without its end.
    pub fn is_idle(&self) -> bool {
        self.has_no_entry_open() && self.splitter.is_empty()
    }

    /// From now on lines get the labels of this pod.
    pub fn know(&mut self, pod: Arc<Pod>, container: &str) {
        self.labeller = Labeller::new(pod, container);
        self.is_checkpoint_due |= self.owners.know(&self.labeller);
    }

    /// The file turns out not to be the first of its log.
    pub fn begin_somewhere(&mut self) {
        self.owners.begin_somewhere();
    }

    /// What must be kept with the file before its position comes to one of these places.
    pub fn take_checkpoints(&mut self) -> Vec<Checkpoint> {
        std::mem::take(&mut self.checkpoints)
    }

    /// What has come out since the last call.
    pub fn take_parcel(&mut self) -> Parcel {
        let position = self.position();
        Parcel { position, ..std::mem::take(&mut self.parcel) }
    }

    /// How far the file is dealt with once all that came out is.
    pub fn position(&self) -> Position {
        let next = self.splitter.start();
        let open = |lane| self.handed_over[lane].or(self.open_start(lane));
        let reached = |lane| open(lane).unwrap_or(next).max(self.done[lane]);
        Position { replay_from: self.safe, lanes: Lanes::each(reached) }
    }

    /// Before the first line.
    fn begin(&mut self) {
        if self.owners.begin(&self.labeller) {
            self.keep_state(self.splitter.start());
        }
    }

    fn keep_state(&mut self, at: u64) {
        let state = self.owners.state().map(|state| Checkpoint { at, state });
        self.checkpoints.extend(state);
    }

    fn has_no_entry_open(&self) -> bool {
        self.owners.is_idle() && Lane::ALL.iter().all(|lane| self.open_start(*lane).is_none())
    }

    fn open_start(&self, lane: Lane) -> Option<u64> {
        let waiting = self.owners.open_start(lane);
        waiting.or_else(|| self.multiline.open_start(lane)).or_else(|| self.joiner.open_start(lane))
    }

    fn physical(&mut self, line: &Physical<'_>) {
        if let Some(record) = cri::parse(&line.bytes).or_else(|| docker::parse(&line.bytes)) {
            self.record(&record, line.start, line.cut);
            return;
        }
        self.arrive(Lane::Unknown, line.start);
        let time = self.last_timestamp;
        self.line(cri::stray(&line.bytes, line.cut, line.start, time, self.line_bytes_max));
    }

    fn record(&mut self, record: &Record<'_>, start: u64, cut: u64) {
        // What is too old goes first, in a replay too: the order of lines decides on levels.
        if !self.has_no_entry_open() {
            self.expire(record.timestamp);
        }
        self.arrive(record.lane, start);
        if self.is_safe(record) {
            self.distinct.reset();
            self.reach(start);
        }
        self.last_timestamp = record.timestamp;
        if let Some(line) = self.joiner.take(record, start, cut) {
            self.line(line);
        }
    }

    /// Comes to a safe place.
    fn reach(&mut self, start: u64) {
        if self.owners.has_state() {
            if !self.is_checkpoint_due && start - self.safe < self.checkpoint_bytes {
                return;
            }
            self.keep_state(start);
            self.is_checkpoint_due = false;
        }
        self.safe = start;
    }

    fn expire(&mut self, now: Timestamp) {
        self.let_go(now);
        self.joiner.expire(now).for_each(|line| self.line(line));
        let mut ended = Vec::new();
        self.multiline.expire(now, &mut |joined| ended.push(joined));
        ended.into_iter().for_each(|joined| self.place(joined));
        self.let_go(now);
    }

    /// Whether all that follows a record is the same for a pipeline that begins with it: nothing is
    /// open, no equal entry can have come before, and it is a whole line that does not begin a
    /// traceback. A traceback takes its level from the line before, which a partial line leaves in
    /// force.
    fn is_safe(&self, record: &Record<'_>) -> bool {
        let has_handed_over = Lane::ALL.iter().any(|lane| self.handed_over[*lane].is_some());
        let has_open = has_handed_over || !self.has_no_entry_open();
        !record.is_partial
            && !has_open
            && self.distinct.is_past(record.timestamp)
            && !airflow::traceback::may_begin(&record.content)
    }

    /// Notes that a record of a lane begins here, and when that is where the lane was left, ends
    /// what the replay has opened in it.
    fn arrive(&mut self, lane: Lane, start: u64) {
        if start < self.done[lane] {
            return;
        }
        self.parcel.records_read += 1;
        self.resume(lane);
    }

    /// Ends what the replay has opened in a lane, if the lane has only now come to where it was
    /// left.
    fn resume(&mut self, lane: Lane) {
        let was_resumed = std::mem::replace(&mut self.resumed[lane], true);
        if !was_resumed && self.done[lane] > 0 {
            self.end_partial(lane);
            self.end_traceback(lane);
        }
    }

    fn end_partial(&mut self, lane: Lane) {
        if let Some(line) = self.joiner.end(lane) {
            self.line(line);
        }
    }

    fn end_traceback(&mut self, lane: Lane) {
        let mut ended = Vec::new();
        self.multiline.cut(lane, &mut |joined| ended.push(joined));
        ended.into_iter().for_each(|joined| self.place(joined));
    }

    fn line(&mut self, line: Line) {
        let (mut complete, now) = (std::mem::take(&mut self.complete), line.last_timestamp);
        let answer = self.owners.ask(&line);
        self.multiline.take(line, answer, &mut |joined| complete.push(joined));
        complete.drain(..).for_each(|joined| self.place(joined));
        self.complete = complete;
        self.let_go(now);
    }

    /// Gives an entry its time, and its turn when it is known whose it is.
    fn place(&mut self, joined: Joined) {
        let timestamp = self.distinct.place(joined.timestamp, &joined.text);
        let joined = Joined { timestamp, ..joined };
        if self.owners.is_idle()
            && let Answer::Now(of) = &joined.answer
        {
            let of = of.clone();
            return self.emit(joined, of);
        }
        self.owners.push(joined);
    }

    fn let_go_idle(&mut self, idle: Duration) {
        if idle > WAIT + GAP_GRACE {
            self.let_go(Timestamp::MAX);
        }
    }

    /// Gives out what need not wait any longer.
    fn let_go(&mut self, now: Timestamp) {
        while let Some((joined, of)) = self.owners.next(now) {
            self.emit(joined, of);
        }
    }

    fn emit(&mut self, joined: Joined, of: Option<Arc<Attribution>>) {
        if joined.start < self.done[joined.lane] {
            return;
        }
        let columns = self.labeller.columns(joined.lane, joined.level, of);
        let metadata = columns.metadata.clone();
        self.parcel.records += joined.records;
        self.parcel.cut += u64::from(joined.is_cut);
        let entry = Entry { timestamp: joined.timestamp, line: joined.text, metadata };
        self.parcel.entries.push((columns.labels.clone(), entry));
    }
}

/// Whether the first bytes of a file hold the time of its first record, so that no other file
/// begins with them but a copy.
pub fn is_stamped(head: &[u8]) -> bool {
    cri::is_stamped(head) || docker::is_stamped(head)
}

fn joiner(bytes_max: usize) -> Joiner {
    Joiner::new(bytes_max, PARTIAL_GAP)
}

fn multiline(bytes_max: usize) -> Multiline {
    Multiline::new(TRACEBACK_LINES_MAX, bytes_max, TRACEBACK_GAP)
}

#[cfg(test)]
mod tests;
