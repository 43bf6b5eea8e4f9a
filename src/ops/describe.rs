//! The OpenAPI document, made from the handlers' own types.

use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::http::Json;
use crate::{account, auth, chat, memory};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "NovaCore",
        description = "An AI companion that remembers you, on a machine you own."
    ),
    paths(
        super::paths::health,
        super::paths::ready,
        super::paths::status,
        super::paths::metrics,
        account::me,
        auth::paths::setup,
        auth::paths::register,
        auth::paths::login,
        auth::paths::refresh,
        auth::paths::logout,
        auth::paths::logout_all,
        auth::paths::list_sessions,
        auth::paths::end_session,
        chat::paths::models,
        chat::paths::list,
        chat::paths::create,
        chat::paths::read_one,
        chat::paths::rename,
        chat::paths::end,
        chat::paths::delete,
        chat::paths::history,
        chat::paths::stream,
        chat::paths::message,
        chat::paths::regenerate,
        chat::paths::edit,
        chat::paths::events,
        chat::paths::stop,
        memory::paths::list,
        memory::paths::read_one,
        memory::paths::forget,
        memory::paths::search,
    )
)]
struct Api;

/// The description of the HTTP API.
pub fn document() -> Document {
    Api::openapi()
}

pub async fn openapi() -> Response {
    Json(document()).into_response()
}
