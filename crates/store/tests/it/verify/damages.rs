//! The damages, a test for each sort.

use std::time::Duration;

use arrow::array::{AsArray, StringViewArray};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use super::crafted::{Craft, Forged, readable};
use super::*;

/// The footer of a segment, with the places of its pages.
fn footer(bytes: &[u8]) -> ParquetMetaData {
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    reader.try_parse(&bytes::Bytes::copy_from_slice(bytes)).unwrap();
    reader.finish().unwrap()
}

/// Overwrites the beginning of a page: of the second row group, of this column. Returns its rows.
fn smash(bytes: &mut [u8], column: &str, page: usize) -> u64 {
    let footer = footer(bytes);
    let schema = footer.file_metadata().schema_descr();
    let column = schema.columns().iter().position(|c| c.name() == column).unwrap();
    let pages = footer.offset_index().unwrap()[1][column].page_locations();
    let start = usize::try_from(pages[page].offset).unwrap();
    bytes[start..start + 8].fill(0xFF);
    let end = pages.get(page + 1).map_or(footer.row_group(1).num_rows(), |p| p.first_row_index);
    u64::try_from(end - pages[page].first_row_index).unwrap()
}

const UNREADABLE: &[&str] = &["rows.lost", "rows.unreadable", "segment.checksum"];

#[tokio::test]
async fn nothing_is_wrong() {
    let lost = check(async |_| {}, Expect::default()).await;
    assert_eq!(lost, []);
}

#[tokio::test]
async fn a_page_of_lines_that_cannot_be_read() {
    let world = World::new().await;
    let path = world.segment(190).await;
    let mut bytes = world.get(&path).await;
    let rows = smash(&mut bytes, "line", 1);
    assert_eq!(rows, 16);
    let damage = async |world: &World| {
        let path = world.segment(190).await;
        let mut bytes = world.get(&path).await;
        smash(&mut bytes, "line", 1);
        world.put(&path, bytes).await;
    };
    let lost = check(damage, Expect { errors: UNREADABLE, lost: rows, ..Expect::default() }).await;
    let [lost] = &lost[..] else { panic!("{lost:?}") };
    assert_eq!((lost.rows, lost.tenant.as_deref()), (rows, Some("fake")));
    let span = (lost.min_timestamp.unwrap(), lost.max_timestamp.unwrap());
    assert_eq!(span, (Timestamp(at(0)), Timestamp(at(149))));
    let text = lost.to_string();
    assert!(text.starts_with("16 rows cannot be read, tenant fake, day 2026-11-22"), "{text}");
}

#[tokio::test]
async fn a_page_of_metadata_that_cannot_be_read_leaves_the_lines() {
    let damage = async |world: &World| {
        let path = world.segment(190).await;
        let mut bytes = world.get(&path).await;
        smash(&mut bytes, "pod", 0);
        world.put(&path, bytes).await;
    };
    // Of 16 rows, 6 had no metadata.
    let expect = Expect { errors: UNREADABLE, changed: 10, ..Expect::default() };
    let lost = check(damage, expect).await;
    assert_eq!(lost[0].to_string().split(',').next(), Some("16 rows have lost columns"));
}

#[tokio::test]
async fn a_page_of_labels_that_cannot_be_read_costs_nothing() {
    let damage = async |world: &World| {
        let path = world.segment(190).await;
        let mut bytes = world.get(&path).await;
        smash(&mut bytes, "app", 0);
        world.put(&path, bytes).await;
    };
    check(damage, Expect { errors: UNREADABLE, ..Expect::default() }).await;
}

