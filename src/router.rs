//! INDEX: every URL of the program, and the order of the middleware.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::Error;
use crate::http::{assets, observe, protect};
use crate::{account, auth, chat, memory, ops};

/// The router of the running program.
pub fn router(app: App) -> Router {
    routes()
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .fallback(assets::page)
        // Outermost last: a request meets these from the bottom up.
        .layer(from_fn(protect::same_site))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .layer(from_fn_with_state(app.clone(), protect::security_headers))
        .with_state(app)
}

#[rustfmt::skip]
fn routes() -> Router<App> {
    Router::new()
        .route("/health",                             get(ops::health))
        .route("/ready",                              get(ops::ready))
        .route("/metrics",                            get(ops::metrics))
        .route("/api/status",                         get(ops::status))
        .route("/api/auth/health",                    get(ops::auth_health))
        .route("/api/intelligence/health",            get(ops::intelligence_health))
        .route("/api/memory/health",                  get(ops::memory_health))
        .route("/api/openapi.json",                   get(ops::openapi))

        .route("/api/admin/storage",                  get(ops::storage_state))
        .route("/api/admin/storage/adopt",            post(ops::adopt_data))
        .route("/api/admin/storage/backup",           post(ops::begin_backup))
        .route("/api/admin/mails",                    get(auth::list_mails))
        .route("/api/admin/mails/test",               post(auth::test_mail))
        .route("/api/admin/mails/{id}/show",          post(auth::show_mail))
        .route("/api/admin/mails/{id}/retry",         post(auth::retry_mail))
        .route("/api/admin/jobs",                     get(ops::list_jobs))
        .route("/api/admin/jobs/{id}/retry",          post(ops::retry_job))
        .route("/api/admin/services",                 get(auth::list_services).post(auth::make_service))
        .route("/api/admin/services/{id}",            delete(auth::remove_service))
        .route("/api/admin/services/{id}/secret",     post(auth::new_service_secret))
        .route("/api/admin/receivers",                get(auth::list_receivers).post(auth::make_receiver))
        .route("/api/admin/receivers/{id}",           delete(auth::remove_receiver))
        .route("/api/admin/receivers/{id}/secret",    post(auth::new_receiver_secret))

        .route("/api/internal/backup",                post(ops::internal_backup))
        .route("/api/internal/usage",                 get(ops::internal_usage))
        .route("/api/internal/jobs/run",              post(ops::internal_jobs))

        .route("/api/admin/users",                    get(auth::people))
        .route("/api/admin/users/{id}",               get(auth::person).patch(auth::change_account).delete(account::delete_person))
        .route("/api/admin/users/{id}/end-sessions",  post(auth::end_sessions_of))
        .route("/api/admin/users/{id}/start-reset",   post(auth::start_reset))
        .route("/api/admin/invitations",              get(auth::invitations).post(auth::invite))
        .route("/api/admin/invitations/{id}",         delete(auth::revoke_invitation))
        .route("/api/admin/invitations/{id}/link",    post(auth::link_again))
        .route("/api/admin/audit",                    get(auth::audit_events))
        .route("/api/admin/feedback",                 get(account::all_feedback))
        .route("/api/admin/feedback/export",          get(account::export_feedback))
        .route("/api/admin/feedback/{id}/answer",     post(account::answer_feedback))

        .route("/api/auth/setup",                     post(auth::setup))
        .route("/api/auth/register",                  post(auth::register))
        .route("/api/auth/invitation",                post(auth::look_at_invitation))
        .route("/api/auth/login",                     post(auth::login))
        .route("/api/auth/options",                   get(auth::options))
        .route("/api/auth/verify-email",              get(auth::verify_by_link).post(auth::verify_email))
        .route("/api/auth/resend-verification",       post(auth::resend_verification))
        .route("/api/auth/forgot-password",           post(auth::forgot_password))
        .route("/api/auth/reset-password",            post(auth::reset_password))
        .route("/api/auth/change-password",           post(auth::change_password))
        .route("/api/auth/refresh",                   post(auth::refresh))
        .route("/api/auth/logout",                    post(auth::logout))
        .route("/api/auth/logout-all",                post(auth::logout_all))
        .route("/api/auth/me",                        get(account::me))
        .route("/api/auth/sessions",                  get(auth::list_sessions).delete(auth::end_others))
        .route("/api/auth/sessions/{id}",             delete(auth::end_session))
        .route("/api/auth/passkey/begin",             post(auth::begin_passkey_sign_in))
        .route("/api/auth/passkey/finish",            post(auth::finish_passkey_sign_in))
        .route("/api/auth/passkeys",                  get(auth::list_passkeys).post(auth::add_passkey))
        .route("/api/auth/passkeys/begin",            post(auth::begin_passkey))
        .route("/api/auth/passkeys/{id}",             delete(auth::remove_passkey))
        .route("/api/auth/second-factor",             get(auth::second_factor_state))
        .route("/api/auth/second-factor/begin",       post(auth::begin_second_factor))
        .route("/api/auth/second-factor/enable",      post(auth::enable_second_factor))
        .route("/api/auth/second-factor/recovery-codes", post(auth::new_recovery_codes))
        .route("/api/auth/second-factor/disable",     post(auth::disable_second_factor))
        .route("/api/auth/oidc/begin",                post(auth::oidc_begin))
        .route("/api/auth/oidc/callback",             get(auth::oidc_callback))
        .route("/api/auth/oidc/second-factor",        post(auth::oidc_second_factor))
        .route("/api/auth/identities",                get(auth::list_identities))
        .route("/api/auth/identities/{id}",           delete(auth::remove_identity))
        .route("/api/auth/tokens",                    get(auth::list_tokens).post(auth::make_token))
        .route("/api/auth/tokens/{id}",               delete(auth::remove_token))
        .route("/api/auth/service/token",             post(auth::issue_service_token))
        .route("/api/auth/activity",                  get(auth::activity))

        .route("/api/account/delete",                 post(account::delete))
        .route("/api/account/feedback",               get(account::feedback).post(account::give_feedback))

        .route("/api/chat/models",                    get(chat::models))
        .route("/api/chat/sessions",                  get(chat::list).post(chat::create))
        .route("/api/chat/sessions/{id}",             get(chat::read_one).patch(chat::rename).delete(chat::delete))
        .route("/api/chat/sessions/{id}/end",         post(chat::end))
        .route("/api/chat/history/{id}",              get(chat::history))
        .route("/api/chat/stream",                    post(chat::stream))
        .route("/api/chat/message",                   post(chat::message))
        .route("/api/chat/messages/{id}/regenerate",  post(chat::regenerate))
        .route("/api/chat/messages/{id}/edit",        post(chat::edit))
        .route("/api/chat/turns/{id}/events",         get(chat::events))
        .route("/api/chat/turns/{id}/stop",           post(chat::stop))

        .route("/api/memory",                         get(memory::list))
        .route("/api/memory/list",                    get(memory::list))
        .route("/api/memory/search",                  post(memory::search))
        .route("/api/memory/{id}",                    get(memory::read_one).delete(memory::forget))
}
