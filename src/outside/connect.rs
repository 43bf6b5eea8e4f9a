//! The HTTP client of this room and its connections.
//!
//! Must stay true: connecting is bounded through the `Clock`; no redirect is followed, so a request
//! and its key go nowhere but to the configured server; what is on this machine is reached directly,
//! whatever proxy the environment names.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, redirect};
use tower::{Layer, Service};

use crate::clock::Clock;
use crate::error::Error;

use super::problem::Fault;

type BoxError = Box<dyn StdError + Send + Sync>;

pub(super) fn client(
    url: &Url,
    loopback: bool,
    connect_limit: Duration,
    clock: &Clock,
) -> Result<reqwest::Client, Error> {
    // main has done this; a tool or a test that builds only this room must not panic in reqwest.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("novacore/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .http1_only()
        .dns_resolver(Arc::new(Resolver))
        .connector_layer(BoundedConnect {
            clock: clock.clone(),
            limit: connect_limit,
        });
    if loopback {
        builder = builder.no_proxy();
    }
    if url.scheme() == "http" {
        // Without this a machine without a certificate store could not even speak plain HTTP.
        builder = builder.tls_certs_only([]);
    }
    builder
        .build()
        .map_err(|e| Error::internal("setting up the connection to the model server", e))
}

/// What kind of failure reqwest met, found along its chain of causes.
pub(super) fn fault_of(error: &reqwest::Error) -> Fault {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(ConnectTimedOut(limit)) = current.downcast_ref() {
            return Fault::ConnectTimeout(*limit);
        }
        if current.is::<NameUnknown>() {
            return Fault::HostUnknown;
        }
        cause = current.source();
    }
    Fault::Unreachable
}

/// Names to addresses, with an error that can be told from others.
struct Resolver;

#[derive(Debug)]
struct NameUnknown(std::io::Error);

impl fmt::Display for NameUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "name not known: {}", self.0)
    }
}

impl StdError for NameUnknown {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is replaced by the caller's.
            match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(found) => {
                    let found: Vec<_> = found.collect();
                    Ok(Box::new(found.into_iter()) as Addrs)
                }
                Err(e) => Err(Box::new(NameUnknown(e)) as BoxError),
            }
        })
    }
}

/// Bounds connecting by our clock; reqwest's own bound would read the machine's.
#[derive(Clone)]
struct BoundedConnect {
    clock: Clock,
    limit: Duration,
}

impl<S> Layer<S> for BoundedConnect {
    type Service = BoundedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BoundedConnector {
            inner,
            bound: self.clone(),
        }
    }
}

#[derive(Clone)]
struct BoundedConnector<S> {
    inner: S,
    bound: BoundedConnect,
}

#[derive(Debug)]
struct ConnectTimedOut(Duration);

impl fmt::Display for ConnectTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {:?}", self.0)
    }
}

impl StdError for ConnectTimedOut {}

impl<S, Target> Service<Target> for BoundedConnector<S>
where
    S: Service<Target, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let connecting = self.inner.call(target);
        let BoundedConnect { clock, limit } = self.bound.clone();
        Box::pin(async move {
            clock
                .timeout(limit, connecting)
                .await
                .unwrap_or_else(|_| Err(Box::new(ConnectTimedOut(limit))))
        })
    }
}
