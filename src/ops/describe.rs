//! The OpenAPI document, made from the handlers' own types.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::error::{Error, Result};
use crate::http::events;
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
        super::paths::auth_health,
        super::paths::intelligence_health,
        super::paths::memory_health,
        super::paths::storage_state,
        super::paths::adopt_data,
        super::paths::begin_backup,
        super::paths::list_jobs,
        super::paths::retry_job,
        auth::paths::list_mails,
        auth::paths::test_mail,
        auth::paths::show_mail,
        auth::paths::retry_mail,
        super::paths::internal_backup,
        super::paths::internal_usage,
        super::paths::internal_jobs,
        auth::paths::list_services,
        auth::paths::make_service,
        auth::paths::remove_service,
        auth::paths::new_service_secret,
        auth::paths::list_receivers,
        auth::paths::make_receiver,
        auth::paths::remove_receiver,
        auth::paths::new_receiver_secret,
        auth::paths::people,
        auth::paths::person,
        auth::paths::change_account,
        auth::paths::end_sessions_of,
        auth::paths::start_reset,
        auth::paths::invitations,
        auth::paths::invite,
        auth::paths::link_again,
        auth::paths::revoke_invitation,
        auth::paths::audit_events,
        account::paths::delete_person,
        account::paths::all_feedback,
        account::paths::answer_feedback,
        account::paths::export_feedback,
        account::paths::delete,
        account::paths::feedback,
        account::paths::give_feedback,
        account::me,
        auth::paths::setup,
        auth::paths::register,
        auth::paths::look_at_invitation,
        auth::paths::login,
        auth::paths::options,
        auth::paths::verify_email,
        auth::paths::verify_by_link,
        auth::paths::resend_verification,
        auth::paths::forgot_password,
        auth::paths::reset_password,
        auth::paths::change_password,
        auth::paths::refresh,
        auth::paths::logout,
        auth::paths::logout_all,
        auth::paths::list_sessions,
        auth::paths::end_session,
        auth::paths::end_others,
        auth::paths::begin_passkey_sign_in,
        auth::paths::finish_passkey_sign_in,
        auth::paths::list_passkeys,
        auth::paths::add_passkey,
        auth::paths::begin_passkey,
        auth::paths::remove_passkey,
        auth::paths::second_factor_state,
        auth::paths::begin_second_factor,
        auth::paths::enable_second_factor,
        auth::paths::new_recovery_codes,
        auth::paths::disable_second_factor,
        auth::paths::oidc_begin,
        auth::paths::oidc_callback,
        auth::paths::oidc_second_factor,
        auth::paths::list_identities,
        auth::paths::remove_identity,
        auth::paths::list_tokens,
        auth::paths::make_token,
        auth::paths::remove_token,
        auth::paths::issue_service_token,
        auth::paths::activity,
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
    ),
    // The data of the events that an answer streams.
    components(schemas(
        events::Piece,
        events::Snapshot,
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

pub async fn openapi() -> Result<Response> {
    let text = SENT
        .clone()
        .map_err(|e| Error::internal("writing the OpenAPI document", e))?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, text).into_response())
}
