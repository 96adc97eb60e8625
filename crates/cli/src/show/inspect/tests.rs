//! How the tables look.

use insta::assert_snapshot;
use store::inspect::{ColumnSpace, RowGroupSpace, StreamSpace, WriterState};

use super::*;

const TIME: Timestamp = Timestamp(1_768_456_800_000_000_000);

fn shown(print: impl Fn(&Tables, &mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&Tables::new(TimeZone::UTC, false), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_manifest() {
    let id = "01M808TX00AA3AJKASYA317FA2".to_owned();
    let writers = vec![WriterState { id: id.clone(), epoch: 3, next_sequence: 12 }];
    let (version, commit) = (1, id);
    let manifest = ManifestState {
        number: 7,
        version,
        commit,
        segments: 3,
        rows: 4_000_000,
        bytes: 82_854_982,
        removed_segments: 2,
        removed_bytes: 3_000,
        writers,
    };
    assert_snapshot!(shown(|tables, out| tables.manifest(out, &manifest)), @r"
    manifest  7
    commit    01M808TX00AA3AJKASYA317FA2
    segments  3
    rows      4000000
    bytes     83 MB
    removed   2 segments, 3.0 kB of objects that go soon

    writer                      epoch  next record
    01M808TX00AA3AJKASYA317FA2      3           12
    ");
}

#[test]
fn segments_and_days() {
    let segment = SegmentState {
        path: "tenants/fake/2026-01-15/01M808TX003BHN18A03MTRB98B.parquet".into(),
        id: "01M808TX003BHN18A03MTRB98B".into(),
        tenant: "fake".into(),
        day: "2026-01-15".into(),
        rows: 17,
        bytes: 1355,
        min_timestamp: TIME,
        max_timestamp: TIME,
    };
    assert_snapshot!(shown(|tables, out| tables.segments(out, std::slice::from_ref(&segment))), @r"
    rows   bytes  first                 last                  segment
      17  1.4 kB  2026-01-15T06:00:00Z  2026-01-15T06:00:00Z  tenants/fake/2026-01-15/01M808TX003BHN18A03MTRB98B.parquet
    ");
    let SegmentState { tenant, day, rows, bytes, .. } = segment;
    let (min_timestamp, max_timestamp) = (TIME, TIME);
    let day = DayState { tenant, day, segments: 2, rows, bytes, min_timestamp, max_timestamp };
    assert_snapshot!(shown(|tables, out| tables.days(out, std::slice::from_ref(&day))), @r"
    day         segments  rows   bytes  tenant
    2026-01-15         2    17  1.4 kB  fake
    ");
}

#[test]
fn a_segment_in_depth() {
    let column = |name: &str, kind: &str, bytes| ColumnSpace {
        name: name.into(),
        kind: kind.into(),
        compressed_bytes: bytes,
        uncompressed_bytes: bytes * 4,
        compression: "ZSTD".into(),
        encodings: vec!["PLAIN".into(), "RLE".into()],
    };
    let segment = SegmentDepth {
        path: "tenants/fake/2026-01-15/01M808TX003BHN18A03MTRB98B.parquet".into(),
        is_live: true,
        bytes: 3000,
        footer_bytes: 700,
        rows: 17,
        line_bytes: 9000,
        created_by: None,
        row_groups: vec![RowGroupSpace {
            rows: 17,
            compressed_bytes: 2300,
            uncompressed_bytes: 9200,
        }],
        columns: vec![column("line", "entry", 2000), column("dag_id", "label", 300)],
        streams: 4,
        largest_streams: vec![StreamSpace {
            labels: "{dag_id=\"etl\"}".into(),
            rows: 9,
            line_bytes: 5000,
            min_timestamp: TIME,
            max_timestamp: TIME,
        }],
    };
    assert_snapshot!(shown(|tables, out| tables.segment(out, &segment)), @r#"
    segment        tenants/fake/2026-01-15/01M808TX003BHN18A03MTRB98B.parquet
    live           yes
    created by     -
    rows           17
    bytes          3.0 kB
    of its lines   9.0 kB
    in its footer  700 B
    streams        4

    row group  rows   bytes  uncompressed
            0    17  2.3 kB        9.2 kB

    column  kind    bytes  uncompressed  compression  encodings
    line    entry  2.0 kB        8.0 kB  ZSTD         PLAIN RLE
    dag_id  label   300 B        1.2 kB  ZSTD         PLAIN RLE

    rows  line bytes  first                 last                  largest streams
       9      5.0 kB  2026-01-15T06:00:00Z  2026-01-15T06:00:00Z  {dag_id="etl"}
    "#);
}

#[test]
fn space_and_log() {
    let space = |value: Option<&str>, line_bytes| LabelSpace {
        tenant: "fake".into(),
        value: value.map(str::to_owned),
        segments: 2,
        rows: 40,
        line_bytes,
        stored_bytes: line_bytes / 10,
    };
    let spaces = [space(Some("etl"), 70_000), space(None, 500)];
    assert_snapshot!(shown(|tables, out| tables.label(out, "dag_id", &spaces)), @r"
    segments  rows  line bytes  about stored  tenant  dag_id
           2    40       70 kB        7.0 kB  fake    etl
           2    40       500 B          50 B  fake    -
    ");
    let file = |number: u64, records, tail| LogFileState {
        name: format!("{number:020}.wal"),
        bytes: 48 + 100 * records,
        version: Some(1),
        writer: None,
        first_sequence: number,
        records,
        unpublished_records: records / 2,
        payload_bytes: 80 * records,
        tail,
    };
    let files = [
        file(1, 4, Tail::Whole),
        file(5, 0, Tail::Damaged { offset: 48 }),
        file(6, 3, Tail::Torn { offset: 348 }),
    ];
    assert_snapshot!(shown(|tables, out| tables.log(out, &files)), @r"
    file                      bytes  records  not in segments  end
    00000000000000000001.wal  448 B  1-4                    2  whole
    00000000000000000005.wal   48 B  -                      0  DAMAGED at byte 48: a start refuses it
    00000000000000000006.wal  348 B  6-8                    1  torn at byte 348: a start cuts it off
    ");
}
