//! Every file name and object path: its constructor, its parser, and nothing that opens it.
//!
//! | what | where | name |
//! |---|---|---|
//! | format marker | objects | `VERSION` |
//! | manifest | objects | `manifest/00000000000000000042.json` |
//! | segment | objects | `tenants/<tenant>/<YYYY-MM-DD>/<ulid>.parquet` |
//! | delete request | objects | `deletes/<tenant>/<ulid>.json` |
//! | its lines are erased | objects | `deletes/<tenant>/<ulid>.erased.<milliseconds>` |
//! | what a repair has set aside | objects | `quarantine/<path>` |
//! | log file | log folder | `00000000000000000001.wal` |
//!
//! Names of the cache's files are in `cache/file.rs`: nobody depends on them.

use std::fmt;
use std::str::FromStr;

use model::{TenantId, Timestamp};
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The version of the layout as a whole, kept in the object `VERSION`. Each format inside it has a
/// version of its own; this one rises when an older program must not even look.
pub const FORMAT_VERSION: u32 = 1;

/// The folder of the manifests, as a prefix.
pub(crate) const MANIFEST_FOLDER: &str = "manifest";

/// The folder of the delete requests, as a prefix: apart from the segments, so that a list of it is
/// short.
pub(crate) const DELETE_FOLDER: &str = "deletes";

/// The folder of the segments, as a prefix.
pub(crate) const TENANT_FOLDER: &str = "tenants";

/// The folder of objects that a repair has set aside, as a prefix; below it each has the path that
/// it had.
pub(crate) const QUARANTINE_FOLDER: &str = "quarantine";

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// The path of the format marker.
pub(crate) fn version_path() -> Path {
    Path::from("VERSION")
}

/// What the format marker holds.
pub(crate) fn version_text(version: u32) -> String {
    format!("barogram format {version}\n")
}

/// The version that a format marker tells.
pub(crate) fn parse_version(text: &str) -> Option<u32> {
    text.strip_prefix("barogram format ")?.trim_end().parse().ok()
}

/// The path of the manifest with this number.
pub(crate) fn manifest_path(number: u64) -> Path {
    Path::from(format!("{MANIFEST_FOLDER}/{number:020}.json"))
}

/// The number of the manifest at this path.
pub(crate) fn parse_manifest_path(path: &Path) -> Option<u64> {
    let name = path.as_ref().strip_prefix(MANIFEST_FOLDER)?.strip_prefix('/')?;
    parse_number(name.strip_suffix(".json")?)
}

/// The path of a tenant's delete request. As in [`SegmentPath::path`], the tenant is escaped here.
pub(crate) fn delete_path(tenant: &TenantId, id: Ulid) -> Path {
    Path::from(format!("{DELETE_FOLDER}/{tenant}/{id}.json"))
}

/// The id of the delete request at this path. Whose it is stands in the request, unescaped.
pub(crate) fn parse_delete_path(path: &Path) -> Option<Ulid> {
    let name = path.as_ref().strip_prefix(DELETE_FOLDER)?.strip_prefix('/')?;
    let (_tenant, name) = name.split_once('/')?;
    let name = name.strip_suffix(".json")?;
    // Printing it again refuses small letters, which a parser lets through.
    Ulid::from_string(name).ok().filter(|id| id.to_string() == name)
}

/// The path of the mark that the lines of a request were erased at this time, in milliseconds. Its
/// name says it all; the object is empty.
pub(crate) fn erased_path(tenant: &TenantId, id: Ulid, at: Timestamp) -> Path {
    Path::from(format!("{DELETE_FOLDER}/{tenant}/{id}.erased.{}", at.as_millis()))
}

/// Which request this is the mark of, and when its lines were erased.
pub(crate) fn parse_erased_path(path: &Path) -> Option<(Ulid, Timestamp)> {
    let name = path.as_ref().strip_prefix(DELETE_FOLDER)?.strip_prefix('/')?;
    let (_tenant, name) = name.split_once('/')?;
    let (id, millis) = name.split_once(".erased.")?;
    Some((Ulid::from_string(id).ok()?, Timestamp::from_millis(millis.parse().ok()?)))
}

/// The id of the segment at this path, whosesoever it is.
pub(crate) fn parse_segment_id(path: &Path) -> Option<Ulid> {
    let name = path.as_ref().strip_prefix(TENANT_FOLDER)?.strip_prefix('/')?;
    let mut parts = name.split('/');
    let (_tenant, day, name) = (parts.next()?, parts.next()?, parts.next()?);
    Day::parse(day)?;
    let id = Ulid::from_string(name.strip_suffix(".parquet")?).ok()?;
    parts.next().is_none().then_some(id)
}

