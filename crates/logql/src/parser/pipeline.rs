//! The stages after a selector.

use crate::ast::{
    CountStage, DropKeep, Extraction, Grouping, LabelFormat, LabelFormatSource, LogExpr, Logfmt,
    Span, Stage, Unwrap,
};
use crate::check;
use crate::error::ParseError;
use crate::token::{Function, Keyword, Mark, TokenKind};

use super::cursor::Parser;
use super::hint;
use super::selector::match_op;

/// Where the stages stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// In a query for lines.
    Query,
    /// In a function over a range, where `unwrap` may end them.
    Range,
}

/// What follows a selector.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) stages: Vec<Stage>,
    pub(super) unwrap: Option<Unwrap>,
    pub(super) count: Option<Count>,
}

/// `| count by (…)`, without the lines that it counts.
#[derive(Debug)]
pub(super) struct Count {
    grouping: Option<Grouping>,
    span: Span,
}

impl Count {
    pub(super) fn of(self, log: LogExpr) -> CountStage {
        CountStage { log, grouping: self.grouping, span: self.span }
    }
}

impl Parser<'_> {
    /// Stages as long as there are any.
    pub(super) fn stages(&mut self, context: Context) -> Result<Tail, ParseError> {
        let mut tail = Tail::default();
        loop {
            if let Some(filter) = self.line_filter()? {
                tail.stages.push(Stage::LineFilter(filter));
                continue;
            }
            let start = self.span();
            if !self.eat(Mark::Pipe)? {
                return Ok(tail);
            }
            if self.is_count() {
                tail.count = Some(self.count(context, start)?);
                return Ok(tail);
            }
            if context == Context::Range && self.is_keyword(Keyword::Unwrap) {
                tail.unwrap = Some(self.unwrap(start)?);
                return Ok(tail);
            }
            tail.stages.push(self.stage()?);
        }
    }

    /// What follows a `|`.
    fn stage(&mut self) -> Result<Stage, ParseError> {
        match self.peek() {
            TokenKind::Keyword(keyword) => {
                let keyword = *keyword;
                self.keyword_stage(keyword)
            }
            TokenKind::Identifier(_) | TokenKind::Mark(Mark::OpenParen) => {
                self.label_filter(&[]).map(Stage::LabelFilter)
            }
            token => {
                let hint = hint::stage(token);
                Err(hint::add(self.unexpected(&[]), hint))
            }
        }
    }

    fn keyword_stage(&mut self, keyword: Keyword) -> Result<Stage, ParseError> {
        if !hint::STAGES.contains(&keyword) {
            let hint = hint::stage(self.peek());
            return Err(hint::add(self.unexpected(&[]), hint));
        }
        self.advance()?;
        Ok(match keyword {
            Keyword::Json => Stage::Json(self.extractions()?),
            Keyword::Logfmt => Stage::Logfmt(self.logfmt()?),
            Keyword::Regexp => {
                let text = self.text(&["STRING"])?;
                check::regexp(&text)?;
                Stage::Regexp(text)
            }
            Keyword::Pattern => {
                let text = self.text(&["STRING"])?;
                check::pattern(&text)?;
                Stage::Pattern(text)
            }
            Keyword::Unpack => Stage::Unpack,
            Keyword::LineFormat => Stage::LineFormat(self.text(&["STRING"])?),
            Keyword::LabelFormat => Stage::LabelFormat(self.list(Self::label_format)?),
            Keyword::Drop => Stage::Drop(self.list(Self::drop_keep)?),
            Keyword::Keep => Stage::Keep(self.list(Self::drop_keep)?),
            _ => Stage::Decolorize,
        })
    }

    /// `--strict --keep-empty a, b="c"`
    fn logfmt(&mut self) -> Result<Logfmt, ParseError> {
        let mut logfmt = Logfmt::default();
        while let TokenKind::Flag(flag) = self.peek() {
            match flag.as_str() {
                "--strict" => logfmt.strict = true,
                _ => logfmt.keep_empty = true,
            }
            self.advance()?;
        }
        logfmt.extractions = self.extractions()?;
        Ok(logfmt)
    }

    /// `a, b="c"`, or nothing.
    fn extractions(&mut self) -> Result<Vec<Extraction>, ParseError> {
        match self.peek() {
            TokenKind::Identifier(_) => self.list(Self::extraction),
            _ => Ok(Vec::new()),
        }
    }

    fn extraction(&mut self) -> Result<Extraction, ParseError> {
        let (name, start) = self.name(&["IDENTIFIER"])?;
        let expression = match self.eat(Mark::Eq)? {
            true => self.text(&["STRING"])?.value,
            false => name.clone(),
        };
        Ok(Extraction { name, expression, span: self.since(start) })
    }

    /// `a=b`, `a="{{ .b }}"`
    fn label_format(&mut self) -> Result<LabelFormat, ParseError> {
        let (name, start) = self.name(&["IDENTIFIER"])?;
        self.expect(Mark::Eq, &["="])?;
        let source = match self.peek() {
            TokenKind::String(_) => LabelFormatSource::Template(self.text(&["STRING"])?),
            _ => LabelFormatSource::Rename(self.name(&["IDENTIFIER", "STRING"])?.0),
        };
        Ok(LabelFormat { name, source, span: self.since(start) })
    }

    /// `a`, `a="b"`
    fn drop_keep(&mut self) -> Result<DropKeep, ParseError> {
        let (name, start) = self.name(&["IDENTIFIER"])?;
        match match_op(self.peek()) {
            None => Ok(DropKeep::Name(name)),
            Some(op) => {
                self.advance()?;
                self.matcher_value(name, op, start).map(DropKeep::Matcher)
            }
        }
    }

    /// One or more of something, with commas between.
    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        let mut items = vec![item(self)?];
        while self.eat(Mark::Comma)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Whether our own stage `count` comes next, not a condition on a label of that name.
    fn is_count(&self) -> bool {
        match self.peek() {
            TokenKind::Function(Function::Vector(crate::ast::VectorOp::Count)) => true,
            TokenKind::Identifier(name) if name.eq_ignore_ascii_case("count") => {
                matches!(self.peek_second(), Some(TokenKind::End))
            }
            _ => false,
        }
    }

    /// `count`, `count by (…)`, `count without (…)`: the last stage of a query for lines.
    fn count(&mut self, context: Context, start: Span) -> Result<Count, ParseError> {
        if context != Context::Query || !self.is_outermost() {
            return Err(self.unexpected(&[]).hint(hint::COUNT_PLACE));
        }
        self.advance()?;
        let grouping = self.grouping()?;
        if *self.peek() != TokenKind::End {
            return Err(self.unexpected(&[]).hint(hint::COUNT_PLACE));
        }
        Ok(Count { grouping, span: self.since(start) })
    }
}
