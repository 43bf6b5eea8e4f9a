//! What an ID token proves (OpenID Connect Core 1.0, 3.1.3.7), by our clock. Decides alone, asks nobody.
//!
//! Must stay true: only signatures that the service alone can make count, never `none` and never one
//! made with a secret that two know; the token is for us, of this issuer, for this way, and of now.

use std::time::SystemTime;

use jiff::Timestamp;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
    CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, ClientId, Nonce, OAuth2TokenResponse as _,
    SignatureVerificationError, SubjectIdentifier, TokenResponse as _,
};

/// How far the service's clock may be from ours.
const LEEWAY_SECONDS: i64 = 60;
/// OpenID Connect Core 1.0, 2: `sub` is no longer.
const LONGEST_SUBJECT: usize = 255;

const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Somebody at the service, as it vouches for them.
#[derive(Clone, Debug)]
pub struct Proved {
    pub subject: SubjectIdentifier,
    pub email: Option<String>,
    /// Nothing when the service does not say.
    pub email_verified: Option<bool>,
}

/// Why a token proves nothing. For the log; holds nothing of the token but names of parties.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// Perhaps the service has new keys.
    UnknownKey,
    Because(String),
}

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        Self::Because(why.into())
    }
}

/// What the token of an answer proves.
pub fn read(
    answer: &CoreTokenResponse,
    metadata: &CoreProviderMetadata,
    client_id: &ClientId,
    nonce: &str,
    now: Timestamp,
) -> Result<Proved, Refused> {
    let token = answer.id_token().ok_or("there is no ID token")?;
    let verifier = verifier(metadata, client_id, now);
    let nonce = Nonce::new(nonce.to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(|e| refused(&e))?;
    // The library compares addresses; a name is compared to the letter.
    if claims.issuer().as_str() != metadata.issuer().as_str() {
        return Err("it is of another issuer".into());
    }
    if claims
        .authorized_party()
        .is_some_and(|azp| azp != client_id)
    {
        return Err("it was made for another party (azp)".into());
    }
    let subject = claims.subject();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err("it names nobody (sub)".into());
    }
    if let Some(expected) = claims.access_token_hash() {
        belongs(token, &verifier, answer, expected)?;
    }
    Ok(Proved {
        subject: subject.clone(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified(),
    })
}

fn verifier<'a>(
    metadata: &CoreProviderMetadata,
    client_id: &ClientId,
    now: Timestamp,
) -> CoreIdTokenVerifier<'a> {
    let latest = now.as_second() + LEEWAY_SECONDS;
    let earliest = Timestamp::from_second(now.as_second() - LEEWAY_SECONDS).unwrap_or(now);
    CoreIdTokenVerifier::new_public_client(
        client_id.clone(),
        metadata.issuer().clone(),
        metadata.jwks().clone(),
    )
    .set_allowed_algs(ALGORITHMS)
    .set_time_fn(move || SystemTime::from(earliest).into())
    .set_issue_time_verifier_fn(move |issued| {
        if issued.timestamp() > latest {
            return Err("it is of the future".into());
        }
        Ok(())
    })
}

/// The access token must be the one that the ID token was given out with.
fn belongs(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    answer: &CoreTokenResponse,
    expected: &AccessTokenHash,
) -> Result<(), Refused> {
    let unusable = |_| Refused::from("its at_hash cannot be checked");
    let algorithm = token.signing_alg().map_err(unusable)?;
    let key = token.signing_key(verifier).map_err(unusable)?;
    let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
    match actual {
        Ok(actual) if actual == *expected => Ok(()),
        _ => Err("the access token is not the one it came with (at_hash)".into()),
    }
}

fn refused(error: &ClaimsVerificationError) -> Refused {
    match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => Refused::UnknownKey,
        ClaimsVerificationError::SignatureVerification(why) => {
            Refused::Because(format!("signature: {why}"))
        }
        other => Refused::Because(other.to_string()),
    }
}
