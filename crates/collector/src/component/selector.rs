//! Which objects of Kubernetes are meant, by their labels.

use alloy::decode::Arguments;

/// A requirement of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// What is asked of it.
    pub operator: Operator,
    /// The values that are meant.
    pub values: Vec<String>,
}

/// What is asked of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It has one of the values.
    In,
    /// It has none of them, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

/// Operators by their names.
pub const OPERATORS: [(&str, Operator); 4] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
];

/// What must be so of an object. Where nothing must, all are meant.
pub type Selector = Vec<Requirement>;

/// Whether labels are as they must be.
pub fn matches<'a>(selector: &[Requirement], label: impl Fn(&str) -> Option<&'a str>) -> bool {
    selector.iter().all(|Requirement { key, operator, values }| {
        let is_one = |value: &str| values.iter().any(|it| it == value);
        match (operator, label(key)) {
            (Operator::In, value) => value.is_some_and(is_one),
            (Operator::NotIn, value) => !value.is_some_and(is_one),
            (Operator::Exists, value) => value.is_some(),
            (Operator::DoesNotExist, value) => value.is_none(),
        }
    })
}

/// Reads the block of this name.
pub fn decode(args: &mut Arguments<'_, '_>, name: &str) -> Selector {
    let Some(block) = args.block(name) else { return Selector::new() };
    let mut nested = args.nested(block);
    let labels: Vec<(String, String)> = nested.optional("match_labels", Vec::new());
    let equal = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
    let mut selector: Selector = labels.into_iter().map(equal).collect();
    for block in nested.blocks(&["match_expression"]) {
        let mut expression = nested.nested(block);
        let key = expression.required("key");
        let known = |text: String| {
            let found = OPERATORS.iter().find(|(word, _)| *word == text);
            let words: Vec<_> = OPERATORS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            found.map(|(_, it)| *it).ok_or_else(|| format!("must be one of {}", words.join(", ")))
        };
        let operator = expression.required_as("operator", known);
        let values = expression.optional("values", Vec::new());
        expression.finish();
        selector.extend(operator.map(|operator| Requirement { key, operator, values }));
    }
    nested.finish();
    selector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_meant() {
        let check = |operator: Operator, value: Option<&str>, expect: bool| {
            let values = vec!["a".to_owned(), "b".to_owned()];
            let selector = [Requirement { key: "k".to_owned(), operator, values }];
            let label = |name: &str| value.filter(|_| name == "k");
            assert_eq!(matches(&selector, label), expect, "{operator:?} {value:?}");
        };
        for (value, expect) in [
            (Some("a"), [true, false, true, false]),
            (Some("c"), [false, true, true, false]),
            (None, [false, true, false, true]),
        ] {
            for ((_, operator), expect) in OPERATORS.iter().zip(expect) {
                check(*operator, value, expect);
            }
        }
        assert!(matches(&[], |_| None));
    }
}
