//! All lines of a query, one by one: for answers that are made of lines and do not have them.

use std::time::Duration;

use logql::ast::Expr;
use logql::eval::Direction;
use logql::pipeline::ResultLabels;
use loki::time::Bounds;
use model::{TenantId, Timestamp};
use query::{Kind, Request};

use crate::app::App;
use crate::refusal::Refusal;

/// Hands on each line that a query for lines finds from the start of the bounds to before their
/// end: as they are read, in no order.
pub(crate) async fn each_line(
    app: &App,
    tenant: &TenantId,
    query: Expr,
    bounds: Bounds,
    take: impl FnMut(&ResultLabels, Timestamp, &str),
) -> Result<(), Refusal> {
    let request = Request {
        tenant: tenant.clone(),
        query,
        kind: Kind::Range { start: bounds.start, end: bounds.end, step: Duration::ZERO },
        limit: 0,
        direction: Direction::Forward,
        interval: Duration::ZERO,
    };
    Ok(app.engine(tenant).each_line(request, take).await?)
}
