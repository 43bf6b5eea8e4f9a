//! Signing in with a password.

use axum::extract::State;
use axum::response::Response;

use super::password::{self, Verdict};
use super::register::Credentials;
use super::{session, store, token};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json};
use crate::metrics;

/// Signs in. An unknown address and a wrong password give the same answer after the same work.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = Credentials, responses(
    (status = 200, body = token::SignedIn), (status = 401, body = Failure, description = "credentials_invalid"),
    (status = 429, body = Failure)))]
pub async fn login(
    State(app): State<App>,
    client: Client,
    body: Json<Credentials>,
) -> Result<Response> {
    app.rates.take(
        "sign-ins",
        &client.network(),
        Limit::per_minute(app.config.limits.sign_ins_per_minute),
    )?;
    let Json(Credentials { email, password }) = body;
    let user = app
        .store
        .read(|tx| store::user_by_email(tx, &email))?
        .filter(|user| !user.disabled);
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = password::verify(&app, password.clone(), stored).await?;

    let Some(user) = user.filter(|_| verdict != Verdict::Wrong) else {
        metrics::sign_in("refused");
        tracing::info!(address = %client.address, "sign-in refused");
        return Err(Error::Unauthenticated {
            code: "credentials_invalid",
            message: "The address or the password is not right.",
        });
    };
    let rehashed = match verdict {
        Verdict::Outdated => Some(password::hash(&app, password).await?),
        _ => None,
    };

    let session = session::begin(&app, &client, user.id);
    let (id, begun) = (user.id, session.clone());
    app.store
        .write(move |tx| {
            if let Some(hash) = rehashed {
                store::set_password_hash(tx, id, hash)?;
            }
            store::put_session(tx, &begun)
        })
        .await?;

    metrics::sign_in("accepted");
    tracing::info!(user_id = %user.id, session_id = %session.id, "signed in");
    token::signed_in(&app, &client, &user, &session)
}
