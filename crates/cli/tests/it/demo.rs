//! `barogram demo`, as somebody tries it first.

use std::fs;

use crate::site::{Site, run};

#[tokio::test]
async fn it_finds_every_line_that_it_writes() {
    let site = Site::new();
    let data = site.data().display().to_string();
    let once = ["demo", "--once", "--seconds", "3", "--listen", "127.0.0.1:0", "--data", &data];
    let output = run(&once).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{errors}");
    let sum = said.lines().find(|line| line.ends_with(" lines found")).unwrap();
    let counts: Vec<&str> =
        sum.split(' ').filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect();
    let [_queries, written, found] = counts[..] else { panic!("{sum}") };
    assert_eq!(written, found);
    assert!(written.parse::<usize>().unwrap() > 40_000, "{sum}");
    // What an earlier demo made, the next one may empty.
    assert!(data_has(&site, "made-by-barogram-demo"));
}

#[tokio::test]
async fn a_folder_with_something_else_is_not_touched() {
    let site = Site::new();
    fs::create_dir(site.data()).unwrap();
    fs::write(site.data().join("thesis.tex"), "all of it").unwrap();
    let output = run(&["demo", "--once", "--data", &site.data().display().to_string()]).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("holds something that no demo made; name another with --data"));
    assert_eq!(fs::read_to_string(site.data().join("thesis.tex")).unwrap(), "all of it");
    assert!(!data_has(&site, "made-by-barogram-demo"));
}

fn data_has(site: &Site, name: &str) -> bool {
    site.data().join(name).exists()
}
