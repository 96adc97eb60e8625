//! Lines as they are written, and the columns in which they are aligned.

/// Text in lines. Neighbouring lines that are split in the same way are aligned.
#[derive(Default)]
pub(crate) struct Layout {
    lines: Vec<Line>,
    /// How deep the next line is indented.
    pub(crate) indent: usize,
    run: usize,
}

#[derive(Default)]
struct Line {
    indent: usize,
    /// What stands before the equals sign, if there is a tail.
    head: String,
    tail: Option<String>,
    comment: Option<String>,
    /// Lines of one run are aligned with one another.
    run: usize,
    /// Whether nothing but a new line may follow.
    is_ended: bool,
    ends_with_block_comment: bool,
}

impl Layout {
    /// Appends to the line; to a new one if nothing more may stand on this.
    pub(crate) fn write(&mut self, text: &str) {
        if self.must_break() || self.lines.is_empty() {
            self.new_line();
        }
        let line = self.lines.last_mut().expect("a line was begun above");
        let is_spaced = line.ends_with_block_comment && !text.starts_with([' ', ',', ')', ']']);
        line.ends_with_block_comment = false;
        let part = line.tail.as_mut().unwrap_or(&mut line.head);
        if is_spaced {
            part.push(' ');
        }
        part.push_str(text);
        if text.contains('\n') {
            // What spans lines is aligned with what is before it and not with what is after it.
            self.run += 1;
        }
    }

    /// What follows on this line is aligned with what follows on its neighbours.
    pub(crate) fn align(&mut self) {
        match self.lines.last_mut() {
            Some(line) if line.tail.is_none() => line.tail = Some(String::new()),
            _ => self.write(" "),
        }
    }

    /// One space, unless a bracket was just opened by a list without elements before.
    pub(crate) fn space(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            line.ends_with_block_comment = false;
        }
        self.write(" ");
    }

    /// A new line.
    pub(crate) fn new_line(&mut self) {
        let (indent, run) = (self.indent, self.run);
        self.lines.push(Line { indent, run, ..Line::default() });
    }

    /// An empty line, which also ends a run.
    pub(crate) fn blank_line(&mut self) {
        if !self.lines.is_empty() {
            self.new_line();
            self.end_run();
        }
    }

    /// What follows is not aligned with what was before.
    pub(crate) fn end_run(&mut self) {
        self.run += 1;
        if let Some(line) = self.lines.last_mut()
            && line.head.is_empty()
            && line.tail.is_none()
        {
            line.run = self.run;
        }
    }

    /// A comment behind what was written.
    pub(crate) fn trailing_comment(&mut self, text: &str) {
        let Some(line) = self.lines.last_mut() else { return self.own_comment(text) };
        if text.starts_with("//") {
            line.comment = Some(text.to_owned());
            line.is_ended = true;
            return;
        }
        let is_open = line.tail.as_ref().unwrap_or(&line.head).ends_with([' ', '(', '[']);
        self.write(if is_open { "" } else { " " });
        self.own_comment(text);
    }

    /// A comment on a line that was begun for it.
    pub(crate) fn own_comment(&mut self, text: &str) {
        self.write(text);
        let line = self.lines.last_mut().expect("a text was just written");
        line.is_ended = text.starts_with("//");
        line.ends_with_block_comment = !line.is_ended;
    }

    /// Whether nothing more may stand on the line.
    pub(crate) fn must_break(&self) -> bool {
        self.lines.last().is_some_and(|line| line.is_ended)
    }

    pub(crate) fn is_after_block_comment(&self) -> bool {
        self.lines.last().is_some_and(|line| line.ends_with_block_comment)
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        let mut out = String::new();
        for group in self.lines.chunk_by(|a, b| a.is_aligned_with(b)) {
            let heads = group.iter().map(|line| line.head.chars().count()).max().unwrap_or(0);
            for line in group {
                line.write(&mut out, heads, comment_column(group, line));
            }
        }
        out
    }
}

impl Line {
    fn is_aligned_with(&self, next: &Self) -> bool {
        self.run == next.run
            && self.tail.is_some()
            && next.tail.is_some()
            && self.indent == next.indent
    }

    fn write(&self, out: &mut String, heads: usize, comments: usize) {
        let start = out.len();
        if !self.is_blank() {
            out.push_str(&"\t".repeat(self.indent));
        }
        out.push_str(&self.head);
        if let Some(tail) = &self.tail {
            out.push_str(&" ".repeat(heads - self.head.chars().count() + 1));
            out.push_str(tail);
        }
        if let Some(comment) = &self.comment {
            let width = self.tail.as_ref().map_or(0, |tail| tail.trim_end().chars().count());
            out.truncate(start + out[start..].trim_end().len());
            out.push_str(&" ".repeat(comments.saturating_sub(width) + 1));
            out.push_str(comment);
        }
        out.truncate(start + out[start..].trim_end().len());
        out.push('\n');
    }

    fn is_blank(&self) -> bool {
        self.head.is_empty() && self.tail.is_none() && self.comment.is_none()
    }
}

/// How wide the tails are of the neighbours with comments, to which a line's comment is aligned.
fn comment_column(group: &[Line], line: &Line) -> usize {
    let at = group.iter().position(|it| std::ptr::eq(it, line)).unwrap_or(0);
    let before = group[..at].iter().rev().take_while(|it| it.comment.is_some());
    let after = group[at..].iter().take_while(|it| it.comment.is_some());
    let tails = before.chain(after).filter_map(|it| it.tail.as_ref());
    tails.map(|tail| tail.trim_end().chars().count()).max().unwrap_or(0)
}
