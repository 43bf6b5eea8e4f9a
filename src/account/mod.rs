//! SLICE: my data, assembled from all the others. First part: who I am.

use axum::extract::State;

use crate::app::App;
use crate::auth::{Anything, Caller, PublicUser};
use crate::http::Json;
use crate::http::failure::Failure;

/// The signed-in person.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, body = PublicUser), (status = 401, body = Failure)))]
pub async fn me(State(app): State<App>, caller: Caller<Anything>) -> Json<PublicUser> {
    Json(PublicUser::of(&app, &caller.user))
}
