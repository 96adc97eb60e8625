//! The name that was probably meant.

/// The known name that differs least, if the difference is small.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = name.len().div_ceil(3).min(3);
    let by_distance = known.map(|known| (distance(name, known), known));
    let (distance, known) = by_distance.min()?;
    (distance <= allowed).then_some(known)
}

/// How many letters have to be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.bytes().enumerate() {
        let mut corner = at;
        row[0] = at + 1;
        for (to, other) in b.bytes().enumerate() {
            let changed = corner + usize::from(letter != other);
            corner = row[to + 1];
            row[to + 1] = changed.min(corner + 1).min(row[to] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_seen_through() {
        let known = ["labels", "label_drop", "regex"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("lables"), Some("labels"));
        assert_eq!(near("label-drop"), Some("label_drop"));
        assert_eq!(near("regexp"), Some("regex"));
        assert_eq!(near("kafka"), None);
    }
}
