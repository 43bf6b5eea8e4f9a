//! Signing in with a passkey: without an address, the authenticator says whose it is.
//!
//! Must stay true: whatever is wrong, the answer is the same, so that nobody learns which accounts or
//! passkeys there are.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, PublicKeyCredential,
    WebauthnError,
};

use super::manage::PasskeyCeremony;
use super::store::{self, Passkey};
use super::{CEREMONY, options, party, read, written};
use crate::app::App;
use crate::auth::audit::{self, Actor, Event, What};
use crate::auth::enter::{Visitor, enter};
use crate::auth::session::Proof;
use crate::auth::store::{self as accounts, Method, User};
use crate::auth::{login, token};
use crate::config::Verification;
use crate::error::{Error, Result};
use crate::http::briefly::Owner;
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json};
use crate::metrics;

/// A challenge for whoever has a passkey.
struct Challenge(DiscoverableAuthentication);

#[derive(Deserialize, ToSchema)]
pub struct PasskeySignIn {
    pub ceremony: Uuid,
    /// What `PublicKeyCredential.toJSON()` gives.
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// Begins signing in: a challenge for any passkey of this server.
#[utoipa::path(post, path = "/api/auth/passkey/begin", tag = "auth", responses(
    (status = 200, body = PasskeyCeremony), (status = 409, body = Failure, description = "passkeys_off"),
    (status = 429, body = Failure, description = "rate_limited")))]
pub async fn begin(State(app): State<App>, client: Client) -> Result<Json<PasskeyCeremony>> {
    // Counted apart: a page asks for one whenever it is opened, and no guess is made by asking.
    let limit = Limit::per_minute(app.config.limits.sign_ins_per_minute);
    app.rates
        .take("passkey-challenges", &client.network(), limit)?;
    let begun = party(&app)?.start_discoverable_authentication();
    let (challenge, state) = begun.map_err(|e| Error::internal("beginning a sign-in", e))?;
    let options = options(&challenge.public_key)?;
    let owner = Owner::Stranger(client.network());
    let ceremony = app.briefly.keep(owner, Challenge(state), CEREMONY);
    Ok(Json(PasskeyCeremony { ceremony, options }))
}

/// Signs in with the authenticator's answer.
#[utoipa::path(post, path = "/api/auth/passkey/finish", tag = "auth", request_body = PasskeySignIn, responses(
    (status = 200, body = token::SignedIn), (status = 401, body = Failure, description = "passkey_invalid"),
    (status = 403, body = Failure, description = "email_unverified"),
    (status = 429, body = Failure, description = "rate_limited")))]
pub async fn finish(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<PasskeySignIn>,
) -> Result<Response> {
    login::admit(&app, &client)?;
    let (user, row, proven) = match recognise(&app, body) {
        Ok(recognised) => recognised,
        Err(Refusal { about, why }) => {
            refuse(&app, &client, about, why).await;
            return Err(invalid());
        }
    };
    if app.config.auth.verification == Verification::Login && !user.trusted() {
        return Err(login::unverified());
    }
    let spent = Passkey {
        key: updated(&row, &proven)?,
        last_used_at: Some(app.clock.now()),
        ..row.clone()
    };
    let visitor = Visitor {
        client: &client,
        headers: &headers,
    };
    let proof = Proof {
        method: Method::Passkey,
        strong: true,
    };
    enter(&app, &visitor, &user, proof, move |tx| {
        use_it(tx, &row, &spent)
    })
    .await
}

/// Stores what the authenticator told about itself. The row must be as it was when the answer was
/// compared with it: removed in the meantime it signs nobody in, and of two answers that were compared
/// with the same counter one counts.
fn use_it(tx: &mut WriteTx<'_>, compared: &Passkey, spent: &Passkey) -> Result<()> {
    let now = store::get(tx, compared.user, compared.id)?;
    let now = now.filter(|now| now.key == compared.key);
    let name = now.ok_or_else(invalid)?.name;
    let spent = Passkey {
        name,
        ..spent.clone()
    };
    store::put(tx, &spent)
}

/// Why an answer signs nobody in, for the security events alone.
struct Refusal {
    about: Option<Uuid>,
    why: &'static str,
}

impl Refusal {
    fn nobody(why: &'static str) -> Self {
        Self { about: None, why }
    }
}

/// Whose answer it is and by which passkey, if it is right.
fn recognise(
    app: &App,
    body: PasskeySignIn,
) -> Result<(User, Passkey, AuthenticationResult), Refusal> {
    let challenge = app.briefly.take::<Challenge>(body.ceremony);
    let Challenge(state) =
        challenge.ok_or_else(|| Refusal::nobody("no such challenge, or too late"))?;
    let unreadable = || Refusal::nobody("an answer that could not be read");
    let answer: PublicKeyCredential =
        serde_json::from_value(body.credential).map_err(|_| unreadable())?;
    let party = party(app).map_err(|_| unreadable())?;
    let named = party.identify_discoverable_authentication(&answer);
    let (user, credential) = named.map_err(|_| unreadable())?;
    let found = app.store.read(|tx| owned(tx, user, credential));
    let (user, row, key) = found
        .ok()
        .flatten()
        .ok_or_else(|| Refusal::nobody("a passkey that is not known"))?;
    let about = Some(user.id);
    if user.disabled || user.erasing {
        let why = "the account is disabled";
        return Err(Refusal { about, why });
    }
    match party.finish_discoverable_authentication_v2(&answer, state, &key) {
        Ok(proven) => Ok((user, row, proven)),
        Err(WebauthnError::CredentialPossibleCompromise) => {
            let why = "the passkey's counter went back: there may be a copy of it";
            tracing::warn!(user_id = %user.id, passkey_id = %row.id, "{why}");
            Err(Refusal { about, why })
        }
        Err(error) => {
            tracing::debug!(%error, "a passkey was refused");
            let why = "the answer does not fit the challenge";
            Err(Refusal { about, why })
        }
    }
}

/// A person's account and the passkey of theirs with this credential id. It is looked for under the
/// account that the answer names, so that one person's passkey never opens another's account.
fn owned(
    tx: &impl storage::Read,
    user: Uuid,
    credential: &[u8],
) -> Result<Option<(User, Passkey, DiscoverableKey)>> {
    let Some(user) = accounts::user(tx, user)? else {
        return Ok(None);
    };
    for row in store::of_user(tx, user.id, usize::MAX)? {
        let key = read(&row)?;
        if key.cred_id().as_slice() == credential {
            return Ok(Some((user, row, DiscoverableKey::from(&key))));
        }
    }
    Ok(None)
}

/// The row's key with the counter and the backup state that the answer tells.
fn updated(row: &Passkey, proven: &AuthenticationResult) -> Result<String> {
    let mut key = read(row)?;
    match key.update_credential(proven) {
        Some(true) => written(&key),
        _ => Ok(row.key.clone()),
    }
}

async fn refuse(app: &App, client: &Client, about: Option<Uuid>, why: &'static str) {
    metrics::sign_in("refused");
    tracing::info!(address = %client.address, why, "sign-in with a passkey refused");
    let event = Event::new(app, What::SignInRefused, Actor::Nobody).from(client);
    let event = event.refused().detail(why);
    let event = match about {
        Some(user) => event.about(user),
        None => event,
    };
    audit::record(app, event).await;
}

fn invalid() -> Error {
    Error::Unauthenticated {
        code: "passkey_invalid",
        message: "This passkey does not open an account here, or it took too long. Try again, or sign in another way.",
    }
}
