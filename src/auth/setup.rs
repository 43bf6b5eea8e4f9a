//! The first administrator: a one-time link, shown only to whoever can read this machine's terminal
//! or data directory.
//!
//! Must stay true: only the hash of the link's token is stored; the token never reaches a log or a
//! server's request line (it travels in the link's fragment).

use std::io::{IsTerminal as _, Write as _};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::enter::Visitor;
use super::register::{NewAccount, sign_up};
use super::store::{self, Method, Role};
use super::{Password, token};
use crate::app::{App, write_private};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json};

#[derive(Debug, Deserialize, ToSchema)]
pub struct SetUp {
    /// The part of the set-up link after `#`.
    pub token: String,
    pub email: String,
    pub password: Password,
}

/// Whether the first administrator is still to be made.
pub fn required(app: &App) -> Result<bool> {
    app.store.read(store::set_up).map(|done| !done)
}

fn link_file(app: &App) -> std::path::PathBuf {
    app.config.data.dir.join("setup-link")
}

/// At start: makes a new link if there is no administrator yet, replacing any older one. On a
/// terminal it is printed, otherwise kept in a file only the server's user can read.
pub async fn offer(app: &App, base: &str) -> Result<Option<String>> {
    if !required(app)? {
        withdraw(app);
        return Ok(None);
    }
    let token = URL_SAFE_NO_PAD.encode(app.random.bytes::<32>());
    let hash: [u8; 32] = Sha256::digest(&token).into();
    let offered = app.store.write(move |tx| store::offer_setup(tx, hash));
    if !offered.await? {
        withdraw(app);
        return Ok(None);
    }
    let link = format!("{base}/setup#{token}");
    let mut terminal = std::io::stdout();
    if terminal.is_terminal() {
        let shown = writeln!(
            terminal,
            "\n  Make the first account, the administrator's, here:\n\n    {link}\n"
        );
        shown.map_err(|e| Error::internal("printing the set-up link", e))?;
    } else {
        let path = link_file(app);
        write_private(&path, format!("{link}\n").as_bytes())
            .map_err(|e| Error::internal("writing the set-up link", e))?;
        tracing::info!(file = %path.display(), "no administrator yet: the set-up link is in this file");
    }
    Ok(Some(link))
}

/// Removes the file with the link, once it is of no use.
pub fn withdraw(app: &App) {
    let path = link_file(app);
    if path.exists()
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::warn!(file = %path.display(), %error, "could not remove the used set-up link");
    }
}

/// Makes the first administrator and signs them in.
#[utoipa::path(post, path = "/api/auth/setup", tag = "auth", request_body = SetUp, responses(
    (status = 201, body = token::SignedIn), (status = 403, body = Failure, description = "setup_token_invalid"),
    (status = 409, body = Failure, description = "setup_done"), (status = 422, body = Failure)))]
pub async fn complete(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> Result<Response> {
    app.rates.take(
        "sign-ins",
        &client.network(),
        Limit::per_minute(app.config.limits.sign_ins_per_minute),
    )?;
    let given: [u8; 32] = Sha256::digest(body.token.trim()).into();
    app.store.read(|tx| admit(tx, &given))?;
    let account = NewAccount {
        email: body.email,
        password: body.password,
        role: Role::Admin,
        plan: None,
        // Whoever can read the terminal or the data directory runs this server.
        vouched: true,
        invitation: None,
    };
    // Checked again inside: of two people with the link, one becomes the administrator.
    let visitor = Visitor {
        client: &client,
        headers: &headers,
    };
    let again = move |tx: &mut storage::WriteTx<'_>| admit(tx, &given);
    let made = sign_up(&app, &visitor, account, Method::Setup, again).await?;
    withdraw(&app);
    tracing::info!("the first administrator was made");
    Ok(made)
}

fn admit(tx: &impl storage::Read, given: &[u8; 32]) -> Result<()> {
    if store::set_up(tx)? {
        return Err(Error::conflict(
            "setup_done",
            "There is already an administrator. Sign in instead.",
        ));
    }
    let stored = store::setup_token_hash(tx)?;
    if stored.is_some_and(|stored| bool::from(stored.ct_eq(given))) {
        return Ok(());
    }
    Err(Error::forbidden(
        "setup_token_invalid",
        "This set-up link is not valid. A new one is made at every start: look at the terminal or the file setup-link.",
    ))
}
