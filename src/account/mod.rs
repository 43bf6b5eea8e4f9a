//! SLICE: my data, assembled from all the others: who I am, what I think of this server, and the end of
//! my account.
//!
//! Enter here: the handlers, and the job that erases an account.

mod delete;
mod erase;
mod feedback;

use axum::extract::State;

use crate::app::App;
use crate::auth::{Anything, Caller, PublicUser};
use crate::http::Json;
use crate::http::failure::Failure;

pub use delete::{delete, delete_person};
pub use erase::{KIND as ERASE, SCRUB, erase};
pub use feedback::{
    CATALOGUE, all as all_feedback, answer as answer_feedback, export as export_feedback,
    give as give_feedback, list as feedback,
};

/// The signed-in person.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, body = PublicUser), (status = 401, body = Failure)))]
pub async fn me(State(app): State<App>, caller: Caller<Anything>) -> Json<PublicUser> {
    Json(PublicUser::of(&app, &caller.user, caller.strong))
}

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::delete::{__path_delete, __path_delete_person, delete, delete_person};
    pub use super::feedback::{
        __path_all as __path_all_feedback, __path_answer as __path_answer_feedback,
        __path_export as __path_export_feedback, __path_give as __path_give_feedback,
        __path_list as __path_feedback, all as all_feedback, answer as answer_feedback,
        export as export_feedback, give as give_feedback, list as feedback,
    };
}
