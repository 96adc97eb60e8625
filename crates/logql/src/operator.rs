//! The operators and functions of LogQL and how they are written.

use std::fmt;

words! {
    /// How a matcher compares.
    MatchOp {
        Eq = "=",
        NotEq = "!=",
        Re = "=~",
        NotRe = "!~",
    }
}

words! {
    /// How a line filter looks for its text.
    LineFilterOp {
        Contains = "|=",
        NotContains = "!=",
        Re = "|~",
        NotRe = "!~",
        Pattern = "|>",
        NotPattern = "!>",
    }
}

words! {
    /// How a label filter compares; `=` is read as `==`.
    CompareOp {
        Eq = "==",
        NotEq = "!=",
        Gt = ">",
        Gte = ">=",
        Lt = "<",
        Lte = "<=",
    }
}

words! {
    /// The functions over a range of lines.
    RangeOp {
        CountOverTime = "count_over_time",
        Rate = "rate",
        RateCounter = "rate_counter",
        BytesOverTime = "bytes_over_time",
        BytesRate = "bytes_rate",
        SumOverTime = "sum_over_time",
        AvgOverTime = "avg_over_time",
        MinOverTime = "min_over_time",
        MaxOverTime = "max_over_time",
        StddevOverTime = "stddev_over_time",
        StdvarOverTime = "stdvar_over_time",
        QuantileOverTime = "quantile_over_time",
        FirstOverTime = "first_over_time",
        LastOverTime = "last_over_time",
        AbsentOverTime = "absent_over_time",
    }
}

words! {
    /// The operators over a vector.
    VectorOp {
        Sum = "sum",
        Avg = "avg",
        Min = "min",
        Max = "max",
        Count = "count",
        Stddev = "stddev",
        Stdvar = "stdvar",
        Topk = "topk",
        Bottomk = "bottomk",
        ApproxTopk = "approx_topk",
        Sort = "sort",
        SortDesc = "sort_desc",
    }
}

words! {
    /// The operators between two vectors or numbers.
    BinaryOp {
        Or = "or",
        And = "and",
        Unless = "unless",
        Add = "+",
        Sub = "-",
        Mul = "*",
        Div = "/",
        Mod = "%",
        Pow = "^",
        Eq = "==",
        NotEq = "!=",
        Gt = ">",
        Gte = ">=",
        Lt = "<",
        Lte = "<=",
    }
}

impl BinaryOp {
    /// Operators of a higher precedence bind tighter.
    #[must_use]
    pub fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Eq | Self::NotEq | Self::Gt | Self::Gte | Self::Lt | Self::Lte => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod => 5,
            Self::Pow => 6,
        }
    }

    /// Whether `a op b op c` is `a op (b op c)`.
    #[must_use]
    pub fn is_right_associative(self) -> bool {
        self == Self::Pow
    }

    /// `and or unless`: between sets of series, not between values.
    #[must_use]
    pub fn is_logical(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// `== != > >= < <=`
    #[must_use]
    pub fn is_comparison(self) -> bool {
        self.precedence() == 3
    }

    /// What it makes of two numbers: a comparison gives 0 or 1, division by zero is not a number.
    /// Nothing for the logical operators.
    #[must_use]
    pub fn apply(self, left: f64, right: f64) -> Option<f64> {
        let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
        Some(match self {
            Self::Or | Self::And | Self::Unless => return None,
            Self::Add => left + right,
            Self::Sub => left - right,
            Self::Mul => left * right,
            Self::Div | Self::Mod if right == 0.0 => f64::NAN,
            Self::Div => left / right,
            Self::Mod => left % right,
            Self::Pow => left.powf(right),
            Self::Eq => truth(left == right),
            Self::NotEq => truth(left != right),
            Self::Gt => truth(left > right),
            Self::Gte => truth(left >= right),
            Self::Lt => truth(left < right),
            Self::Lte => truth(left <= right),
        })
    }
}

impl RangeOp {
    /// Whether it may stand before `by (…)` and `without (…)`.
    #[must_use]
    pub fn allows_grouping(self) -> bool {
        matches!(
            self,
            Self::AvgOverTime
                | Self::MinOverTime
                | Self::MaxOverTime
                | Self::StddevOverTime
                | Self::StdvarOverTime
                | Self::QuantileOverTime
                | Self::FirstOverTime
                | Self::LastOverTime
        )
    }

    /// Whether it can work on the values of `| unwrap`.
    #[must_use]
    pub fn allows_unwrap(self) -> bool {
        !matches!(self, Self::CountOverTime | Self::BytesOverTime | Self::BytesRate)
    }

    /// Whether it can work on lines alone.
    #[must_use]
    pub fn allows_lines(self) -> bool {
        matches!(
            self,
            Self::CountOverTime
                | Self::Rate
                | Self::BytesOverTime
                | Self::BytesRate
                | Self::AbsentOverTime
        )
    }
}

macro_rules! display {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    )*};
}

display! { MatchOp LineFilterOp CompareOp RangeOp VectorOp BinaryOp }
