//! From a query's tree to a plan of DataFusion's operators.

pub(crate) mod log;
pub(crate) mod projection;
pub(crate) mod range;
pub(crate) mod row_test;
