//! Another service that people sign in with (OpenID Connect Core 1.0): its description, its keys, and the
//! requests to it. What its answers are worth is decided in `auth/oidc/`.
//!
//! Must stay true: the client's secret goes to the token endpoint alone; nothing travels unencrypted
//! except on this machine; an answer is bounded in time and size; no redirect is followed; what the
//! service writes in an answer is never passed on or logged, but for its error code.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKeySet, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::http;
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DiscoveryError, EmptyAdditionalClaims, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, SubjectIdentifier, UserInfoClaims,
    UserInfoError,
};
use reqwest::Url;
use tokio::sync::Mutex;

use super::connect;
use crate::clock::Clock;
use crate::config;
use crate::error::Error;

/// How long the description and the keys are used before they are asked for again.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// Keys that a token names and we do not know are asked for at most this often.
const KEYS_EVERY: Duration = Duration::from_mins(1);
/// From the first byte sent to the last one read.
const LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 1024 * 1024;

pub type Claims = UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim>;

/// Why it did not work, for the log: says nothing secret, and nothing in the service's own words but
/// its error code.
#[derive(Debug)]
pub struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a browser takes along on its way to the service.
pub struct Departure<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// Of which only the digest travels (RFC 7636, S256).
    pub verifier: &'a str,
    /// Where the service sends the browser back to.
    pub back: &'a str,
}

/// The service as configured.
pub struct SignInService {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    scopes: Vec<String>,
    http: Http,
    known: Mutex<Option<Known>>,
}

struct Known {
    metadata: Arc<CoreProviderMetadata>,
    at: Duration,
    keys_at: Duration,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl SignInService {
    /// The service that is configured, if one is. Opens no connection yet.
    pub fn new(config: &config::Oidc, clock: Clock) -> Result<Option<Self>, Error> {
        if !config.on() {
            return Ok(None);
        }
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|e| bad_issuer(config, &e))?;
        let household = is_loopback(issuer.url());
        if !encrypted(issuer.url(), household) {
            return Err(bad_issuer(config, &"it must begin with https://"));
        }
        let secret = Some(config.client_secret.clone()).filter(|secret| !secret.is_empty());
        Ok(Some(Self {
            http: Http {
                client: connect::client(issuer.url(), household, CONNECT_LIMIT, &clock)?,
                clock,
                household,
            },
            client_id: ClientId::new(config.client_id.clone()),
            client_secret: secret.map(ClientSecret::new),
            scopes: config.scopes.clone(),
            known: Mutex::default(),
            issuer,
        }))
    }

    pub fn issuer(&self) -> &IssuerUrl {
        &self.issuer
    }

    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// The service's description with its keys, at most ten minutes old.
    pub async fn known(&self) -> Result<Arc<CoreProviderMetadata>, Trouble> {
        let mut known = self.locked().await?;
        let now = self.http.clock.monotonic();
        if let Some(known) = &*known
            && now.saturating_sub(known.at) < KNOWN_FOR
        {
            return Ok(known.metadata.clone());
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|e| trouble_of_discovery(&e))?;
        if found.issuer().as_str() != self.issuer.as_str() {
            return Err(Trouble("it calls itself by another issuer's name".into()));
        }
        if !encrypted(found.authorization_endpoint().url(), self.http.household) {
            return Err(Trouble("its page to sign in at is not https".into()));
        }
        let metadata = Arc::new(found);
        *known = Some(Known {
            metadata: metadata.clone(),
            at: now,
            keys_at: now,
        });
        Ok(metadata)
    }

    /// The same with newer keys than `stale` holds; nothing when they were asked for just now.
    pub async fn with_newer_keys(
        &self,
        stale: &Arc<CoreProviderMetadata>,
    ) -> Result<Option<Arc<CoreProviderMetadata>>, Trouble> {
        let mut known = self.locked().await?;
        let now = self.http.clock.monotonic();
        let Some(known) = &mut *known else {
            return Ok(None);
        };
        if !Arc::ptr_eq(&known.metadata, stale) {
            // Somebody else was faster.
            return Ok(Some(known.metadata.clone()));
        }
        if now.saturating_sub(known.keys_at) < KEYS_EVERY {
            return Ok(None);
        }
        known.keys_at = now;
        let keys = CoreJsonWebKeySet::fetch_async(stale.jwks_uri(), &self.http)
            .await
            .map_err(|e| trouble_of_discovery(&e))?;
        let metadata = CoreProviderMetadata::clone(stale).set_jwks(keys);
        known.metadata = Arc::new(metadata);
        Ok(Some(known.metadata.clone()))
    }

