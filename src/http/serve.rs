//! Connections: how many there may be, how long one may take to say what it wants, and how each ends.
//!
//! Must stay true: strangers can hold no more than `server.max_connections` of them, and none for
//! ever by sending nothing. HTTP/1.1 only; a proxy in front speaks HTTP/2 to browsers if it likes.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::service_fn;
use tower::util::ServiceExt as _;

use crate::app::App;

/// How long a request's head may take, and an idle connection until the next one.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// How long to wait when the system can give no more connections, for example for want of files.
const BREATH: Duration = Duration::from_secs(1);
/// How often the log says that all connections are taken.
const FULL_AGAIN: Duration = Duration::from_mins(1);

/// Serves until `drain`, then until every connection has had its answer. Dropping the future cuts
/// off those that are left.
pub async fn serve(app: &App, listener: TcpListener, router: Router) {
    let room = Arc::new(Semaphore::new(app.config.server.max_connections));
    let drain = &app.tasks.drain;
    let mut connections = JoinSet::new();
    let mut told_full = None;
    loop {
        if room.available_permits() == 0 {
            tell_full(app, &mut told_full);
        }
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        // Those that have ended are forgotten here; there are never more than the room allows.
        while connections.try_join_next().is_some() {}
        match accepted {
            Some(Ok((stream, peer, permit))) => {
                connections.spawn(connection(
                    router.clone(),
                    stream,
                    peer,
                    permit,
                    drain.clone(),
                ));
            }
            // The other side was gone before we came.
            Some(Err(error)) if is_theirs(&error) => {}
            Some(Err(error)) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                app.clock.sleep(BREATH).await;
            }
            None => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection once there is room for it; None when there never will be.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)>> {
    let permit = room.clone().acquire_owned().await.ok()?;
    let accepted = listener.accept().await;
    Some(accepted.map(|(stream, peer)| (stream, peer, permit)))
}

fn tell_full(app: &App, told: &mut Option<Duration>) {
    let now = app.clock.monotonic();
    if told.is_none_or(|then| now.saturating_sub(then) >= FULL_AGAIN) {
        *told = Some(now);
        tracing::warn!(
            connections = app.config.server.max_connections,
            "all connections are taken (server.max_connections); others wait until one ends"
        );
    }
}

fn is_theirs(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

async fn connection(
    router: Router,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    drain: CancellationToken,
) {
    // Events are small and must not wait for more to fill a packet.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            Ok::<Response, Infallible>(router.oneshot(request).await.unwrap_or_else(|e| match e {}))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = drain.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended before its time");
    }
    drop(permit);
}