/// When a segment got its name.
pub(crate) fn made_at(id: Ulid) -> Timestamp {
    Timestamp::from_millis(i64::try_from(id.timestamp_ms()).unwrap_or(i64::MAX))
}

/// Where the object at this path is set aside.
pub(crate) fn quarantine_path(path: &Path) -> Path {
    Path::from(QUARANTINE_FOLDER).parts().chain(path.parts()).collect()
}

/// The name of the log file with this number.
pub(crate) fn wal_name(number: u64) -> String {
    format!("{number:020}.wal")
}

/// The number of the log file with this name.
pub(crate) fn parse_wal_name(name: &str) -> Option<u64> {
    parse_number(name.strip_suffix(".wal")?)
}

/// Numbers have twenty digits, so that names sort as numbers do.
fn parse_number(digits: &str) -> Option<u64> {
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// Where a segment is, which says whose it is and of which day. Its text is its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SegmentPath {
    pub(crate) tenant: TenantId,
    pub(crate) day: Day,
    pub(crate) id: Ulid,
}

impl SegmentPath {
    /// The same as a path of the object store. The store does not see the tenant's `*` and the
    /// like: they are escaped, here and nowhere else.
    pub(crate) fn path(&self) -> Path {
        Path::from(self.to_string())
    }
}

impl fmt::Display for SegmentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TENANT_FOLDER}/{}/{}/{}.parquet", self.tenant, self.day, self.id)
    }
}

/// Whether an object is a segment, for those who do not ask whose.
pub(crate) fn is_segment(path: &Path) -> bool {
    let path = path.as_ref();
    path.ends_with(".parquet")
        && path.split_once('/').is_some_and(|(folder, _)| folder == TENANT_FOLDER)
}

/// A text is not the path of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the path of a segment (tenants/<tenant>/<YYYY-MM-DD>/<ulid>.parquet)")]
pub(crate) struct NoSegmentPath(String);

impl FromStr for SegmentPath {
    type Err = NoSegmentPath;

    fn from_str(text: &str) -> Result<Self, NoSegmentPath> {
        let parse = || {
            let mut parts = text.split('/');
            let (folder, tenant) = (parts.next()?, parts.next()?);
            let (day, name) = (parts.next()?, parts.next()?);
            let id = Ulid::from_string(name.strip_suffix(".parquet")?).ok()?;
            let path = Self { tenant: TenantId::new(tenant).ok()?, day: Day::parse(day)?, id };
            // Printing it again refuses what else a parser lets through: small letters, a fifth
            // part, a sign in front of the year.
            (folder == TENANT_FOLDER && path.to_string() == text).then_some(path)
        };
        parse().ok_or_else(|| NoSegmentPath(text.to_owned()))
    }
}

impl TryFrom<String> for SegmentPath {
    type Error = NoSegmentPath;

    fn try_from(text: String) -> Result<Self, NoSegmentPath> {
        text.parse()
    }
}

impl From<SegmentPath> for String {
    fn from(path: SegmentPath) -> Self {
        path.to_string()
    }
}

