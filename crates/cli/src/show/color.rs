//! Colours, where somebody looks.

use std::io::IsTerminal;

/// Whether standard output is a terminal that shows colours.
#[must_use]
pub fn wanted() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Colours in which neighbours are easy to tell apart, on dark and on light ground.
const PALETTE: [u8; 6] = [36, 33, 32, 35, 34, 31];

/// A text in a colour of its own: equal keys have equal colours.
#[must_use]
pub fn by_key(text: &str, key: &str, colored: bool) -> String {
    let hash = key.bytes().fold(0_usize, |hash, b| hash.wrapping_mul(31).wrapping_add(b.into()));
    paint(text, PALETTE[hash % PALETTE.len()], colored)
}

/// A text in grey.
#[must_use]
pub fn faint(text: &str, colored: bool) -> String {
    paint(text, 90, colored)
}

/// A text in bold.
#[must_use]
pub fn bold(text: &str, colored: bool) -> String {
    paint(text, 1, colored)
}

fn paint(text: &str, code: u8, colored: bool) -> String {
    if colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