    /// Whoever asks waits while another asks the service, but not for ever.
    async fn locked(&self) -> Result<tokio::sync::MutexGuard<'_, Option<Known>>, Trouble> {
        let lock = self.http.clock.timeout(LIMIT, self.known.lock()).await;
        lock.map_err(|_| Trouble("others are waiting for its answer already".into()))
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let methods = metadata.token_endpoint_auth_methods_supported();
        // RFC 8414: basic when the service does not say.
        let basic = methods.is_none_or(|m| m.contains(&CoreClientAuthMethod::ClientSecretBasic));
        CoreClient::from_provider_metadata(
            metadata.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_auth_type(if basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        })
    }

    /// Where the browser is sent.
    pub async fn address(&self, way: &Departure<'_>) -> Result<String, Trouble> {
        let metadata = self.known().await?;
        let client = self.client(&metadata).set_redirect_uri(back(way.back)?);
        let (state, nonce) = (way.state.to_owned(), way.nonce.to_owned());
        let verifier = PkceCodeVerifier::new(way.verifier.to_owned());
        let scopes = self.scopes.iter().filter(|scope| *scope != "openid");
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.into())
    }

    /// Exchanges the code for tokens, of which nothing is checked yet.
    pub async fn exchange(
        &self,
        code: String,
        way: &Departure<'_>,
    ) -> Result<CoreTokenResponse, Trouble> {
        let metadata = self.known().await?;
        let client = self.client(&metadata).set_redirect_uri(back(way.back)?);
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Trouble("it names no token endpoint".into()))?
            .set_pkce_verifier(PkceCodeVerifier::new(way.verifier.to_owned()));
        request
            .request_async(&self.http)
            .await
            .map_err(|e| trouble_of_exchange(&e))
    }

    /// What the service says about the person whose access token this is; nothing when it has no place
    /// to ask. It must be about `subject`.
    pub async fn claims_of(
        &self,
        token: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Option<Claims>, Trouble> {
        let metadata = self.known().await?;
        let client = self.client(&metadata);
        let Ok(request) = client.user_info(token, Some(subject)) else {
            return Ok(None);
        };
        let claims = request.request_async(&self.http).await;
        claims.map(Some).map_err(|e| match e {
            UserInfoError::Request(failure) => Trouble(format!("userinfo: {failure}")),
            UserInfoError::ClaimsVerification(_) => {
                Trouble("its userinfo is about somebody else".into())
            }
            _ => Trouble("its userinfo cannot be read".into()),
        })
    }
}

fn back(address: &str) -> Result<RedirectUrl, Trouble> {
    RedirectUrl::new(address.to_owned())
        .map_err(|_| Trouble("server.public_url is no address to come back to".into()))
}

fn bad_issuer(config: &config::Oidc, why: &dyn fmt::Display) -> Error {
    Error::Unavailable {
        code: "oidc_issuer_invalid",
        message: format!(
            "oidc.issuer = \"{}\" cannot be used: {why}. Write it as the service does, for example https://id.example.org/realms/home.",
            config.issuer
        ),
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether a password may travel to `url`. A service elsewhere has no business on this machine.
pub(super) fn encrypted(url: &Url, household: bool) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => household && is_loopback(url),
        _ => false,
    }
}

fn trouble_of_discovery(error: &DiscoveryError<Failure>) -> Trouble {
    Trouble(match error {
        DiscoveryError::Request(failure) => failure.to_string(),
        DiscoveryError::Response(status, ..) => {
            format!("its description or its keys cannot be read (HTTP {status})")
        }
        DiscoveryError::Validation(_) => {
            "it calls itself by another name than oidc.issuer, which must be the same to the letter"
                .into()
        }
        _ => "its description or its keys cannot be read".into(),
    })
}

fn trouble_of_exchange(
    error: &RequestTokenError<Failure, StandardErrorResponse<CoreErrorResponseType>>,
) -> Trouble {
    Trouble(match error {
        RequestTokenError::Request(failure) => format!("token endpoint: {failure}"),
        RequestTokenError::ServerResponse(refusal) => {
            format!(
                "token endpoint: refused with {}",
                code(refusal.error().as_ref())
            )
        }
        _ => "token endpoint: the answer cannot be read".into(),
    })
}

/// A service's error code, if it is one: what else it may have put there is not for the log.
pub fn code(text: &str) -> &str {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b));
    if fits { text } else { "no error code" }
}

/// Why no whole answer came.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it named an address that is not https")]
    NotEncrypted,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it did not answer within {} seconds", LIMIT.as_secs())]
    TooSlow,
    #[error("its answer is too long")]
    TooLong,
}

struct Http {
    client: reqwest::Client,
    clock: Clock,
    /// Whether the service runs on this machine.
    household: bool,
}

impl Http {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let request = reqwest::Request::try_from(request).map_err(|_| Failure::Unreachable)?;
        if !encrypted(request.url(), self.household) {
            return Err(Failure::NotEncrypted);
        }
        let answer = self.clock.timeout(LIMIT, self.whole(request)).await;
        answer.map_err(|_| Failure::TooSlow)?
    }

    async fn whole(&self, request: reqwest::Request) -> Result<HttpResponse, Failure> {
        let unreachable = |_: reqwest::Error| Failure::Unreachable;
        let mut answer = self.client.execute(request).await.map_err(unreachable)?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + piece.len() > LONGEST_ANSWER {
                return Err(Failure::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        let mut whole = http::Response::new(body);
        *whole.status_mut() = answer.status();
        *whole.headers_mut() = answer.headers().clone();
        Ok(whole)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
