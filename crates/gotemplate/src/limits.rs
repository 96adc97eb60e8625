//! Every bound on what a template may cost. A template comes from whoever may ask a query, so each
//! of these keeps one query from taking the process with it.

/// The longest output, and the longest string any function may build, in bytes. A stored line has
/// at most 256 KiB; sixteen times that leaves room for what escaping and padding add.
pub const MAX_OUTPUT_BYTES: usize = 4 * 1024 * 1024;
/// How much one rendering may do: one for each node it visits, one for each byte that a function is
/// given or builds, and one for each value in its lists. It ends `{{ range 1000000000 }}` within a
/// second and bounds the memory that variables hold.
pub const MAX_WORK: usize = 16 * 1024 * 1024;
/// How deep blocks, parentheses and template calls may nest, each. It guards the call stack.
pub const MAX_DEPTH: usize = 100;
/// How many values a list or dictionary may hold, those in its own lists included: about as many as
/// a line of 256 KiB can have words. In memory, these are some megabytes.
pub const MAX_VALUES: usize = 100_000;
/// How deep lists and dictionaries may nest in each other. It guards the call stack, and is above
/// the 128 levels that JSON may have.
pub const MAX_VALUE_DEPTH: usize = 200;
/// The memory a compiled regular expression may take, in bytes.
pub const MAX_REGEX_BYTES: usize = 1024 * 1024;
/// What compiling a regular expression counts as work, where the pattern is not a literal that is
/// compiled once. A costly one takes a millisecond or so.
pub const REGEX_WORK: usize = 10_000;
