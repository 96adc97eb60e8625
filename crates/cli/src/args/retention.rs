//! How long lines are kept.

use std::str::FromStr;
use std::time::Duration;

use server::RetentionStream;

/// A time like `30d`.
#[derive(Debug, Clone, Copy)]
pub struct Period(pub Duration);

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let period = loki::time::parse_duration(text);
        period.map(Self).ok_or_else(|| "this is no time like 30d or 12h (0s: for ever)".to_owned())
    }
}

/// A rule like `{dag_id="audit"}=365d`.
#[derive(Debug, Clone)]
pub struct Rule(pub RetentionStream);

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=');
        let (selector, period) = parts.ok_or("this is not <selector>=<time>")?;
        let Period(period) = period.parse()?;
        let selector = selector.trim().to_owned();
        logql::parse_selector(&selector).map_err(|error| format!("{selector}: {error}"))?;
        Ok(Self(RetentionStream { selector, priority: 0, period }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<(&str, u64), &str>) {
        match (text.parse::<Rule>(), expect) {
            (Ok(Rule(rule)), Ok((selector, hours))) => {
                assert_eq!(rule.selector, selector);
                assert_eq!(rule.period, Duration::from_secs(hours * 3600));
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (got, expect) => panic!("{got:?}, not {expect:?}"),
        }
    }

    #[test]
    fn a_rule_is_a_selector_and_a_time() {
        check(r#"{dag_id="audit"}=365d"#, Ok((r#"{dag_id="audit"}"#, 365 * 24)));
        check(r#"{dag_id="a", x!=""} = 12h"#, Err("no time like 30d"));
        check(r#"{dag_id="a", x!=""} =12h"#, Ok((r#"{dag_id="a", x!=""}"#, 12)));
        check(r#"{dag_id="audit"}"#, Err("no time like 30d"));
        check("30d", Err("<selector>=<time>"));
        check("{dag_id}=30d", Err("{dag_id}: "));
    }
}
