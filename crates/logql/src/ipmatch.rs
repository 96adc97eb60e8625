//! The ranges of `ip("…")`: one address, a network, or a span `a-b`, of IPv4 or IPv6; and finding
//! text of the shape of an address in a line, exactly where Loki finds it.

use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Which addresses are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpMatcher {
    range: RangeInclusive<IpAddr>,
}

impl IpMatcher {
    /// Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`, or the same of IPv6.
    ///
    /// # Errors
    /// In Loki's words, that it is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        single(text)
            .or_else(|| network(text))
            .or_else(|| span(text))
            .map(|range| Self { range })
            .ok_or_else(|| format!("ip: invalid pattern: {}", model::labels::Quoted(text)))
    }

    /// Whether an address is meant. Those of the other family never are.
    #[must_use]
    pub fn matches(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.range.start().is_ipv4() && self.range.contains(&address)
    }

    /// Whether a label's value holds such an address (Loki searches it as it searches a line).
    #[must_use]
    pub fn matches_text(&self, value: &str) -> bool {
        self.finds_in(value)
    }

    /// Whether a line holds such an address.
    #[must_use]
    pub fn finds_in(&self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let length = if looks_like_v4(rest) {
                run(rest, is_v4_byte)
            } else if looks_like_v6(rest) {
                run(rest, is_v6_byte)
            } else {
                at += 1;
                continue;
            };
            // Both alphabets are ASCII, so the cut is at character boundaries.
            if line[at..at + length].parse().is_ok_and(|address| self.matches(address)) {
                return true;
            }
            // The byte that ended the run cannot start an address of its own: Loki skips it too.
            at += length + 1;
        }
        false
    }
}

fn single(text: &str) -> Option<RangeInclusive<IpAddr>> {
    let address: IpAddr = text.parse().ok()?;
    Some(address..=address)
}

fn network(text: &str) -> Option<RangeInclusive<IpAddr>> {
    let (address, bits) = text.split_once('/')?;
    if bits.is_empty() || bits.len() > 3 || !bits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if bits.len() > 1 && bits.starts_with('0') {
        return None;
    }
    let bits: u32 = bits.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let first = address.to_bits() & !host;
            (bits <= 32).then(|| IpAddr::V4(first.into())..=IpAddr::V4((first | host).into()))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            let first = address.to_bits() & !host;
            (bits <= 128).then(|| IpAddr::V6(first.into())..=IpAddr::V6((first | host).into()))
        }
    }
}

fn span(text: &str) -> Option<RangeInclusive<IpAddr>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
    (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(first..=last)
}

/// A digit with a dot within the next three bytes.
fn looks_like_v4(bytes: &[u8]) -> bool {
    bytes.len() > 3 && bytes[0].is_ascii_digit() && bytes[1..4].contains(&b'.')
}

/// A hexadecimal digit with a colon within the next four bytes, or two colons. Loki looks at five
/// bytes, and so does not see the `::1` that ends a line; nor do we.
fn looks_like_v6(bytes: &[u8]) -> bool {
    let Some(ahead) = bytes.first_chunk::<5>() else { return false };
    ahead.starts_with(b"::") || (ahead[0].is_ascii_hexdigit() && ahead[1..].contains(&b':'))
}

fn is_v4_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

fn is_v6_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'
}

fn run(bytes: &[u8], is_of: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| is_of(**b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, line: &str, expect: bool) {
        assert_eq!(IpMatcher::parse(range).unwrap().finds_in(line), expect, "{range} in {line}");
    }

    #[test]
    fn addresses_in_lines() {
        check("127.0.0.1", "from 127.0.0.1, to 10.0.0.1", true);
        check("10.0.0.1", "from 127.0.0.1, to 10.0.0.1", true);
        check("192.168.4.0/24", "addr:192.168.4.20", true);
        check("192.168.4.0/24", "[192.168.5.20]:443 connect", false);
        check("192.168.4.1-192.168.4.9", "192.168.4.5:80", true);
        check("2001:db8::/32", "client=2001:db8::5 ok", true);
        check("2001:db8::1-2001:db8::10", "2001:db8::11", false);
        check("::1", "[::1]:443 connect", true);
        check("0.0.0.0/0", "300.1.2.3 1.2.3", false);
        check("0.0.0.0/0", "2001:db8::5", false);
        check("::/0", "1.2.3.4", false);
        check("10.0.0.1", "żółw 10.0.0.1 ą", true);
    }

    #[test]
    fn where_loki_does_not_look() {
        check("::1", "::1", false);
        check("::1", "addr:::1 ", false);
        check("2.3.4.5", "1.2.3.4.5", false);
    }

    #[test]
    fn values() {
        let private = IpMatcher::parse("10.1.2.3/8").unwrap();
        assert!(private.matches_text("10.200.0.1"));
        assert!(!private.matches_text("11.0.0.1"));
        assert!(private.matches("10.0.0.0".parse().unwrap()));
        assert!(!private.matches("::10.0.0.0".parse().unwrap()));
    }

    #[test]
    fn refused() {
        let wrong = ["", "bad", "300.1.2.3", "1.2.3.4/99", "1.2.3.4/+8", "1.2.3.4/08", "1.2.3.4/"];
        for text in wrong.into_iter().chain(["::/129", "1.2.3.4-::1", "1.2.3.9-1.2.3.1", "1-2"]) {
            let error = IpMatcher::parse(text).unwrap_err();
            assert_eq!(error, format!("ip: invalid pattern: \"{text}\""));
        }
    }
}
