//! Where log lines go: text for a person at a terminal, JSON for everything else, and daily files
//! when configured.
//!
//! Must stay true: no message text, memory text, password or token is ever logged.

use std::io::IsTerminal as _;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use crate::config::{Log, LogFormat};
use crate::error::{Error, Result};

/// Starts logging. Keep the guard until the program ends: it flushes the files.
pub fn start(config: &Log) -> Result<Option<WorkerGuard>> {
    let filter = EnvFilter::try_new(&config.level).map_err(|e| {
        Error::internal(
            "log.level",
            format!("\"{}\" is no level: {e}", config.level),
        )
    })?;
    let text = match config.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let screen = if text {
        fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .compact()
            .boxed()
    } else {
        json(fmt::layer().with_writer(std::io::stderr))
    };
    let (files, guard) = if config.dir.as_os_str().is_empty() {
        (None, None)
    } else {
        let appender = RollingFileAppender::builder()
            .rotation(Rotation::DAILY)
            .filename_prefix("novacore")
            .filename_suffix("jsonl")
            .max_log_files(config.keep_files)
            .build(&config.dir)
            .map_err(|e| Error::internal("log.dir", e))?;
        let (writer, guard) = tracing_appender::non_blocking(appender);
        (
            Some(json(fmt::layer().with_ansi(false).with_writer(writer))),
            Some(guard),
        )
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(screen)
        .with(files)
        .try_init()
        .map_err(|e| Error::internal("starting the log", e))?;
    Ok(guard)
}

/// One JSON object a line, the request's span fields (correlation id, user id, route) among them.
fn json<S, W>(
    layer: fmt::Layer<S, fmt::format::DefaultFields, fmt::format::Format, W>,
) -> Box<dyn tracing_subscriber::Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    layer
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .boxed()
}
