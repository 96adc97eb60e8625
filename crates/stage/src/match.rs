//! `stage.match`: runs stages for some entries only, or drops these. Which, a selector of LogQL
//! with line filters says.

use alloy::decode::Arguments;
use logql::ast;
use logql::pipeline::matcher::LabelMatcher;
use logql::pipeline::{Pipeline as Filters, RowLabels};
use model::{Labels, Timestamp};

use crate::config::{Parts, StageConfig};
use crate::counts::{DROPPED_LINES, reason};
use crate::decode::inner_stages;
use crate::entry::Entry;
use crate::error::Error;
use crate::metrics::Family;
use crate::pipeline::Chain;
use crate::process::{Context, Flow, Process};

/// The settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Which entries.
    pub selector: String,
    /// What becomes of them.
    pub action: Action,
    /// A name that nothing depends on.
    pub pipeline_name: String,
    /// The `reason` under which dropped lines are counted; empty: `match_stage`.
    pub drop_counter_reason: String,
    /// The stages that they go through.
    pub stages: Vec<StageConfig>,
}

/// What becomes of entries that match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// They go through the stages inside.
    #[default]
    Keep,
    /// They are dropped.
    Drop,
}

impl Config {
    /// Reads the settings of a block.
    pub(crate) fn decode(args: &mut Arguments<'_, '_>, depth: usize) -> Self {
        let actions = [("keep", Action::Keep), ("drop", Action::Drop)];
        Self {
            selector: args.required("selector"),
            action: args.one_of("action", &actions, Action::Keep),
            pipeline_name: args.optional("pipeline_name", String::new()),
            drop_counter_reason: args.optional("drop_counter_reason", String::new()),
            stages: inner_stages(args, depth + 1),
        }
    }
}

/// The stage.
#[derive(Debug)]
pub(crate) struct Match {
    matchers: Vec<LabelMatcher>,
    filters: Filters,
    /// The labels of the last entry and whether the matchers pass them: entries come in runs.
    last: Option<(Labels, bool)>,
    /// The reason, if entries are dropped.
    drops: Option<Labels>,
    chain: Chain,
    /// What came out of the chain; kept for its memory.
    out: Vec<Entry>,
}

impl Match {
    pub(crate) fn build(config: &Config, parts: &Parts) -> Result<Self, Error> {
        let drops = config.action == Action::Drop;
        if drops && !config.stages.is_empty() {
            return Err(Error::new("action", "\"drop\" leaves nothing for the stages inside"));
        }
        if !drops && config.stages.is_empty() {
            return Err(Error::new("", "needs at least one stage inside"));
        }
        let (matchers, filters) = selector(&config.selector)?;
        let why = match config.drop_counter_reason.as_str() {
            "" => "match_stage",
            why => why,
        };
        Ok(Self {
            matchers,
            filters,
            last: None,
            drops: drops.then(|| reason(why)),
            chain: Chain::build(&config.stages, parts)?,
            out: Vec::new(),
        })
    }
}

/// The matchers and the line filters of a selector.
fn selector(text: &str) -> Result<(Vec<LabelMatcher>, Filters), Error> {
    let wrong = |message: String| Error::new("selector", message);
    let query = logql::parse_lines(text).map_err(|error| wrong(error.to_string()))?;
    if !query.stages.iter().all(|stage| matches!(stage, ast::Stage::LineFilter(_))) {
        let message = "only matchers of labels and line filters (|=, !=, |~, !~) can be used here";
        return Err(wrong(message.to_owned()));
    }
    let matchers = query.selector.matchers.iter().map(LabelMatcher::new);
    let matchers = matchers.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    let filters = Filters::new(&query.stages).map_err(|error| wrong(error.to_string()))?;
    Ok((matchers, filters))
}

impl Process for Match {
    fn process(&mut self, entry: &mut Entry, context: &mut Context<'_>) -> Flow {
        if !self.passes(entry) {
            return Flow::Next;
        }
        if let Some(reason) = &self.drops {
            context.counts.add(DROPPED_LINES, reason, 1);
            return Flow::Drop;
        }
        let mut out = std::mem::take(&mut self.out);
        let holds = self.chain.run(0, std::mem::take(entry), &mut inner(context), &mut out);
        let flow = match out.len() {
            0 if holds => Flow::Hold,
            0 => Flow::Drop,
            1 => {
                *entry = out.pop().unwrap_or_default();
                Flow::Next
            }
            _ => return Flow::Many(out),
        };
        self.out = out;
        flow
    }

    fn tick(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        self.chain.tick(&mut inner(context), out);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.chain.next_deadline()
    }

    fn flush(&mut self, context: &mut Context<'_>, out: &mut Vec<Entry>) {
        self.chain.flush(&mut inner(context), out);
    }

