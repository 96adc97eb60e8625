//! The functions a template may call, one file a family. Each file ends its table `FUNCTIONS` with
//! what the function wants and what it does; [`function`] says what an entry means.

pub(crate) mod builtin;
mod compare;
mod date;
mod decimal;
mod encode;
mod function;
mod hash;
mod html;
mod json;
mod math;
mod number;
pub(crate) mod regex;
mod sprig;
mod string;
mod weight;

pub(crate) use function::{Context, Failure, Function, Param, lookup};
pub(crate) use weight::weigh;