fn lines(bytes: &[u8]) -> Option<Vec<String>> {
    let rows = readable(bytes)?;
    let lines: &StringViewArray = rows.column(1).as_string_view();
    Some(lines.iter().map(|line| line.unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn a_flipped_byte_that_zstd_does_not_see() {
    let damage = async |world: &World| {
        let path = world.segment(190).await;
        let bytes = world.get(&path).await;
        let whole = lines(&bytes).unwrap();
        let (start, length) = footer(&bytes).row_group(0).column(1).byte_range();
        let flipped = (start..start + length).find_map(|at| {
            let mut bytes = bytes.clone();
            bytes[usize::try_from(at).unwrap()] ^= 1;
            let read = std::panic::catch_unwind(|| lines(&bytes)).ok().flatten()?;
            let changed: Vec<_> = read.iter().zip(&whole).filter(|(a, b)| a != b).collect();
            let is_one = changed.len() == 1 && changed[0].0.len() == changed[0].1.len();
            is_one.then_some(bytes)
        });
        world.put(&path, flipped.expect("one of these bytes is part of a text")).await;
    };
    let world = World::new().await;
    damage(&world).await;
    let report = verify(world.repairs().verification(), Depth::Full).await;
    let errors = rules(&report.findings, Severity::Error);
    // The other text may have trigrams that the footer knows, or not.
    assert!(matches!(errors[..], ["segment.checksum"] | ["rows.trigrams", "segment.checksum"]));
    check(damage, Expect { errors: &errors, changed: 1, ..Expect::default() }).await;
}

#[tokio::test]
async fn an_object_that_is_cut_short() {
    let damage = async |world: &World| {
        let path = world.segment(90).await;
        let bytes = world.get(&path).await;
        world.put(&path, bytes[..bytes.len() / 2].to_vec()).await;
    };
    let errors = &["segment.footer", "segment.size"];
    let expect = Expect { errors, quick: errors, lost: 90, ..Expect::default() };
    let lost = check(damage, expect).await;
    let text = lost[0].to_string();
    assert!(text.starts_with("90 rows are out of reach, tenant o*r, day 2026-11-22"), "{text}");
}

#[tokio::test]
async fn an_object_that_is_gone() {
    let damage = async |world: &World| world.remove(&world.segment(60).await).await;
    let errors = &["segment.lost"];
    check(damage, Expect { errors, quick: errors, lost: 60, ..Expect::default() }).await;
}

#[tokio::test]
async fn objects_that_were_swapped_between_tenants_and_days() {
    for (one, other) in [(190, 90), (190, 30), (60, 190)] {
        let damage = async |world: &World| {
            let (a, b) = (world.segment(one).await, world.segment(other).await);
            let bytes = (world.get(&a).await, world.get(&b).await);
            world.put(&a, bytes.1).await;
            world.put(&b, bytes.0).await;
        };
        let world = World::new().await;
        damage(&world).await;
        let report = verify(world.repairs().verification(), Depth::Quick).await;
        let errors = rules(&report.findings, Severity::Error);
        assert!(errors.contains(&"segment.name") && errors.contains(&"segment.rows"), "{errors:?}");
        let deep = verify(world.repairs().verification(), Depth::Full).await;
        let deep = rules(&deep.findings, Severity::Error);
        let expect = Expect { errors: &deep, quick: &errors, ..Expect::default() };
        assert_eq!(check(damage, expect).await, []);
    }
}

#[tokio::test]
async fn an_object_in_the_place_of_another_is_not_stored_twice() {
    let damage = async |world: &World| {
        let bytes = world.get(&world.segment(190).await).await;
        world.put(&world.segment(60).await, bytes).await;
    };
    let errors = &["segment.name", "segment.rows", "segment.size", "segment.times"];
    check(damage, Expect { errors, quick: errors, lost: 60, ..Expect::default() }).await;
}

#[tokio::test]
async fn objects_that_no_manifest_knows() {
    let damage = async |world: &World| {
        let path = world.segment(60).await;
        let bytes = world.get(&path).await;
        let young = path
            .replace(path.split('/').next_back().unwrap(), "01M808TX00AAAAAAAAAAAAAAAA.parquet");
        world.put(&young, bytes.clone()).await;
        world.put("tenants/fake/2026-11-22/README", b"hello".to_vec()).await;
        let report = verify(world.repairs().verification(), Depth::Quick).await;
        assert_eq!(rules(&report.findings, Severity::Note), ["foreign", "orphan"]);
        assert_eq!((report.repairs.len(), report.summary.orphan_bytes), (0, bytes.len() as u64));
        world.clock.advance(Duration::from_secs(86_400));
    };
    let expect = Expect { warnings: &["orphan"], ..Expect::default() };
    check(damage, expect).await;
}

#[tokio::test]
async fn a_manifest_that_has_lost_a_segment() {
    let damage = async |world: &World| {
        let (_, mut next) = world.manifest().await;
        let number = next["number"].as_u64().unwrap() + 1;
        next["number"] = number.into();
        next["commit"] = "01M808TX00AAAAAAAAAAAAAAAA".into();
        next["segments"].as_array_mut().unwrap().remove(0);
        let path = format!("manifest/{number:020}.json");
        world.put(&path, serde_json::to_vec(&next).unwrap()).await;
        // A segment that was lost is never taken for one that nobody needs.
        world.clock.advance(Duration::from_secs(7 * 86_400));
    };
    let errors = &["manifest.lost"];
    check(damage, Expect { errors, quick: errors, ..Expect::default() }).await;
}

#[tokio::test]
async fn manifests_that_cannot_be_read_or_are_missing_are_told() {
    let told = async |damage: &dyn Fn(&str) -> Option<Vec<u8>>, number: u64, severity| {
        let world = World::new().await;
        let path = format!("manifest/{number:020}.json");
        match damage(&String::from_utf8(world.get(&path).await).unwrap()) {
            Some(bytes) => world.put(&path, bytes).await,
            None => world.remove(&path).await,
        }
        let report = verify(world.repairs().verification(), Depth::Full).await;
        let findings = rules(&report.findings, severity).join(" ");
        (findings, report.repairs.len())
    };
    let newest = World::new().await.manifest().await.1["number"].as_u64().unwrap();
    assert_eq!(newest, 2);
    let cut = |text: &str| Some(text.as_bytes()[..text.len() / 2].to_vec());
    // Without the newest, nobody knows what is live: nothing is touched.
    let unreadable = ("manifest.unreadable".to_owned(), 0);
    assert_eq!(told(&cut, 2, Severity::Error).await, unreadable);
    assert_eq!(told(&cut, 1, Severity::Warning).await, unreadable);
    let back =
        |text: &str| Some(text.replace("\"next_sequence\": ", "\"next_sequence\": 9").into());
    assert_eq!(told(&back, 1, Severity::Error).await, ("manifest.rule".to_owned(), 0));
    let torn = |text: &str| Some(text.replace("\"rows\": 60", "\"rows\": 0").into());
    assert_eq!(told(&torn, 2, Severity::Error).await, unreadable);
}

#[tokio::test]
async fn a_delete_request_that_cannot_be_read() {
    let world = World::new().await;
    world.put("deletes/fake/01M808TX00EMX0WZMYFVMD0MKV.json", b"{".to_vec()).await;
    let report = verify(world.repairs().verification(), Depth::Quick).await;
    assert_eq!(rules(&report.findings, Severity::Error), ["delete.unreadable"]);
    assert_eq!((report.repairs.len(), report.summary.delete_requests), (0, 1));
}

#[tokio::test]
async fn a_marker_that_cannot_be_read() {
    let world = World::new().await;
    world.put("VERSION", b"what?".to_vec()).await;
    let report = verify(world.repairs().verification(), Depth::Quick).await;
    assert_eq!(rules(&report.findings, Severity::Error), ["marker"]);
    world.remove("VERSION").await;
    let report = verify(world.repairs().verification(), Depth::Quick).await;
    assert_eq!(rules(&report.findings, Severity::Error), ["marker"]);
}

/// A segment that was written by hand.
async fn check_forged(craft: Craft, errors: &[&str], quick: &[&str], lost: u64) {
    let damage = async |world: &World| {
        let path = world.segment(190).await;
        let Forged { bytes } = Forged::new(&world.get(&path).await, craft);
        world.forge(&path, bytes).await;
    };
    check(damage, Expect { errors, quick, lost, ..Expect::default() }).await;
}

#[tokio::test]
async fn segments_whose_rows_are_not_what_they_tell() {
    check_forged(Craft::Same, &[], &[], 0).await;
    check_forged(Craft::Unsorted, &["rows.order"], &[], 0).await;
    check_forged(Craft::Twice, &["rows.twice"], &[], 1).await;
    check_forged(Craft::Lengths, &["rows.line_bytes"], &[], 0).await;
    let errors = ["rows.labels", "rows.line_bytes", "rows.order", "rows.times"];
    check_forged(Craft::Shifted, &errors, &[], 0).await;
    check_forged(Craft::Labels, &["rows.labels"], &[], 0).await;
    check_forged(Craft::Trigrams, &["rows.trigrams"], &[], 0).await;
    let errors = ["rows.day", "rows.times"];
    check_forged(Craft::OtherDay, &errors, &[], 1).await;
    let quick = ["segment.footer"];
    check_forged(Craft::Columns, &quick, &quick, 190).await;
}

/// Damages the log's last file.
async fn check_log(damage: impl Fn(&mut Vec<u8>), errors: &[&str], lost: u64) -> Vec<Loss> {
    let damage = async |world: &World| {
        let files = std::fs::read_dir(world.wal_dir()).unwrap().map(|file| file.unwrap().path());
        let path = files.max().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    };
    check(damage, Expect { errors, quick: errors, lost, ..Expect::default() }).await
}

#[tokio::test]
async fn a_log_with_damages() {
    // Two more build upon the first.
    let lost = check_log(|bytes| bytes[60] ^= 1, &["log.record"], 30).await;
    assert_eq!(lost[0].to_string(), "3 records of the log, each with the lines of some pushes");
    // A torn tail was never acknowledged, as far as anybody can tell; the last record here was.
    check_log(|bytes| bytes.truncate(bytes.len() - 1), &[], 10).await;
    check_log(|bytes| bytes.extend([0; 99]), &[], 0).await;
    check_log(|bytes| bytes[3] ^= 1, &["log.header"], 0).await;
}

#[tokio::test]
async fn a_log_that_ends_before_what_is_published() {
    let damage = async |world: &World| {
        for file in std::fs::read_dir(world.wal_dir()).unwrap() {
            let path = file.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.truncate(48);
            // The first sequence number, and the checksum of the header.
            bytes[20] = 1;
            let sum = crc32fast::hash(&bytes[..44]);
            bytes[44..48].copy_from_slice(&sum.to_le_bytes());
            std::fs::write(path, bytes).unwrap();
        }
    };
    let errors = &["log.behind"];
    check(damage, Expect { errors, quick: errors, lost: 30, ..Expect::default() }).await;
}
