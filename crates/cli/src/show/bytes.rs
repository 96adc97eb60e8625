//! Counts of bytes as logcli writes them: powers of a thousand, two digits at least.

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// `82 MB`, `8.3 MB`, `7 B`
#[must_use]
pub fn human(bytes: u64) -> String {
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let exponent = (bytes.ilog10() / 3) as usize;
    let tenths = (bytes as f64 / 1000_f64.powi(exponent as i32) * 10.0 + 0.5).floor();
    let value = tenths / 10.0;
    let decimals = usize::from(value < 10.0);
    format!("{value:.decimals$} {}", UNITS[exponent])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: u64, expect: &str) {
        assert_eq!(human(bytes), expect);
    }

    #[test]
    fn sizes() {
        check(0, "0 B");
        check(9, "9 B");
        check(10, "10 B");
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(9949, "9.9 kB");
        check(9999, "10 kB");
        check(82_854_982, "83 MB");
        check(u64::MAX, "18 EB");
    }
}
