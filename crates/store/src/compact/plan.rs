//! Which segments are merged next: a pure rule over a manifest.
//!
//! Only neighbours in age are merged, so that of two rows of one stream and one time the one that
//! came first stays first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use model::{TenantId, Timestamp};

use crate::Config;
use crate::layout::{Day, SegmentPath};
use crate::manifest::{Manifest, SegmentRecord};

/// How many segments are merged at a time at most: each costs the memory of a batch and of what is
/// read ahead.
const INPUTS_MAX: usize = 32;
/// Where segments are large already, little is gained by fewer of them: so many times more of them
/// are waited for.
const LARGE_WAITS: usize = 2;

/// The segments to merge, each group by itself, the largest group first.
pub(crate) fn plan(manifest: &Manifest, config: &Config, now: Timestamp) -> Vec<Vec<SegmentPath>> {
    let mut days: BTreeMap<(&TenantId, Day), Vec<&SegmentRecord>> = BTreeMap::new();
    for segment in &manifest.segments {
        days.entry((&segment.path.tenant, segment.path.day)).or_default().push(segment);
    }
    let groups = days.into_iter().filter_map(|((_, day), segments)| {
        let complete = is_complete(day, &segments, config, now);
        let sizes: Vec<u64> = segments.iter().map(|segment| segment.bytes).collect();
        let group = group(&sizes, complete, config)?;
        Some(segments[group].iter().map(|segment| segment.path.clone()).collect())
    });
    let mut groups: Vec<Vec<SegmentPath>> = groups.collect();
    groups.sort_by_key(|group| Reverse(group.len()));
    groups
}

/// The longest run of neighbours that may be merged; of those, the one with the fewest bytes.
fn group(sizes: &[u64], complete: bool, config: &Config) -> Option<Range<usize>> {
    let windows = (0..sizes.len()).flat_map(|start| {
        let end = sizes.len().min(start + INPUTS_MAX);
        (start + 2..=end).map(move |end| start..end)
    });
    let merged = windows.filter(|window| may_merge(&sizes[window.clone()], complete, config));
    merged.min_by_key(|window| (Reverse(window.len()), sizes[window.clone()].iter().sum::<u64>()))
}

fn may_merge(sizes: &[u64], complete: bool, config: &Config) -> bool {
    let (bytes_max, few) = (config.compact_bytes_max, config.compact_inputs_min);
    let total: u64 = sizes.iter().sum();
    let largest = sizes.iter().max().copied().unwrap_or(0);
    let inputs_min = if total <= bytes_max / 4 { few } else { LARGE_WAITS * few };
    // Else a large segment would be rewritten for each small one that comes after it.
    let worthwhile = sizes.len() >= inputs_min && largest <= total / 2;
    total <= bytes_max && (complete || worthwhile)
}

fn is_complete(day: Day, segments: &[&SegmentRecord], config: &Config, now: Timestamp) -> bool {
    let newest = segments.iter().map(|segment| segment.path.id.timestamp_ms()).max();
    let newest = Timestamp::from_millis(i64::try_from(newest.unwrap_or(0)).unwrap_or(i64::MAX));
    now.since(day.end()) >= config.complete_age && now.since(newest) >= config.complete_age
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    const DAY: i64 = 86_400;

    fn segment(tenant: &str, day: i64, second: i64, bytes: u64) -> SegmentRecord {
        let (tenant, time) = (TenantId::new(tenant).unwrap(), Timestamp::from_secs(day * DAY));
        let id = Ulid::from_parts(u64::try_from(second * 1000).unwrap(), 0);
        let path = SegmentPath { tenant, day: Day::of(time), id };
        SegmentRecord { path, rows: 1, bytes, min_timestamp: time, max_timestamp: time }
    }

    /// Sizes of segments of day 0, and which of them are merged at this second.
    #[track_caller]
    fn check(sizes: &[u64], now_seconds: i64, expect: &[&[usize]]) {
        let segments = sizes.iter().zip(0..).map(|(bytes, second)| segment("a", 0, second, *bytes));
        let manifest = Manifest { segments: segments.collect(), ..Manifest::empty() };
        let config = Config { compact_bytes_max: 64, compact_inputs_min: 4, ..Config::default() };
        let groups = plan(&manifest, &config, Timestamp::from_secs(now_seconds));
        let at = |path| manifest.segments.iter().position(|segment| segment.path == path).unwrap();
        let groups = groups.into_iter().map(|group| group.into_iter().map(at).collect());
        assert_eq!(groups.collect::<Vec<Vec<usize>>>(), expect);
    }

    #[test]
    fn neighbours_of_like_size_are_merged() {
        check(&[], 9, &[]);
        check(&[1, 1, 1], 9, &[]);
        check(&[1, 1, 1, 1], 9, &[&[0, 1, 2, 3]]);
        check(&[1, 1, 1, 1, 1], 9, &[&[0, 1, 2, 3, 4]]);
        // A large one waits until the small ones are as much.
        check(&[9, 1, 1, 1], 9, &[]);
        check(&[9, 1, 1, 1, 1], 9, &[&[1, 2, 3, 4]]);
        check(&[4, 1, 1, 1, 1], 9, &[&[0, 1, 2, 3, 4]]);
        // Large ones wait for more.
        check(&[6, 6, 6, 6, 6], 9, &[]);
        check(&[6, 6, 6, 6, 6, 6, 6, 6], 9, &[&[0, 1, 2, 3, 4, 5, 6, 7]]);
        check(&[60, 60, 60, 60], 9, &[]);
    }

    #[test]
    fn a_complete_day_becomes_as_few_as_may_be() {
        let complete = DAY + 3600;
        check(&[9, 1, 1], complete - 1, &[]);
        check(&[9, 1, 1], complete, &[&[0, 1, 2]]);
        check(&[60, 1, 9], complete, &[&[1, 2]]);
        check(&[60, 9], complete, &[]);
        check(&[1], complete, &[]);
        check(&[1; 40], complete, &[&(0..32).collect::<Vec<_>>()]);
    }

    #[test]
    fn a_day_to_which_lines_still_come_is_not_complete() {
        let segments = [1, DAY + 3600].map(|second| segment("a", 0, second, 1));
        let manifest = Manifest { segments: segments.to_vec(), ..Manifest::empty() };
        let groups = |seconds| plan(&manifest, &Config::default(), Timestamp::from_secs(seconds));
        assert_eq!(groups(DAY + 3600 + 3599).len(), 0);
        assert_eq!(groups(DAY + 3600 + 3600).len(), 1);
    }

    #[test]
    fn tenants_and_days_stay_apart() {
        let segments = (0..8).map(|i| segment(["a", "b"][i % 2], i as i64 / 2 % 2, i as i64, 1));
        let manifest = Manifest { segments: segments.collect(), ..Manifest::empty() };
        let groups = plan(&manifest, &Config::default(), Timestamp::from_secs(9 * DAY));
        assert_eq!(groups.len(), 4);
        for group in groups {
            assert!(group.iter().all(|s| (&s.tenant, s.day) == (&group[0].tenant, group[0].day)));
        }
    }
}
