//! The OpenAPI document, made from the handlers' own types.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::app::App;
use crate::error::{Error, Result};
use crate::http::{Client, events};
use crate::{account, auth, billing, chat, memory};

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
        super::paths::auth_health,
        super::paths::intelligence_health,
        super::paths::memory_health,
        super::paths::billing_health,
        billing::routes::receive,
        super::paths::storage_state,
        super::paths::adopt_data,
        super::paths::begin_backup,
        super::paths::list_jobs,
        super::paths::retry_job,
        auth::routes::mail::list,
        auth::routes::mail::test,
        auth::routes::mail::show,
        auth::routes::mail::retry,
        super::paths::internal_backup,
        super::paths::internal_usage,
        super::paths::internal_jobs,
        auth::routes::services::list,
        auth::routes::services::make,
        auth::routes::services::remove,
        auth::routes::services::new_secret,
        auth::routes::receivers::list,
        auth::routes::receivers::make,
        auth::routes::receivers::remove,
        auth::routes::receivers::new_secret,
        auth::routes::people::list,
        auth::routes::people::read_one,
        auth::routes::people::change,
        auth::routes::people::end_sessions,
        auth::routes::people::start_reset,
        billing::routes::usage::all,
        billing::routes::usage::one,
        billing::routes::usage::correct,
        auth::routes::invitations::list,
        auth::routes::invitations::invite,
        auth::routes::invitations::link_again,
        auth::routes::invitations::revoke,
        auth::routes::audit::events,
        billing::routes::admin::resync,
        billing::routes::admin::overview,
        billing::routes::admin::events,
        billing::routes::admin::retry,
        account::paths::delete_person,
        account::paths::all_feedback,
        account::paths::answer_feedback,
        account::paths::export_feedback,
        account::paths::delete,
        account::paths::feedback,
        account::paths::give_feedback,
        account::me,
        auth::routes::setup::complete,
        auth::routes::sign_up::register,
        auth::routes::invitations::look,
        auth::routes::sign_in::login,
        auth::routes::sign_in::options,
        auth::routes::verification::verify,
        auth::routes::verification::verify_by_link,
        auth::routes::verification::resend,
        auth::routes::password::forgot,
        auth::routes::password::reset,
        auth::routes::password::change,
        auth::routes::sessions::refresh,
        auth::routes::sessions::logout,
        auth::routes::sessions::logout_all,
        auth::routes::sessions::list_sessions,
        auth::routes::sessions::end_session,
        auth::routes::sessions::end_others,
        auth::routes::passkey_sign_in::begin,
        auth::routes::passkey_sign_in::finish,
        auth::routes::passkeys::list,
        auth::routes::passkeys::add,
        auth::routes::passkeys::begin,
        auth::routes::passkeys::remove,
        auth::routes::second_factor::state,
        auth::routes::second_factor::begin,
        auth::routes::second_factor::enable,
        auth::routes::second_factor::recovery_codes,
        auth::routes::second_factor::disable,
        auth::routes::oidc::begin,
        auth::routes::oidc::callback,
        auth::routes::oidc::second_factor,
        auth::routes::identities::list,
        auth::routes::identities::remove,
        auth::routes::tokens::list,
        auth::routes::tokens::make,
        auth::routes::tokens::remove,
        auth::routes::services::issue,
        auth::routes::audit::activity,
        billing::routes::usage::quota,
        billing::routes::usage::history,
        billing::routes::usage::stats,
        billing::routes::usage::list,
        billing::routes::usage::export,
        billing::routes::plans::plans,
        billing::routes::subscription,
        billing::routes::checkout,
        billing::routes::portal,
        billing::routes::refresh,
        billing::routes::invoices,
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
        memory::routes::list,
        memory::routes::search,
        memory::routes::context,
        memory::routes::store,
        memory::routes::forget,
        memory::routes::stats,
        memory::routes::timeline,
        memory::routes::export,
        memory::routes::import,
        memory::routes::read_one,
        memory::routes::change,
        memory::routes::forget_one,
        memory::routes::promote,
        memory::routes::demote,
        memory::routes::pin,
        memory::routes::read_profile,
        memory::routes::state_fact,
        memory::routes::distil,
        memory::routes::list_jobs,
        memory::routes::retry_job,
        memory::routes::admin_state,
        memory::routes::distil_everybodys,
        memory::routes::decide_embedding,
    ),
    // The data of the events that an answer streams.
    components(schemas(
        events::Piece,
        events::Snapshot,
        billing::QuotaWarning,
        chat::data::Done,
        chat::data::Failed,
        chat::data::Queued,
        chat::data::Start,
    ))
)]
struct Api;

/// The description of the HTTP API. Operations are named after method and path, which are unique;
/// the handlers' own names are only unique within their slice.
pub fn document() -> Document {
    let mut document = Api::openapi();
    for (path, item) in &mut document.paths.paths {
        let methods = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
            }
        }
    }
    document
}

/// `get`, `/api/chat/sessions/{id}` -> `get_chat_sessions_id`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "api");
    std::iter::once(method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}

/// The document as it is sent: it does not change while the program runs.
static SENT: LazyLock<std::result::Result<Bytes, String>> = LazyLock::new(|| {
    let text = document().to_json().map_err(|e| e.to_string())?;
    Ok(text.into())
});

pub async fn openapi(State(app): State<App>, client: Client) -> Result<Response> {
    client.admit(&app, "visits")?;
    let text = SENT
        .clone()
        .map_err(|e| Error::internal("writing the OpenAPI document", e))?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, text).into_response())
}
