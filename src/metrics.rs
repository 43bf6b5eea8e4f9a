//! Every metric's name, meaning and the one place where it is counted.
//!
//! Must stay true: labels are drawn from small fixed sets (route patterns, codes), never from ids,
//! addresses or text.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Makes this process count. Safe to call twice (tests run many instances in one process).
pub fn install() -> PrometheusHandle {
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            // The list is a constant and not empty, the only thing set_buckets refuses.
            let builder = builder.set_buckets(&SECONDS).unwrap_or_default();
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!(
                    "another metrics recorder was installed first; /metrics stays empty"
                );
            }
            describe();
            handle
        })
        .clone()
}

fn describe() {
    describe_counter!(
        "http_requests_total",
        "Requests answered, by method, route pattern and status."
    );
    describe_histogram!(
        "http_request_duration_seconds",
        "Time to the answer's headers, by route pattern."
    );
    describe_counter!("auth_sign_ins_total", "Sign-in attempts, by result.");
    describe_counter!(
        "chat_turns_total",
        "Answers ended, by status and, for failures, error code."
    );
    describe_gauge!("chat_turns_running", "Answers being written now.");
    describe_histogram!(
        "chat_first_token_seconds",
        "From the message's arrival to the first text of the answer."
    );
    describe_counter!(
        "chat_tokens_total",
        "Tokens as reported by the model server, by direction."
    );
    describe_counter!(
        "chat_context_mismatch_total",
        "Answers whose reported prompt was far shorter than what was sent."
    );
    describe_counter!("memory_recalled_total", "Memories put into prompts.");
    describe_gauge!(
        "memory_index_lag",
        "Batches of writes since the text index's last durable commit; 0 when it lacks nothing."
    );
    describe_gauge!(
        "process_start_time_seconds",
        "When this process started, seconds since 1970."
    );
}

pub fn started(at: jiff::Timestamp) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit a double for millions of years"
    )]
    gauge!("process_start_time_seconds").set(at.as_second() as f64);
}

pub fn request(method: &'static str, route: &str, status: u16, took: Duration) {
    let labels = [
        ("method", method.to_owned()),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    counter!("http_requests_total", &labels).increment(1);
    histogram!("http_request_duration_seconds", "route" => route.to_owned())
        .record(took.as_secs_f64());
}

pub fn sign_in(result: &'static str) {
    counter!("auth_sign_ins_total", "result" => result).increment(1);
}

pub fn turn_started() {
    gauge!("chat_turns_running").increment(1.0);
}

pub fn turn_ended(status: &'static str, code: &'static str) {
    gauge!("chat_turns_running").decrement(1.0);
    counter!("chat_turns_total", "status" => status, "code" => code).increment(1);
}

pub fn first_token(after: Duration) {
    histogram!("chat_first_token_seconds").record(after.as_secs_f64());
}

pub fn tokens(prompt: u32, output: u32) {
    counter!("chat_tokens_total", "direction" => "prompt").increment(prompt.into());
    counter!("chat_tokens_total", "direction" => "output").increment(output.into());
}

pub fn context_mismatch() {
    counter!("chat_context_mismatch_total").increment(1);
}

pub fn recalled(count: usize) {
    counter!("memory_recalled_total").increment(count as u64);
}

pub fn index_lag(batches: u64) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
    gauge!("memory_index_lag").set(batches as f64);
}
