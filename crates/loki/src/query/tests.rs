//! Parameters of queries, with their defaults and refusals.

use super::*;

fn params(pairs: &[(&str, &str)]) -> Params {
    Params::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// A range of six hours, and these parameters.
#[track_caller]
fn check(pairs: &[(&str, &str)], expect: &str) {
    let range = [("query", "q"), ("start", "1768435200"), ("end", "1768456800")];
    let all = params(&[&range, pairs].concat());
    let shown = match RangeQuery::parse(&all, Timestamp(0)) {
        Ok(query) => {
            assert_eq!(
                RangeQuery::parse(&owned(query.to_params()), Timestamp(0)),
                Ok(query.clone())
            );
            format!("{:?}/{:?} {} {:?}", query.step, query.interval, query.limit, query.direction)
        }
        Err(error) => error.to_string(),
    };
    assert!(shown.starts_with(expect), "for {pairs:?}: {shown}");
}

fn owned(pairs: Vec<(&'static str, String)>) -> Params {
    Params::new(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)))
}

#[test]
fn ranges_have_loki_s_defaults() {
    check(&[], "86s/0ns 100 Backward");
    check(&[("step", "3600")], "3600s/0ns 100");
    check(&[("step", "1h30m"), ("limit", "5")], "5400s/0ns 5");
    check(&[("step", "2.5"), ("interval", "30m")], "2.5s/1800s");
    check(&[("interval", "0")], "86s/0ns");
    check(&[("direction", "FORWARD")], "86s/0ns 100 Forward");
    check(&[("direction", "Backward")], "86s/0ns 100 Backward");
    check(&[("regexp", "ignored"), ("limit", "")], "86s/0ns 100");
}

#[test]
fn what_loki_refuses_is_refused() {
    check(&[("step", "0")], "zero or negative query resolution");
    check(&[("step", "-1")], "zero or negative query resolution");
    check(&[("step", "abc")], "cannot parse \"abc\" to a valid duration");
    check(&[("step", "0.5h")], "cannot parse \"0.5h\" to a valid duration");
    check(&[("step", "NaN")], "cannot parse \"NaN\" to a valid duration");
    check(&[("step", "1s")], "exceeded maximum resolution of 11,000 points");
    check(&[("interval", "abc")], "cannot parse \"abc\" to a valid duration");
    check(&[("interval", "-5")], "interval must be >= 0");
    check(&[("limit", "0")], "limit must be a positive value");
    check(&[("limit", "-3")], "limit must be a positive value");
    check(&[("limit", "1.5")], "the 'limit' parameter \"1.5\" is not a whole number");
    check(&[("direction", "sideways")], "invalid direction 'sideways'");
}

#[test]
fn instant_queries_are_about_now_unless_they_say() {
    let now = Timestamp::from_secs(7);
    let query = InstantQuery::parse(&params(&[("query", "vector(1)")]), now).unwrap();
    assert_eq!((query.time, query.limit), (now, 100));
    assert_eq!(InstantQuery::parse(&owned(query.to_params()), Timestamp(0)), Ok(query));
    // Grafana's health check means four seconds in nanoseconds; Loki reads seconds.
    let health = InstantQuery::parse(&params(&[("time", "4000000000")]), now).unwrap();
    assert_eq!(health.time, Timestamp::from_secs(4_000_000_000));
}
