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
        .route("/api/auth/refresh",                   post(auth::refresh))
        .route("/api/auth/logout",                    post(auth::logout))
        .route("/api/auth/logout-all",                post(auth::logout_all))
        .route("/api/auth/me",                        get(account::me))
        .route("/api/auth/sessions",                  get(auth::list_sessions).delete(auth::end_others))
        .route("/api/auth/sessions/{id}",             delete(auth::end_session))
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
