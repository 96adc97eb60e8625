//! A line as words and gaps: what a reader makes of it, and what a template is.

/// What a word is in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key, or the nothing before a gap that begins a line. Lines of different keys are not of
    /// one template.
    Key,
    /// A level. Lines of different levels are not of one template.
    Level,
    /// A word of prose, by which lines are compared.
    Plain,
    /// A word in capitals, `SUCCESS` or `POST`: a state or a verb, which counts twice.
    Capitals,
    /// A value, a path, an id: it may differ freely.
    Loose,
}

/// A word and the gap behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What the word is.
    pub kind: Kind,
    /// Whether anything may stand for the word.
    pub word_open: bool,
    /// Whether any number of spaces may stand where the gap has some.
    pub gap_open: bool,
    // A line of which more is looked at than these count cannot be configured.
    word_bytes: u16,
    gap_bytes: u16,
}

impl Token {
    /// The token with its text, which the rest of all texts begins with.
    fn take<'a>(self, rest: &mut &'a str) -> Part<'a> {
        let (word, tail) = rest.split_at(usize::from(self.word_bytes));
        let (gap, tail) = tail.split_at(usize::from(self.gap_bytes));
        *rest = tail;
        Part { token: self, word, gap }
    }
}

/// A token with its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    /// What is known of it.
    pub token: Token,
    /// The word, in which [`VARIABLE`](crate::mask::VARIABLE) stands for what varies. Without
    /// meaning when it is open; empty when the line begins with a gap.
    pub word: &'a str,
    /// Marks and spaces. Empty at the end of a line.
    pub gap: &'a str,
}

/// The words and gaps of a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    text: String,
    tokens: Vec<Token>,
    /// Whether the line goes on.
    pub is_cut: bool,
}

impl Tokens {
    /// The words with their gaps, in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut rest = self.text.as_str();
        self.tokens.iter().map(move |token| token.take(&mut rest))
    }

    /// Opens the words and gaps in which a line is different. It has as many of them.
    pub(crate) fn open_where_different(&mut self, line: &Self) {
        let mut rest = self.text.as_str();
        for (token, theirs) in self.tokens.iter_mut().zip(line.parts()) {
            let ours = token.take(&mut rest);
            token.word_open |= theirs.token.word_open || ours.word != theirs.word;
            token.gap_open |= ours.gap != theirs.gap;
        }
    }

    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is nothing, or nothing but spaces.
    pub(crate) fn is_blank(&self) -> bool {
        self.tokens.iter().all(|token| !token.word_open) && self.text.trim().is_empty()
    }

    /// Forgets all, and keeps the memory for the next line.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.tokens.clear();
        self.is_cut = false;
    }

    /// Adds a word and the gap behind it.
    pub(crate) fn push(&mut self, kind: Kind, word_open: bool, word: &str, gap: &str) {
        let (word_bytes, gap_bytes) = (length(word), length(gap));
        self.text.push_str(word);
        self.text.push_str(gap);
        self.tokens.push(Token { kind, word_open, gap_open: false, word_bytes, gap_bytes });
    }
}

fn length(text: &str) -> u16 {
    u16::try_from(text.len()).expect("no more bytes of a line are looked at than a u16 counts")
}

/// Whether two gaps are the same but for the number of spaces where both have some.
pub(crate) fn gaps_agree(a: &str, b: &str) -> bool {
    a == b || gap_shape(a).eq(gap_shape(b))
}

/// The bytes of a gap, of which a run of spaces gives one.
pub(crate) fn gap_shape(gap: &str) -> impl Iterator<Item = u8> {
    let mut before = 0;
    gap.bytes().filter(move |byte| {
        let repeats = *byte == b' ' && before == b' ';
        before = *byte;
        !repeats
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expect: bool) {
        assert_eq!(gaps_agree(a, b), expect, "{a:?} and {b:?}");
        assert_eq!(gaps_agree(b, a), expect, "{b:?} and {a:?}");
    }

    #[test]
    fn gaps_agree_in_all_but_the_width_of_their_spaces() {
        check("   ] ", " ]  ", true);
        check("\t", "\t", true);
        check(" ", "", false);
        check("\t\t", "\t", false);
        check(" [", " (", false);
        check("] [", "][", false);
    }
}