    fn families(&mut self, now: Timestamp, out: &mut Vec<Family>) {
        self.chain.families(now, out);
    }
}

impl Match {
    fn passes(&mut self, entry: &Entry) -> bool {
        let known = self.last.as_ref().filter(|(labels, _)| labels.is_shared_with(&entry.labels));
        let passes = known.map(|(_, passes)| *passes).unwrap_or_else(|| {
            let labels = &entry.labels;
            let value = |matcher: &LabelMatcher| labels.get(matcher.name()).unwrap_or_default();
            let passes = self.matchers.iter().all(|matcher| matcher.matches(value(matcher)));
            self.last = Some((labels.clone(), passes));
            passes
        });
        passes && (self.filters.is_empty() || self.line_passes(entry))
    }

    fn line_passes(&self, entry: &Entry) -> bool {
        let mut labels = RowLabels::default();
        self.filters.process(entry.timestamp, &entry.line, &mut labels).is_some()
    }
}

/// The same context for the stages inside, which no tap is shown.
fn inner<'a>(context: &'a mut Context<'_>) -> Context<'a> {
    let Context { now, counts, pause, .. } = context;
    Context { now: *now, counts, pause, tap: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check_error, check_lines};
    use crate::{json, multiline, static_labels};

    fn of(selector: &str, stages: &[StageConfig]) -> Config {
        Config { selector: selector.into(), stages: stages.to_vec(), ..Config::default() }
    }

    fn json(name: &str) -> StageConfig {
        let expressions = [(name.to_owned(), String::new())].into();
        StageConfig::Json(json::Config { expressions, ..json::Config::default() })
    }

    #[track_caller]
    fn check(config: Config, line: &str, expect: &str) {
        let labels = r#"{app="web", env="dev"}"#;
        crate::testing::check(&[StageConfig::Match(config)], labels, line, expect);
    }

    #[test]
    fn who_matches() {
        let mark = json("m");
        let yes = |selector: &str| {
            let expect = "{app=\"web\", env=\"dev\"} {\"m\":1} <m=1>";
            check(of(selector, std::slice::from_ref(&mark)), "{\"m\":1}", expect);
        };
        let no = |selector: &str| {
            let expect = "{app=\"web\", env=\"dev\"} {\"m\":1}";
            check(of(selector, std::slice::from_ref(&mark)), "{\"m\":1}", expect);
        };
        yes("{}");
        yes(r#"{app="web"}"#);
        yes(r#"{app=~"w.*", env!="prod"}"#);
        yes(r#"{none=""}"#);
        yes(r#"{app="web"} |= "m" |~ ":[0-9]" != "x""#);
        no(r#"{app="we"}"#);
        no(r#"{app=~"we"}"#);
        no(r#"{none=~".+"}"#);
        no(r#"{app="web"} |= "x""#);
    }

    #[test]
    fn entries_are_dropped() {
        let action = Action::Drop;
        check(Config { action, ..of(r#"{app="web"} |= "noisy""#, &[]) }, "noisy error", "");
        let expect = r#"{app="web", env="dev"} quiet"#;
        check(Config { action, ..of(r#"{app="web"} |= "noisy""#, &[]) }, "quiet", expect);
    }

    #[test]
    fn stages_inside_may_hold_entries() {
        let firstline = "^first".to_owned();
        let join = StageConfig::Multiline(multiline::Config { firstline, ..Default::default() });
        let values = [("x".to_owned(), "1".to_owned())].into();
        let label = StageConfig::StaticLabels(static_labels::Config { values });
        check_lines(
            &[StageConfig::Match(of("{}", &[join])), label],
            "{}",
            &["first", "more", "first b"],
            "{x=\"1\"} first\nmore || {x=\"1\"} first b",
        );
    }

    #[test]
    fn settings_that_make_no_sense() {
        let check = |config, expect| check_error(StageConfig::Match(config), expect);
        check(of("{}", &[]), "stage.match: needs at least one stage inside");
        check(
            Config { action: Action::Drop, ..of("{}", &[json("m")]) },
            "stage.match: action: \"drop\" leaves nothing for the stages inside",
        );
        check(
            of(r#"{a="b"} | json"#, &[json("m")]),
            "stage.match: selector: only matchers of labels and line filters (|=, !=, |~, !~) can be \
             used here",
        );
        check(
            of("{a=b}", &[json("m")]),
            "stage.match: selector: parse error at line 1, col 4: syntax error: unexpected \
             IDENTIFIER, expecting STRING",
        );
        check(
            of("{}", &[StageConfig::Json(json::Config::default())]),
            "stage.match: stage.json: expressions: at least one expression is needed",
        );
    }
}
