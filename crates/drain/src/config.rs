//! How much is mined, and how alike lines of one template are.

/// A miner's limits. Its templates together have no more than `templates_max` times
/// `line_bytes_max` bytes of text. It holds one template at least, whatever the limits are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How many templates are held; the one that was used least recently makes room.
    pub templates_max: usize,
    /// How many first words the tree tells apart under lines of one structure; all further ones
    /// share a branch.
    pub children_max: usize,
    /// How many templates a leaf of the tree holds, which are all compared with a line.
    pub leaf_templates_max: usize,
    /// How many words of a line are mined; what follows is one `<_>`.
    pub words_max: usize,
    /// How many bytes of a line are looked at; the word that crosses them belongs to the rest.
    pub line_bytes_max: u16,
    /// A word of more bytes is `<_>`.
    pub word_bytes_max: usize,
    /// How many percent of a message's plain words must be those of a template for the line to
    /// belong to it.
    pub likeness_percent: u8,
    /// The same where a leaf is full: so many messages that begin alike have a variable in them.
    pub crowded_likeness_percent: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            // A component of Airflow has some 200 messages; all of one deployment, with what its
            // tasks print, some 600.
            templates_max: 1000,
            // More than the first words of messages that happen to be punctuated alike; fewer than
            // the names in "anna logged in", "bert logged in", …
            children_max: 32,
            // More messages that begin with the same word and are punctuated alike than programs
            // have; a comparison takes some 0.1 µs.
            leaf_templates_max: 16,
            // A JSON line of Airflow has some 40. Beyond this come tracebacks and dumps.
            words_max: 96,
            // 96 words are seldom longer.
            line_bytes_max: 2048,
            // Longer than most paths of Python's modules; beyond this come tokens and base64.
            word_bytes_max: 128,
            // One word of four may differ, one of three may not: "rows fetched" is not "rows
            // written".
            likeness_percent: 70,
            // Half of "anna logged in", "bert logged in", …
            crowded_likeness_percent: 50,
        }
    }
}
