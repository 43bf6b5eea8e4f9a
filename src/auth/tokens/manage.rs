//! Making, listing and removing one's own API tokens.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, ApiToken};
use super::{PREFIX, SCOPES, hash};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::{CurrentUser, VerifiedUser};
use crate::auth::confirm::confirm;
use crate::auth::mail::{Mail, Purpose};
use crate::auth::password::Password;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// A person has at most so many.
const MOST: usize = 50;
/// Characters of a name.
const NAME_MAX: usize = 80;

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewApiToken {
    /// What it is for, 1 to 80 characters.
    pub name: String,
    /// At least one of `chat:read`, `chat:write`, `memory:read`, `memory:write`, `usage:read`,
    /// `openai`, `mcp`.
    pub scopes: Vec<String>,
    /// In the future; without it the token does not expire.
    pub expires_at: Option<Timestamp>,
    /// Where the account has one.
    pub password: Option<Password>,
}

/// An API token as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct ApiTokenView {
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// To within five minutes.
    pub last_used_at: Option<Timestamp>,
}

impl From<ApiToken> for ApiTokenView {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ApiTokenList {
    pub items: Vec<ApiTokenView>,
}

/// A new API token. Its text is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ApiTokenMade {
    #[serde(flatten)]
    pub item: ApiTokenView,
    /// `nova_` and 43 characters.
    pub token: String,
}

/// A name without the space around it, if it is fit for a list.
pub(in crate::auth) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let fits = (1..=NAME_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Error::field(
        "name_invalid",
        "name",
        "Give it a name of 1 to 80 characters, in one line.",
    ))
}

/// The scopes in our own order, each once.
fn checked_scopes(wanted: &[String]) -> Result<Vec<String>> {
    if wanted.is_empty() {
        return Err(Error::field(
            "scopes_missing",
            "scopes",
            "Choose at least one thing that the token may do.",
        ));
    }
    if wanted.iter().any(|word| !SCOPES.contains(&word.as_str())) {
        let all = SCOPES.join(", ");
        let message = format!("There are these scopes: {all}.");
        return Err(Error::field("scope_unknown", "scopes", message));
    }
    let chosen = SCOPES.iter().filter(|s| wanted.iter().any(|w| w == *s));
    Ok(chosen.map(|scope| (*scope).to_owned()).collect())
}

/// Makes an API token for a program of one's own.
#[utoipa::path(post, path = "/api/auth/tokens", tag = "auth", request_body = NewApiToken, responses(
    (status = 201, body = ApiTokenMade), (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "too_many_tokens"), (status = 422, body = Failure)))]
pub async fn make(
    State(app): State<App>,
    client: Client,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<NewApiToken>,
) -> Result<(StatusCode, Json<ApiTokenMade>)> {
    let now = app.clock.now();
    let name = checked_name(&body.name)?;
    let scopes = checked_scopes(&body.scopes)?;
    if body.expires_at.is_some_and(|at| at <= now) {
        let message = "The token's end must be in the future.";
        return Err(Error::field("expires_at_past", "expires_at", message));
    }
    let confirmed = confirm(&app, &caller, body.password).await?;
    let random = URL_SAFE_NO_PAD.encode(app.random.bytes::<32>());
    let text = format!("{PREFIX}{random}");
    let token = ApiToken {
        id: app.ids.next(),
        user: caller.id,
        name,
        hash: hash(&text),
        scopes,
        created_at: now,
        expires_at: body.expires_at,
        last_used_at: None,
    };
    let event = Event::new(&app, What::TokenMade, Actor::User(caller.id))
        .from(&client)
        .detail(&token.name);
    let inside = app.clone();
    let stored = app.store.write(move |tx| {
        caller.still(tx)?;
        confirmed.holds(tx)?;
        if store::of_user(tx, token.user, MOST)?.len() >= MOST {
            return Err(Error::conflict(
                "too_many_tokens",
                format!("You have {MOST} API tokens already. Remove one that you no longer need."),
            ));
        }
        store::put(tx, &token)?;
        event.record(tx)?;
        let mail = Mail::to(token.user, Purpose::AccessAdded).about(event.id);
        mail.send(&inside, tx)?;
        Ok(token)
    });
    let item = stored.await?.into();
    Ok((
        StatusCode::CREATED,
        Json(ApiTokenMade { item, token: text }),
    ))
}

/// One's own API tokens, newest first.
#[utoipa::path(get, path = "/api/auth/tokens", tag = "auth", responses((status = 200, body = ApiTokenList)))]
pub async fn list(State(app): State<App>, caller: CurrentUser) -> Result<Json<ApiTokenList>> {
    let tokens = app.store.read(|tx| store::of_user(tx, caller.id, MOST))?;
    let items = tokens.into_iter().map(ApiTokenView::from).collect();
    Ok(Json(ApiTokenList { items }))
}

/// Removes an API token; what it serves ends at once.
#[utoipa::path(delete, path = "/api/auth/tokens/{id}", tag = "auth", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn remove(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let event = Event::new(&app, What::TokenRemoved, Actor::User(caller.id)).from(&client);
    let remove = move |tx: &mut storage::WriteTx<'_>| {
        caller.still(tx)?;
        let Some(token) = store::remove(tx, caller.id, id)? else {
            return Err(Error::NotFound { what: "API token" });
        };
        event.detail(token.name).record(tx)
    };
    app.store.write(remove).await?;
    app.presence.close([id]);
    Ok(StatusCode::NO_CONTENT)
}
