//! INDEX: every URL of the program, and the order of the middleware.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::error::Error;
use crate::http::{assets, observe, protect};
use crate::{account, auth, billing, chat, memory, ops};

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

fn routes() -> Router<App> {
    operating()
        .merge(administering())
        .merge(signing_in())
        .merge(talking())
}

/// How the program is, and what other programs have it do.
#[rustfmt::skip]
fn operating() -> Router<App> {
    Router::new()
        .route("/health",                             get(ops::health))
        .route("/ready",                              get(ops::ready))
        .route("/metrics",                            get(ops::metrics))
        .route("/api/status",                         get(ops::status))
        .route("/api/auth/health",                    get(ops::auth_health))
        .route("/api/intelligence/health",            get(ops::intelligence_health))
        .route("/api/memory/health",                  get(ops::memory_health))
        .route("/api/billing/health",                 get(ops::billing_health))
        .route("/api/billing/webhook",                post(billing::routes::receive))
        .route("/billing/webhook",                    post(billing::routes::receive))
        .route("/api/openapi.json",                   get(ops::openapi))

        .route("/api/internal/backup",                post(ops::internal_backup))
        .route("/api/internal/usage",                 get(ops::internal_usage))
        .route("/api/internal/jobs/run",              post(ops::internal_jobs))
}

/// Administrators' own.
#[rustfmt::skip]
fn administering() -> Router<App> {
    Router::new()
        .route("/api/admin/storage",                  get(ops::storage_state))
        .route("/api/admin/storage/adopt",            post(ops::adopt_data))
        .route("/api/admin/storage/backup",           post(ops::begin_backup))
        .route("/api/admin/mails",                    get(auth::routes::mail::list))
        .route("/api/admin/mails/test",               post(auth::routes::mail::test))
        .route("/api/admin/mails/{id}/show",          post(auth::routes::mail::show))
        .route("/api/admin/mails/{id}/retry",         post(auth::routes::mail::retry))
        .route("/api/admin/jobs",                     get(ops::list_jobs))
        .route("/api/admin/jobs/{id}/retry",          post(ops::retry_job))
        .route("/api/admin/memory",                   get(memory::routes::admin_state))
        .route("/api/admin/memory/distil",            post(memory::routes::distil_everybodys))
        .route("/api/admin/memory/embedding",         post(memory::routes::decide_embedding))
        .route("/api/admin/services",                 get(auth::routes::services::list).post(auth::routes::services::make))
        .route("/api/admin/services/{id}",            delete(auth::routes::services::remove))
        .route("/api/admin/services/{id}/secret",     post(auth::routes::services::new_secret))
        .route("/api/admin/receivers",                get(auth::routes::receivers::list).post(auth::routes::receivers::make))
        .route("/api/admin/receivers/{id}",           delete(auth::routes::receivers::remove))
        .route("/api/admin/receivers/{id}/secret",    post(auth::routes::receivers::new_secret))

        .route("/api/admin/users",                    get(auth::routes::people::list))
        .route("/api/admin/users/{id}",               get(auth::routes::people::read_one).patch(auth::routes::people::change).delete(account::delete_person))
        .route("/api/admin/users/{id}/end-sessions",  post(auth::routes::people::end_sessions))
        .route("/api/admin/users/{id}/start-reset",   post(auth::routes::people::start_reset))
        .route("/api/admin/usage",                    get(billing::routes::usage::all))
        .route("/api/admin/users/{id}/usage",         get(billing::routes::usage::one))
        .route("/api/admin/users/{id}/usage/correction", post(billing::routes::usage::correct))
        .route("/api/admin/invitations",              get(auth::routes::invitations::list).post(auth::routes::invitations::invite))
        .route("/api/admin/invitations/{id}",         delete(auth::routes::invitations::revoke))
        .route("/api/admin/invitations/{id}/link",    post(auth::routes::invitations::link_again))
        .route("/api/admin/audit",                    get(auth::routes::audit::events))
        .route("/api/admin/feedback",                 get(account::all_feedback))
        .route("/api/admin/feedback/export",          get(account::export_feedback))
        .route("/api/admin/feedback/{id}/answer",     post(account::answer_feedback))
        .route("/api/admin/users/{id}/resync",        post(billing::routes::admin::resync))
        .route("/api/admin/billing",                  get(billing::routes::admin::overview))
        .route("/api/admin/billing/events",           get(billing::routes::admin::events))
        .route("/api/admin/billing/events/{id}/retry", post(billing::routes::admin::retry))
}

