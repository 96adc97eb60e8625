//! Colours, where somebody looks.

use std::io::IsTerminal;

/// Whether standard output is a terminal that shows colours.
#[must_use]
pub fn wanted() -> bool {
    std::io::stdout().is_terminal() && allowed()
}

/// Whether standard error is.
#[must_use]
pub fn wanted_beside() -> bool {
    std::io::stderr().is_terminal() && allowed()
}

/// `NO_COLOR` with any value but nothing turns colours off (no-color.org).
fn allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What labels may be coloured with: all but the blue of the times.
const PALETTE: [u8; 10] = [96, 36, 92, 32, 95, 35, 93, 33, 91, 31];

/// A text in a colour of its own: equal keys have equal colours, those that logcli gives them.
#[must_use]
pub fn by_key(text: &str, key: &str, colored: bool) -> String {
    // FNV-1 with 32 bits.
    let step = |hash: u32, byte: u8| hash.wrapping_mul(16_777_619) ^ u32::from(byte);
    let hash = key.bytes().fold(2_166_136_261, step) as usize;
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

/// A text in blue: times and names.
#[must_use]
pub fn blue(text: &str, colored: bool) -> String {
    paint(text, 34, colored)
}

/// A text in red: labels.
#[must_use]
pub fn red(text: &str, colored: bool) -> String {
    paint(text, 31, colored)
}

/// A text in yellow: what somebody should look at.
#[must_use]
pub fn yellow(text: &str, colored: bool) -> String {
    paint(text, 33, colored)
}

fn paint(text: &str, code: u8, colored: bool) -> String {
    if colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_have_equal_colours() {
        let color = |key| by_key("x", key, true);
        assert_eq!(color("{a=\"1\"}"), color("{a=\"1\"}"));
        assert_ne!(color("{a=\"1\"}"), color("{a=\"2\"}"));
        assert_eq!(by_key("x", "{}", false), "x");
    }
}