/// A day of UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// The day in which a time lies.
    pub(crate) fn of(time: Timestamp) -> Self {
        Self(time.as_nanos().div_euclid(NANOS_PER_DAY))
    }

    /// The first time that is after it.
    pub(crate) fn end(self) -> Timestamp {
        Timestamp((self.0 + 1).saturating_mul(NANOS_PER_DAY))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut next = || parts.next()?.parse::<i64>().ok();
        let (year, month, day) = (next()?, next()?, next()?);
        let valid =
            (1600..2300).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let found = valid.then(|| Self::from_civil(year, month, day))?;
        (found.to_string() == text).then_some(found)
    }

    /// Counts years from March, so that the leap day is the last one of its year.
    fn from_civil(year: i64, month: i64, day: i64) -> Self {
        let year = year - i64::from(month <= 2);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        Self(year * 365 + leap_days + day_of_year - DAYS_TO_1970)
    }

    fn civil(self) -> (i64, i64, i64) {
        let days = self.0 + DAYS_TO_1970;
        let era = days.div_euclid(DAYS_PER_ERA);
        let day_of_era = days.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        (era * 400 + year_of_era + i64::from(month <= 2), month, day)
    }
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, ok: bool) {
        let parsed = text.parse::<SegmentPath>();
        assert_eq!(parsed.is_ok(), ok, "{text}: {parsed:?}");
        assert!(parsed.is_err() || parsed.unwrap().to_string() == text);
    }

    #[test]
    fn only_segment_paths_are_segment_paths() {
        check("tenants/fake/2026-11-22/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", true);
        check("tenants/fake/2024-02-29/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", true);
        check("tenants/fake/2025-02-29/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", false);
        check("tenants/fake/2026-1-22/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", false);
        check("tenants/fake/2026-11-22/01arz3ndektsv4rrffq69g5fav.parquet", false);
        check("tenants/../2026-11-22/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", false);
        check("tenants/fake/2026-11-22/x/01ARZ3NDEKTSV4RRFFQ69G5FAV.parquet", false);
        check("tenants/fake/2026-11-22/01ARZ3NDEKTSV4RRFFQ69G5FAV.json", false);
        check("", false);
    }

    #[test]
    fn only_delete_paths_are_delete_paths() {
        let is_one = |path: &str| parse_delete_path(&Path::from(path)).is_some();
        assert!(is_one("deletes/fake/01ARZ3NDEKTSV4RRFFQ69G5FAV.json"));
        assert!(!is_one("deletes/fake/01arz3ndektsv4rrffq69g5fav.json"));
        assert!(!is_one("deletes/fake/01ARZ3NDEKTSV4RRFFQ69G5FAV.txt"));
        assert!(!is_one("deletes/fake/x/01ARZ3NDEKTSV4RRFFQ69G5FAV.json"));
        assert!(!is_one("deletes/01ARZ3NDEKTSV4RRFFQ69G5FAV.json"));
        assert!(!is_one("manifest/fake/01ARZ3NDEKTSV4RRFFQ69G5FAV.json"));
        assert!(!is_segment(&Path::from("deletes/fake/01ARZ3NDEKTSV4RRFFQ69G5FAV.json")));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(Day::of(Timestamp(0)).to_string(), "1970-01-01");
        assert_eq!(Day::of(Timestamp(-1)).to_string(), "1969-12-31");
        assert_eq!(Day::of(Timestamp::from_secs(1_709_164_800)).to_string(), "2024-02-29");
        assert_eq!(Day::of(Timestamp::MIN).to_string(), "1677-09-21");
        assert_eq!(Day::of(Timestamp::MAX).to_string(), "2262-04-11");
    }

    #[test]
    fn a_star_in_a_tenant_is_safe_in_a_path() {
        let tenant = TenantId::new("a*(b)").unwrap();
        let path = SegmentPath { tenant, day: Day(0), id: Ulid::nil() };
        assert_eq!(path.path().as_ref().split('/').nth(1), Some("a%2A(b)"));
    }

    proptest! {
        #[test]
        fn names_round_trip(number: u64, version: u32) {
            prop_assert_eq!(parse_wal_name(&wal_name(number)), Some(number));
            prop_assert_eq!(parse_manifest_path(&manifest_path(number)), Some(number));
            prop_assert_eq!(parse_version(&version_text(version)), Some(version));
        }

        #[test]
        fn paths_of_a_tenant_round_trip(tenant in "[a-z0-9!_*'()-]{1,9}", time: i64, id: u128) {
            let tenant = TenantId::new(&tenant).unwrap();
            let path = SegmentPath { tenant, day: Day::of(Timestamp(time)), id: Ulid::from(id) };
            prop_assert_eq!(path.to_string().parse(), Ok(path.clone()));
            prop_assert_eq!(path.path(), Path::from(path.to_string()));
            prop_assert_eq!(parse_delete_path(&delete_path(&path.tenant, path.id)), Some(path.id));
            prop_assert_eq!(parse_delete_path(&path.path()), None);
            prop_assert_eq!(parse_segment_id(&path.path()), Some(path.id));
            let at = Timestamp::from_millis(time / 1_000_000);
            let erased = erased_path(&path.tenant, path.id, at);
            prop_assert_eq!(parse_erased_path(&erased), Some((path.id, at)));
            prop_assert_eq!(parse_delete_path(&erased), None);
            prop_assert!(is_segment(&path.path()));
        }

        #[test]
        fn names_sort_as_numbers(a: u64, b: u64) {
            prop_assert_eq!(wal_name(a).cmp(&wal_name(b)), a.cmp(&b));
        }
    }
}
