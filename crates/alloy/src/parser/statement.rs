//! Attributes and blocks.

use std::sync::Arc;

use super::cursor::Parser;
use crate::ast::{Attribute, Block, Body, Expr, ExprKind, File, Name, Statement};
use crate::diag::{Diagnostic, Diagnostics};
use crate::limits::SOURCE_BYTES_MAX;
use crate::scanner::scan;
use crate::source::{FileId, Sources, Span};
use crate::token::{Mark, TokenKind, is_identifier};

/// Parses a file. What is wrong with it is added to the diagnostics; what could be understood is
/// returned all the same, so that more of it can be checked.
pub fn parse(sources: &Sources, file: FileId, diagnostics: &mut Diagnostics) -> File {
    let text = sources.text(file);
    if text.len() > SOURCE_BYTES_MAX {
        let message = format!("the file has more than {SOURCE_BYTES_MAX} bytes, split it");
        diagnostics.push(Diagnostic::error(Span { file, start: 0, end: 0 }, message));
        return File { id: file, body: Body::default(), comments: Vec::new() };
    }
    let scanned = scan(file, text, diagnostics);
    let mut parser = Parser::new(scanned.tokens, diagnostics);
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let mut body = Body { statements: Vec::new(), span: Span { file, start: 0, end } };
    while *parser.peek() != TokenKind::End {
        parser.statements(&mut body.statements);
        if parser.is(Mark::RightBrace) {
            let span = parser.advance();
            parser.error_hint(
                span,
                "\"}\" closes nothing",
                "remove it, or find the \"{\" it lacks",
            );
        }
    }
    File { id: file, body, comments: scanned.comments }
}

/// Parses a text that is one expression.
pub fn parse_expression(
    sources: &Sources,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<Expr> {
    let before = diagnostics.error_count();
    let text = sources.text(file);
    if text.len() > SOURCE_BYTES_MAX {
        let message = format!("the expression has more than {SOURCE_BYTES_MAX} bytes");
        diagnostics.push(Diagnostic::error(Span { file, start: 0, end: 0 }, message));
        return None;
    }
    let scanned = scan(file, text, diagnostics);
    let mut parser = Parser::new(scanned.tokens, diagnostics);
    let expr = parser.expression();
    parser.skip_terminators();
    if *parser.peek() != TokenKind::End {
        parser.expected("the end of the expression");
    }
    (diagnostics.error_count() == before).then_some(expr)
}

impl Parser<'_> {
    /// Statements up to the brace that closes them, or the end.
    fn statements(&mut self, out: &mut Vec<Statement>) {
        loop {
            self.skip_terminators();
            if self.is(Mark::RightBrace) || *self.peek() == TokenKind::End {
                return;
            }
            out.extend(self.statement());
            self.end_of_statement();
        }
    }

    /// A statement ends with its line.
    fn end_of_statement(&mut self) {
        let is_resumed = std::mem::take(&mut self.is_resumed);
        match self.peek() {
            TokenKind::Terminator | TokenKind::End | TokenKind::Mark(Mark::RightBrace) => {}
            TokenKind::Identifier(_) if is_resumed => {}
            TokenKind::Mark(Mark::Comma) => {
                let span = self.advance();
                let hint = "statements end with their line; commas stand in arrays and objects";
                self.error_hint(span, "unexpected \",\" after a statement", hint);
            }
            TokenKind::Identifier(_) => {
                self.error_hint(
                    self.span(),
                    "a statement must begin on a line of its own",
                    "begin a new line here",
                );
            }
            _ => {
                self.expected("the end of the line");
                self.skip_statement();
            }
        }
    }

    fn statement(&mut self) -> Option<Statement> {
        let (name, is_dotted) = self.block_name()?;
        match self.peek() {
            TokenKind::Mark(Mark::Assign) => {
                if is_dotted {
                    let message = format!("an attribute's name has no dots: \"{}\"", name.text);
                    self.error(name.span, message);
                }
                self.advance();
                let value = self.expression();
                Some(Statement::Attribute(Attribute { name, value }))
            }
            TokenKind::String(_) | TokenKind::Mark(Mark::LeftBrace) => self.block(name),
            TokenKind::Identifier(label) if *self.ahead(1) == TokenKind::Mark(Mark::LeftBrace) => {
                let hint = format!("write \"{label}\"");
                self.error_hint(self.span(), "a label stands in double quotes", &hint);
                self.block(name)
            }
            _ => {
                let found = self.peek().describe();
                let message =
                    format!("expected \"=\" or \"{{\" after \"{}\", found {found}", name.text);
                let hint = "an attribute is `name = value`, a block is `name \"label\" { … }`";
                self.error_hint(self.span(), message, hint);
                self.skip_statement();
                None
            }
        }
    }

    /// The name that begins a statement, and whether it has dots.
    fn block_name(&mut self) -> Option<(Name, bool)> {
        let start = self.span();
        let TokenKind::Identifier(first) = self.peek() else {
            self.expected("the name of an attribute or block");
            let is_closer =
                matches!(self.peek(), TokenKind::Mark(Mark::RightBracket | Mark::RightParenthesis));
            if is_closer {
                self.advance();
            }
            self.skip_statement();
            return None;
        };
        let mut text = first.clone();
        self.advance();
        let mut is_dotted = false;
        while self.eat(Mark::Dot) {
            is_dotted = true;
            let TokenKind::Identifier(part) = self.peek() else {
                self.expected("a name after \".\"");
                self.skip_statement();
                return None;
            };
            text = format!("{text}.{part}");
            self.advance();
        }
        Some((Name { text, span: start.to(self.previous()) }, is_dotted))
    }

    fn block(&mut self, name: Name) -> Option<Statement> {
        let label = self.label();
        let open = self.span();
        if !self.eat(Mark::LeftBrace) {
            self.expected(&format!("\"{{\" after \"{}\"", name.text));
            self.skip_statement();
            return None;
        }
        let mut statements = Vec::new();
        self.nested(|parser| parser.statements(&mut statements))?;
        if !self.eat(Mark::RightBrace) {
            let message = format!("the block \"{}\" is not closed", name.text);
            self.error_hint(open, message, "end it with \"}\"");
        }
        let body = Body { statements, span: open.to(self.previous()) };
        Some(Statement::Block(Arc::new(Block { name, label, body })))
    }

    fn label(&mut self) -> Option<Name> {
        let text = match self.peek() {
            TokenKind::String(text) | TokenKind::Identifier(text) => text.clone(),
            _ => return None,
        };
        let span = self.advance();
        if !is_identifier(&text) {
            let message = format!("the label \"{text}\" is not a name");
            let hint = "labels are made of letters, digits and _, and begin with no digit";
            self.error_hint(span, message, hint);
        }
        Some(Name { text, span })
    }

    /// What stands where an expression was expected and could not be read.
    pub(super) fn missing(&mut self) -> Expr {
        let span = self.span();
        Expr::new(ExprKind::Missing, Span { end: span.start, ..span })
    }
}