/// Who somebody is, and what proves it.
#[rustfmt::skip]
fn signing_in() -> Router<App> {
    Router::new()
        .route("/api/auth/setup",                     post(auth::routes::setup::complete))
        .route("/api/auth/register",                  post(auth::routes::sign_up::register))
        .route("/api/auth/invitation",                post(auth::routes::invitations::look))
        .route("/api/auth/login",                     post(auth::routes::sign_in::login))
        .route("/api/auth/options",                   get(auth::routes::sign_in::options))
        .route("/api/auth/verify-email",              get(auth::routes::verification::verify_by_link).post(auth::routes::verification::verify))
        .route("/api/auth/resend-verification",       post(auth::routes::verification::resend))
        .route("/api/auth/forgot-password",           post(auth::routes::password::forgot))
        .route("/api/auth/reset-password",            post(auth::routes::password::reset))
        .route("/api/auth/change-password",           post(auth::routes::password::change))
        .route("/api/auth/refresh",                   post(auth::routes::sessions::refresh))
        .route("/api/auth/logout",                    post(auth::routes::sessions::logout))
        .route("/api/auth/logout-all",                post(auth::routes::sessions::logout_all))
        .route("/api/auth/me",                        get(account::me))
        .route("/api/auth/sessions",                  get(auth::routes::sessions::list_sessions).delete(auth::routes::sessions::end_others))
        .route("/api/auth/sessions/{id}",             delete(auth::routes::sessions::end_session))
        .route("/api/auth/passkey/begin",             post(auth::routes::passkey_sign_in::begin))
        .route("/api/auth/passkey/finish",            post(auth::routes::passkey_sign_in::finish))
        .route("/api/auth/passkeys",                  get(auth::routes::passkeys::list).post(auth::routes::passkeys::add))
        .route("/api/auth/passkeys/begin",            post(auth::routes::passkeys::begin))
        .route("/api/auth/passkeys/{id}",             delete(auth::routes::passkeys::remove))
        .route("/api/auth/second-factor",             get(auth::routes::second_factor::state))
        .route("/api/auth/second-factor/begin",       post(auth::routes::second_factor::begin))
        .route("/api/auth/second-factor/enable",      post(auth::routes::second_factor::enable))
        .route("/api/auth/second-factor/recovery-codes", post(auth::routes::second_factor::recovery_codes))
        .route("/api/auth/second-factor/disable",     post(auth::routes::second_factor::disable))
        .route("/api/auth/oidc/begin",                post(auth::routes::oidc::begin))
        .route("/api/auth/oidc/callback",             get(auth::routes::oidc::callback))
        .route("/api/auth/oidc/second-factor",        post(auth::routes::oidc::second_factor))
        .route("/api/auth/identities",                get(auth::routes::identities::list))
        .route("/api/auth/identities/{id}",           delete(auth::routes::identities::remove))
        .route("/api/auth/tokens",                    get(auth::routes::tokens::list).post(auth::routes::tokens::make))
        .route("/api/auth/tokens/{id}",               delete(auth::routes::tokens::remove))
        .route("/api/auth/service/token",             post(auth::routes::services::issue))
        .route("/api/auth/activity",                  get(auth::routes::audit::activity))
}

/// What people do, and what is theirs.
#[rustfmt::skip]
fn talking() -> Router<App> {
    Router::new()
        .route("/api/account/delete",                 post(account::delete))
        .route("/api/account/feedback",               get(account::feedback).post(account::give_feedback))

        .route("/api/usage/quota",                    get(billing::routes::usage::quota))
        .route("/api/usage/history",                  get(billing::routes::usage::history))
        .route("/api/usage/stats",                    get(billing::routes::usage::stats))
        .route("/api/usage/ledger",                   get(billing::routes::usage::list))
        .route("/api/usage/export",                   get(billing::routes::usage::export))
        .route("/api/billing/plans",                  get(billing::routes::plans::plans))
        .route("/api/billing/subscription",           get(billing::routes::subscription))
        .route("/api/billing/checkout",               post(billing::routes::checkout))
        .route("/api/billing/portal",                 post(billing::routes::portal))
        .route("/api/billing/refresh",                post(billing::routes::refresh))
        .route("/api/billing/invoices",               get(billing::routes::invoices))

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

        .route("/api/memory",                         get(memory::routes::list))
        .route("/api/memory/list",                    get(memory::routes::list))
        .route("/api/memory/search",                  post(memory::routes::search))
        .route("/api/memory/context",                 get(memory::routes::context))
        .route("/api/memory/store",                   post(memory::routes::store))
        .route("/api/memory/forget",                  post(memory::routes::forget))
        .route("/api/memory/stats",                   get(memory::routes::stats))
        .route("/api/memory/timeline",                get(memory::routes::timeline))
        .route("/api/memory/export",                  get(memory::routes::export))
        .route("/api/memory/import",                  post(memory::routes::import))
        .route("/api/memory/profile",                 get(memory::routes::read_profile).post(memory::routes::state_fact))
        .route("/api/memory/distil",                  post(memory::routes::distil))
        .route("/api/memory/jobs",                    get(memory::routes::list_jobs))
        .route("/api/memory/jobs/{id}/retry",         post(memory::routes::retry_job))
        .route("/api/memory/{id}",                    get(memory::routes::read_one).patch(memory::routes::change).delete(memory::routes::forget_one))
        .route("/api/memory/{id}/promote",            post(memory::routes::promote))
        .route("/api/memory/{id}/demote",             post(memory::routes::demote))
        .route("/api/memory/{id}/pin",                post(memory::routes::pin))
}
