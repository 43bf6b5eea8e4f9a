//! The JWTs that this installation signs and reads again.
//!
//! Must stay true: HS256 and nothing else; type, receiver and issuer are checked as well as the
//! signature; each type has a key of its own, so that a token of one is none of another. The header
//! names the key's generation; a token without that name is of generation 0.

use jiff::SignedDuration;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{Error, Result};

/// The receiver that is this program.
pub const HERE: &str = "novacore";

/// A kind of token.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What its keys are derived for.
    pub purpose: &'static str,
    /// `typ` of the header.
    pub typ: &'static str,
}

/// Why a token is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    Invalid,
    /// For another receiver.
    Audience,
    /// Signed with a key that was replaced so long ago that the token must have run out.
    Expired,
}

/// `iss` of our tokens: a restored directory is another installation.
pub fn issuer(app: &App) -> String {
    app.store.lineage().to_string()
}

/// Signs with the newest generation.
pub fn sign(app: &App, kind: Kind, claims: &impl Serialize) -> Result<String> {
    let (number, key) = app.keys.newest(kind.purpose);
    sign_with(kind.typ, number, &key, claims)
}

/// Signs with a key that is somebody's own; `number` is which of theirs.
pub fn sign_with(typ: &str, number: u32, key: &[u8], claims: &impl Serialize) -> Result<String> {
    let header = Header {
        typ: Some(typ.into()),
        kid: Some(number.to_string()),
        ..Header::new(Algorithm::HS256)
    };
    encode(&header, claims, &EncodingKey::from_secret(key))
        .map_err(|e| Error::internal("signing a token", e))
}

/// The claims of a token of ours, if nothing but its time and whom it speaks for is left to be looked
/// at. `lifetime` is how long tokens of this kind live.
pub fn read<C: DeserializeOwned>(
    app: &App,
    kind: Kind,
    lifetime: SignedDuration,
    token: &str,
) -> Result<C, Bad> {
    let header = decode_header(token).map_err(|_| Bad::Invalid)?;
    let number = match header.kid.as_deref() {
        Some(word) => word.parse().map_err(|_| Bad::Invalid)?,
        None => 0,
    };
    let now = app.clock.now();
    let key = app.keys.signing(kind.purpose, number, now, lifetime);
    let (key, over) = key.ok_or(Bad::Invalid)?;
    let key = DecodingKey::from_secret(&key);
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[HERE]);
    rules.set_issuer(&[issuer(app)]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.validate_exp = false; // by our own clock, by whoever asked
    let data = decode::<C>(token, &key, &rules).map_err(|e| match e.kind() {
        ErrorKind::InvalidAudience => Bad::Audience,
        _ => Bad::Invalid,
    })?;
    if data.header.typ.as_deref() != Some(kind.typ) {
        return Err(Bad::Invalid);
    }
    if over {
        return Err(Bad::Expired);
    }
    Ok(data.claims)
}
