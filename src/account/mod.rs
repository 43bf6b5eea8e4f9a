//! SLICE: my data, assembled from all the others. First part: who I am.

use crate::auth::{CurrentUser, PublicUser};
use crate::http::Json;
use crate::http::failure::Failure;

/// The signed-in person.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, body = PublicUser), (status = 401, body = Failure)))]
pub async fn me(caller: CurrentUser) -> Json<PublicUser> {
    Json(PublicUser::from(&caller.user))
}
