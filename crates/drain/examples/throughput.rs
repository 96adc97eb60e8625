//! How fast lines are mined, and what comes out: `throughput [rounds] [templates] < lines`.

#![expect(clippy::print_stdout, reason = "a measurement is there to be read")]

use std::cmp::Reverse;
use std::io::Read;

use drain::{Config, Miner};

/// Enough to leave the start of the process behind.
const ROUNDS: usize = 10;
const SHOWN: usize = 15;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().ok());
    let rounds = numbers.next().flatten().unwrap_or(ROUNDS);
    let shown = numbers.next().flatten().unwrap_or(SHOWN);
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    let mut miner = Miner::new(Config::default());
    let seconds = measure(&mut miner, &lines, rounds);
    print(&miner, shown);
    report(&lines, rounds, seconds);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement is about the machine's own time")]
fn measure(miner: &mut Miner, lines: &[&str], rounds: usize) -> f64 {
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        for line in lines {
            std::hint::black_box(miner.learn(line));
        }
    }
    start.elapsed().as_secs_f64()
}

fn print(miner: &Miner, shown: usize) {
    let mut templates: Vec<_> = miner.templates().collect();
    templates.sort_by_key(|(id, template)| (Reverse(template.count()), *id));
    println!("{} templates", templates.len());
    for (_, template) in templates.iter().take(shown) {
        println!("{:>9} {template}", template.count());
    }
}

fn report(lines: &[&str], rounds: usize, seconds: f64) {
    let count = (lines.len() * rounds) as f64;
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    let megabytes = (bytes * rounds) as f64 / 1e6;
    println!(
        "{} lines of {:.0} bytes: {:.2} M lines/s, {:.0} MB/s",
        lines.len(),
        bytes as f64 / lines.len().max(1) as f64,
        count / seconds / 1e6,
        megabytes / seconds,
    );
}
