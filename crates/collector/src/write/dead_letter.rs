//! Batches that the store refused for good, kept on disk with its reason.
//!
//! One file is one batch: a line of JSON with the status and the reason, and below it the body of a
//! push in Loki's JSON form, so that it can be sent once the cause is mended:
//! `tail -n +2 FILE | curl --json @- URL/loki/api/v1/push`. Of one that cannot be read, the body
//! is what was sent, in a file that ends in `.push`.

use std::fs;
use std::io;
use std::path::PathBuf;

use model::{Clock, Stream};
use serde_json::{Value, json};

use crate::Error;
use crate::limits::DEAD_LETTER_BYTES_MAX;
use crate::tail::write_whole;

/// What was refused.
#[derive(Debug, Clone, Copy)]
pub enum Refused<'a> {
    /// These streams.
    Streams(&'a [Stream]),
    /// A body that cannot be decoded.
    Body(&'a [u8]),
}

/// The folder of refused batches.
#[derive(Debug)]
pub struct DeadLetters {
    folder: PathBuf,
    bytes: u64,
    bytes_max: u64,
    count: u64,
}

impl DeadLetters {
    /// The refused batches in this folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(folder: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::StateFolder { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut bytes = 0;
        for entry in fs::read_dir(&folder).map_err(failed)? {
            bytes += entry.and_then(|entry| entry.metadata()).map_err(failed)?.len();
        }
        Ok(Self { folder, bytes, bytes_max: DEAD_LETTER_BYTES_MAX, count: 0 })
    }

    /// Keeps a batch and tells where.
    ///
    /// # Errors
    /// When the folder is full or cannot be written to; the batch must then not be let go.
    pub fn keep(
        &mut self,
        refused: Refused<'_>,
        status: u16,
        reason: &str,
        clock: &dyn Clock,
    ) -> io::Result<PathBuf> {
        let head = json!({"status": status, "reason": reason});
        let mut letter = format!("{head}\n").into_bytes();
        let ending = match refused {
            Refused::Streams(streams) => {
                let streams: Vec<Value> = streams.iter().map(stream_json).collect();
                letter.extend_from_slice(format!("{}\n", json!({"streams": streams})).as_bytes());
                "json"
            }
            Refused::Body(body) => {
                letter.extend_from_slice(body);
                "push"
            }
        };
        let len = letter.len() as u64;
        if self.bytes + len > self.bytes_max {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the dead-letter folder is full",
            ));
        }
        let name = format!("{:020}-{}.{ending}", clock.now().as_nanos(), self.count);
        let path = self.folder.join(name);
        write_whole(&path, &letter)?;
        self.bytes += len;
        self.count += 1;
        Ok(path)
    }
}

fn stream_json(stream: &Stream) -> Value {
    let object = |labels: &model::Labels| {
        let pairs = labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        Value::Object(pairs.collect())
    };
    let value = |entry: &model::Entry| {
        json!([entry.timestamp.to_string(), entry.line, object(&entry.metadata)])
    };
    let values: Vec<Value> = stream.entries.iter().map(value).collect();
    json!({"stream": object(&stream.labels), "values": values})
}

#[cfg(test)]
mod tests {
    use model::{Entry, Labels, ManualClock, Timestamp};

    use super::*;

    #[test]
    fn a_refused_batch_can_be_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut letters = DeadLetters::open(folder.path().to_owned()).unwrap();
        let labels = Labels::new([("app", "airflow")]);
        let mut entry = Entry::new(Timestamp(7), "a \"line\"\nof two");
        entry.metadata = Labels::new([("pod", "p")]);
        let streams = [Stream { labels, entries: vec![entry] }];
        let clock = ManualClock::default();
        let path = letters.keep(Refused::Streams(&streams), 400, "too old", &clock).unwrap();
        let text = fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once('\n').unwrap();
        assert_eq!(head, r#"{"reason":"too old","status":400}"#);
        let (json, limits) = (Some("application/json"), loki::push::PushLimits::default());
        let push = loki::push::decode(json, None, body.as_bytes(), &limits);
        assert_eq!(push.unwrap(), streams);
        assert_eq!(DeadLetters::open(folder.path().to_owned()).unwrap().bytes, text.len() as u64);
    }

    #[test]
    fn what_cannot_be_read_is_kept_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut letters = DeadLetters::open(folder.path().to_owned()).unwrap();
        let clock = ManualClock::default();
        let path = letters.keep(Refused::Body(b"\xff\n\0"), 400, "what", &clock).unwrap();
        assert_eq!(path.extension().unwrap(), "push");
        let kept = b"{\"reason\":\"what\",\"status\":400}\n\xff\n\0";
        assert_eq!(fs::read(path).unwrap(), kept);
    }

    #[test]
    fn a_full_folder_takes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut letters =
            DeadLetters { bytes_max: 10, ..DeadLetters::open(folder.path().to_owned()).unwrap() };
        let error =
            letters.keep(Refused::Streams(&[]), 400, "why", &ManualClock::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
