//! Every bound on what a configuration may cost. It is written by an operator, but it may also be
//! fetched or generated, and a mistake in it must be told and not take the process with it.

/// The longest file, in bytes. The longest configurations in use have some hundred kilobytes.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How deep blocks and expressions may nest in the text, together. It guards the parser's stack.
pub const NESTING_MAX: usize = 64;
/// How high the tree of an expression may be. It guards whatever walks trees by recursion.
pub const HEIGHT_MAX: u16 = 96;
/// The problems of one run that are kept. Whoever has more mends these first.
pub const DIAGNOSTICS_MAX: usize = 100;
/// The longest string an expression may build, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most elements an array or object may have when an expression builds it.
pub const ELEMENTS_MAX: usize = 1_000_000;
/// How deep a value may nest. It guards whatever walks values by recursion.
pub const VALUE_DEPTH_MAX: usize = 128;
/// The widest padding and the longest precision that `string.format` honours.
pub const FORMAT_WIDTH_MAX: usize = 10_000;
/// The longest YAML file out of which a configuration is taken, in bytes.
pub const WRAPPED_BYTES_MAX: usize = 16 * 1024 * 1024;
