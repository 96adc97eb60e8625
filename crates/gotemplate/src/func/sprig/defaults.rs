//! `empty`, `coalesce`, `all`, `any`, `ternary`, and `fail`, for who has no default.

use crate::func::function::{Function, Param};
use crate::func::json::is_empty;
use crate::value::Value;

use Param::{Any, Bool, Str};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("empty", &[Any], |_, args| Ok(Value::Bool(is_empty(&args[0])))),
    Function::new("coalesce", &[], |_, args| {
        let found = args.iter().find(|value| !is_empty(value));
        Ok(found.cloned().unwrap_or(Value::Nil))
    })
    .and_more(Any),
    Function::new("all", &[], |_, args| Ok(Value::Bool(!args.iter().any(is_empty)))).and_more(Any),
    Function::new("any", &[], |_, args| Ok(Value::Bool(!args.iter().all(is_empty)))).and_more(Any),
    Function::new("ternary", &[Any, Any, Bool], |_, args| {
        Ok(args[usize::from(!args[2].is_true())].clone())
    }),
    Function::new("fail", &[Str], |_, args| Err(args[0].text().into_owned().into())),
];
