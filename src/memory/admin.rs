//! What administrators see of memory: how it is embedded and distilled, in numbers and times. No text, and
//! nobody's name.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::distil::Distilling;
use super::distil::routes::everybodys;
use super::embed::{self, admin::Embedding};
use crate::app::App;
use crate::auth::Admin;
use crate::error::Result;
use crate::http::Json;
use crate::http::failure::Failure;

#[derive(Serialize, ToSchema)]
pub struct AdminMemory {
    pub embedding: Embedding,
    pub distilling: Distilling,
}

/// How memory does.
#[utoipa::path(get, path = "/api/admin/memory", tag = "admin", responses(
    (status = 200, body = AdminMemory), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn state(State(app): State<App>, _admin: Admin) -> Result<Json<AdminMemory>> {
    told(&app).await
}

/// The same after an administrator changed something of it.
pub async fn told(app: &App) -> Result<Json<AdminMemory>> {
    let candidates = embed::admin::candidates(app).await;
    app.store.read(|tx| {
        Ok(Json(AdminMemory {
            embedding: embed::admin::state(tx, app, candidates)?,
            distilling: everybodys(tx, app)?,
        }))
    })
}
