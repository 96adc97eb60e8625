//! Samples on the wire: the messages of Prometheus' remote write 1.0, in a snappy block.
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>

use prost::Message;

use crate::prometheus::sample::Sample;

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    /// Sorted by name.
    #[prost(message, repeated, tag = "1")]
    labels: Vec<LabelPair>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// The body of a request with these samples, those of one series in the order of their times.
pub fn encode(samples: &[Sample]) -> Vec<u8> {
    let series = |sample: &Sample| TimeSeries {
        labels: sample.labels.iter().map(pair).collect(),
        samples: vec![Value { value: sample.value, timestamp: sample.time_ms }],
    };
    let message = WriteRequest { timeseries: samples.iter().map(series).collect() };
    let bytes = message.encode_to_vec();
    snap::raw::Encoder::new().compress_vec(&bytes).expect("a batch is far below 4 GiB")
}

fn pair((name, value): (&str, &str)) -> LabelPair {
    LabelPair { name: name.to_owned(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use model::Labels;

    use super::*;

    /// The bytes stand as the specification has them, written by hand.
    #[test]
    fn bytes_are_those_of_the_specification() {
        let labels = Labels::new([("__name__", "up"), ("a", "b")]);
        let body = encode(&[Sample { labels, value: 1.0, time_ms: 1000 }]);
        let bytes = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let mut expect = vec![0x0a, 0x26];
        expect.extend(b"\x0a\x0e\x0a\x08__name__\x12\x02up");
        expect.extend(b"\x0a\x06\x0a\x01a\x12\x01b");
        expect.extend(b"\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xe8\x07");
        assert_eq!(bytes, expect);
    }
}
