//! A long range in parts: files that are complete or not there, fetched once, printed in order.

use std::fs;
use std::path::Path;

use super::lines::server;
use super::stub::{Said, Stub, barogram};

/// Downloads 40 lines, one a second, in parts of ten seconds.
async fn download(stub: &Stub, folder: &Path, arguments: &[&str]) -> Said {
    let prefix = folder.join("part");
    let range =
        ["query", "{odd=~\".+\"}", "-o", "raw", "--from", "0", "--to", "40", "--batch", "4"];
    let parts = ["--parallel-duration", "10s", "--part-path-prefix", prefix.to_str().unwrap()];
    barogram(&stub.url, &[&range[..], &parts, arguments].concat(), "").await
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

fn lines(names: impl Iterator<Item = usize>) -> String {
    names.map(|name| format!("line{name}\n")).collect()
}

const PARTS: [&str; 4] = [
    "part_19700101T000000_19700101T000010.part",
    "part_19700101T000010_19700101T000020.part",
    "part_19700101T000020_19700101T000030.part",
    "part_19700101T000030_19700101T000040.part",
];

#[tokio::test]
async fn parts_are_written_and_not_fetched_twice() {
    let (stub, folder) = (server((0..40).collect()).await, tempfile::tempdir().unwrap());
    let said = download(&stub, folder.path(), &["--parallel-max-workers", "3"]).await;
    assert_eq!((said.out.as_str(), said.code), ("", Some(0)), "{}", said.errors);
    assert_eq!(files(folder.path()), PARTS);
    let second = fs::read_to_string(folder.path().join(PARTS[1])).unwrap();
    assert_eq!(second, lines((10..20).rev()));

    // What was cut off is fetched, what is there is not.
    fs::remove_file(folder.path().join(PARTS[2])).unwrap();
    fs::write(folder.path().join(format!("{}.tmp", PARTS[2])), "half").unwrap();
    fs::write(folder.path().join(PARTS[1]), "kept\n").unwrap();
    let asked = stub.asked().len();
    download(&stub, folder.path(), &["--parallel-max-workers", "3"]).await;
    assert_eq!(files(folder.path()), PARTS);
    assert!(stub.asked()[asked..].iter().all(|asked| asked.number("start") >= 20_000_000_000));
    assert_eq!(fs::read_to_string(folder.path().join(PARTS[1])).unwrap(), "kept\n");

    let again = ["--parallel-max-workers", "3", "--overwrite-completed-parts"];
    download(&stub, folder.path(), &again).await;
    assert_eq!(fs::read_to_string(folder.path().join(PARTS[1])).unwrap(), second);
}

#[tokio::test]
async fn merged_parts_are_printed_in_order_and_removed() {
    let (stub, folder) = (server((0..40).collect()).await, tempfile::tempdir().unwrap());
    let merge = ["--parallel-max-workers", "4", "--merge-parts"];
    let said = download(&stub, folder.path(), &merge).await;
    assert_eq!((said.out, said.code), (lines((0..40).rev()), Some(0)), "{}", said.errors);
    assert_eq!(files(folder.path()), [""; 0]);
    let forward = ["--parallel-max-workers", "2", "--merge-parts", "--keep-parts", "--forward"];
    let said = download(&stub, folder.path(), &forward).await;
    assert_eq!(said.out, lines(0..40));
    assert_eq!(files(folder.path()), PARTS);
}

#[tokio::test]
async fn one_worker_makes_one_part_of_all() {
    let (stub, folder) = (server((0..40).collect()).await, tempfile::tempdir().unwrap());
    download(&stub, folder.path(), &[]).await;
    assert_eq!(files(folder.path()), ["part_19700101T000000_19700101T000040.part"]);
}

#[tokio::test]
async fn without_files_workers_print_all_lines_in_some_order() {
    let stub = server((0..40).collect()).await;
    let range = ["query", "{odd=~\".+\"}", "-q", "-o", "raw", "--from", "0", "--to", "40"];
    let parts = ["--limit", "3", "--parallel-duration", "10s", "--parallel-max-workers", "4"];
    let said = barogram(&stub.url, &[&range[..], &parts].concat(), "").await;
    let mut found: Vec<&str> = said.out.lines().collect();
    found.sort_unstable();
    let all = lines(0..40);
    let mut expect: Vec<&str> = all.lines().collect();
    expect.sort_unstable();
    assert_eq!(found, expect, "the limit does not count");
}

#[tokio::test]
async fn a_part_that_fails_leaves_no_file_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(|asked| match asked.number("start") {
        20_000_000_000 => super::stub::refusal(500, "broken"),
        _ => super::stub::refusal(400, "wrong"),
    });
    let said = download(&stub.await, folder.path(), &["--parallel-max-workers", "2"]).await;
    assert_eq!(said.code, Some(1));
    assert!(files(folder.path()).iter().all(|name| name.ends_with(".part.tmp")));
}
