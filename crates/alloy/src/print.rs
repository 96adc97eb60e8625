//! A file as `alloy fmt` writes it: tabs, equals signs below one another, a blank line before each
//! block, a comma after the last element of a list of several lines. Comments are kept.

use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Field, File, Name, Statement};
use crate::layout::Layout;
use crate::quote::{key, quote};
use crate::source::{Sources, Span};

/// The text of a file that was parsed without errors, in the form that `alloy fmt` gives it.
#[must_use]
pub fn format(sources: &Sources, file: &File) -> String {
    let text = sources.text(file.id);
    let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at);
    let mut printer = Printer {
        text,
        newlines: newlines.collect(),
        comments: &file.comments,
        last_line: 0,
        may_be_blank: false,
        layout: Layout::default(),
    };
    printer.statements(&file.body);
    printer.flush(u32::MAX);
    printer.layout.finish()
}

struct Printer<'a> {
    text: &'a str,
    newlines: Vec<usize>,
    /// The comments that were not written yet.
    comments: &'a [Span],
    /// The line of the source on which the last thing that was written ends.
    last_line: usize,
    /// Whether a blank line may come next: not at the beginning of a body.
    may_be_blank: bool,
    layout: Layout,
}

impl Printer<'_> {
    fn statements(&mut self, body: &Body) {
        for statement in &body.statements {
            let span = statement.span();
            self.before_statement(span, matches!(statement, Statement::Block(_)));
            let lines = self.layout.len();
            match statement {
                Statement::Attribute(attribute) => self.attribute(attribute),
                Statement::Block(block) => self.block(block),
            }
            self.wrote(span);
            self.may_be_blank = true;
            if self.layout.len() > lines {
                self.layout.end_run();
            }
        }
    }

    /// Comments of a statement and the blank line before it. A blank line stands where one was,
    /// and before a block.
    fn before_statement(&mut self, span: Span, is_block: bool) {
        self.trailing_comments(span.start);
        let comments = self.comments.iter().take_while(|comment| comment.start < span.start);
        let mut line = self.last_line;
        let mut has_gap = false;
        for place in comments.chain([&span]) {
            has_gap |= self.line(place.start) > line + 1;
            line = self.line(place.end);
        }
        if is_block && !has_gap && self.may_be_blank {
            self.layout.blank_line();
        }
        self.own_comments(span.start);
        if self.last_comment_is_on(span) {
            return;
        }
        self.new_line(span);
    }

    /// Whether a comment in `/* */` stands before something on the same line.
    fn last_comment_is_on(&self, span: Span) -> bool {
        self.layout.is_after_block_comment() && self.last_line == self.line(span.start)
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.layout.write(&attribute.name.text);
        self.wrote(attribute.name.span);
        self.layout.align();
        self.layout.write("= ");
        self.expr(&attribute.value);
    }

    fn block(&mut self, block: &Block) {
        self.layout.write(&block.name.text);
        if let Some(Name { text, .. }) = &block.label {
            self.layout.write(&format!(" {}", quote(text)));
        }
        let end = block.body.span.end.saturating_sub(1);
        let has_comments = self.comments.first().is_some_and(|comment| comment.start < end);
        if block.body.statements.is_empty() && !has_comments {
            self.layout.write(" { }");
            return;
        }
        self.layout.write(" {");
        self.last_line = self.line(block.body.span.start);
        self.may_be_blank = false;
        self.layout.indent += 1;
        self.layout.end_run();
        self.statements(&block.body);
        self.flush(end);
        self.layout.indent -= 1;
        self.layout.new_line();
        self.layout.end_run();
        self.layout.write("}");
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) => self.verbatim(expr.span),
            ExprKind::Identifier(name) => self.leaf(name, expr.span),
            ExprKind::Missing => {}
            ExprKind::Array(elements) => self.list(("[", "]"), expr.span, elements),
            ExprKind::Object(fields) => self.object(expr.span, fields),
            ExprKind::Access { value, name } => {
                self.expr(value);
                self.layout.write(".");
                self.leaf(&name.text, name.span);
            }
            ExprKind::Index { value, index } => {
                self.expr(value);
                self.layout.write("[");
                self.expr(index);
                self.layout.write("]");
            }
            ExprKind::Call { function, arguments } => {
                self.expr(function);
                let span = Span { start: function.span.end, ..expr.span };
                self.list(("(", ")"), span, arguments);
            }
            ExprKind::Unary { operator, value } => {
                self.leaf(operator.text(), Span { end: expr.span.start + 1, ..expr.span });
                self.expr(value);
            }
            ExprKind::Binary { operator, at, left, right } => {
                self.expr(left);
                self.layout.write(&format!(" {} ", operator.text()));
                self.wrote(*at);
                self.expr(right);
            }
            ExprKind::Parentheses(inner) => {
                self.leaf("(", Span { end: expr.span.start + 1, ..expr.span });
                self.expr(inner);
                self.layout.write(")");
            }
        }
    }

    /// Elements between brackets. Each stands on a new line where it did in the source.
    fn list(&mut self, (open, close): (&str, &str), span: Span, elements: &[Expr]) {
        let open_at = Span { end: span.start + 1, ..span };
        self.leaf(open, open_at);
        for (i, element) in elements.iter().enumerate() {
            let is_broken = self.place(element.span, i > 0);
            self.expr(element);
            self.wrote(element.span);
            if i + 1 < elements.len() {
                self.layout.write(",");
            }
            self.layout.indent -= usize::from(is_broken);
        }
        self.close(close, span, !elements.is_empty());
    }

    fn object(&mut self, span: Span, fields: &[Field]) {
        self.leaf("{", Span { end: span.start + 1, ..span });
        for (i, field) in fields.iter().enumerate() {
            let is_broken = self.place(field.name.span, i > 0);
            if i == 0 && is_broken {
                self.layout.end_run();
            }
            let name = &field.name.text;
            self.layout.write(&if field.is_quoted { quote(name) } else { key(name) });
            self.wrote(field.name.span);
            if is_broken {
                self.layout.align();
            } else {
                self.layout.write(" ");
            }
            self.layout.write("= ");
            let lines = self.layout.len();
            self.expr(&field.value);
            self.wrote(field.value.span);
            if i + 1 < fields.len() {
                self.layout.write(",");
            }
            if self.layout.len() > lines {
                self.layout.end_run();
            }
            self.layout.indent -= usize::from(is_broken);
        }
        self.close("}", span, !fields.is_empty());
    }

    /// Before an element: on a new line and indented, which is told, or on the same.
    fn place(&mut self, span: Span, is_spaced: bool) -> bool {
        let has_comment = self.comments.first().is_some_and(|comment| comment.start < span.start);
        let is_broken = self.line(span.start) > self.last_line || self.layout.must_break();
        self.layout.indent += usize::from(is_broken || has_comment);
        self.flush(span.start);
        self.layout.indent -= usize::from(is_broken || has_comment);
        let is_broken = self.line(span.start) > self.last_line || self.layout.must_break();
        if is_broken {
            self.layout.indent += 1;
            self.layout.new_line();
        } else if is_spaced {
            self.layout.space();
        }
        is_broken
    }

    /// The bracket that closes a list.
    fn close(&mut self, bracket: &str, span: Span, has_elements: bool) {
        let end = span.end - 1;
        let is_broken = self.line(end) > self.last_line;
        if has_elements && is_broken {
            self.layout.write(",");
        }
        self.layout.indent += 1;
        self.flush(end);
        self.layout.indent -= 1;
        if (is_broken && has_elements) || self.layout.must_break() {
            self.layout.new_line();
            self.layout.end_run();
        }
        self.layout.write(bracket);
        self.wrote(Span { start: end, ..span });
    }

    /// Text that is written as it was.
    fn verbatim(&mut self, span: Span) {
        let text = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        self.leaf(text, span);
    }

    fn leaf(&mut self, text: &str, span: Span) {
        self.flush(span.start);
        self.layout.write(text);
        self.wrote(span);
    }

    /// Comments within an expression.
    fn flush(&mut self, before: u32) {
        self.trailing_comments(before);
        self.own_comments(before);
    }

    /// Comments behind the last thing that was written, on its line.
    fn trailing_comments(&mut self, before: u32) {
        while let Some((comment, rest)) = self.comments.split_first() {
            if comment.start >= before
                || self.line(comment.start) != self.last_line
                || self.layout.len() == 0
            {
                return;
            }
            self.comments = rest;
            let text = &self.text[comment.start as usize..comment.end as usize];
            self.layout.trailing_comment(text);
            self.wrote(*comment);
        }
    }

    /// Comments on lines of their own.
    fn own_comments(&mut self, before: u32) {
        while let Some((comment, rest)) = self.comments.split_first() {
            if comment.start >= before {
                return;
            }
            self.comments = rest;
            if !self.last_comment_is_on(*comment) {
                self.new_line(*comment);
            }
            let text = &self.text[comment.start as usize..comment.end as usize];
            self.layout.own_comment(text);
            self.wrote(*comment);
            self.may_be_blank = true;
        }
    }

    /// A new line, and a blank one before it where there was one.
    fn new_line(&mut self, next: Span) {
        if self.may_be_blank && self.line(next.start) > self.last_line + 1 {
            self.layout.blank_line();
        }
        self.layout.new_line();
    }

    fn wrote(&mut self, span: Span) {
        self.last_line = self.last_line.max(self.line(span.end));
    }

    /// The line of the source that a byte is on.
    fn line(&self, at: u32) -> usize {
        self.newlines.partition_point(|newline| *newline < at as usize)
    }
}
