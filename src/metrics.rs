//! Every metric's name, meaning and the one place where it is counted.
//!
//! Must stay true: labels are drawn from small fixed sets (route patterns, codes), never from ids,
//! addresses or text.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
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
        "auth_mails_total",
        "Tries to send a mail, by result: sent, delayed, refused, expired."
    );
    describe_gauge!(
        "jobs_waiting",
        "Jobs still to be done, mails among them; those that are held aside."
    );
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
    describe_counter!(
        "billing_tokens_charged_total",
        "Tokens booked as charged: people's own words and answers."
    );
    describe_counter!("billing_messages_total", "Messages booked.");
    describe_counter!(
        "billing_quota_refused_total",
        "Calls refused because a limit of the plan was reached, by resource."
    );
    describe_counter!(
        "stripe_events_total",
        "Events of Stripe's, by type and result: stored, repeat, ignored, refused; then done or failed."
    );
    describe_counter!("memory_recalled_total", "Memories put into prompts.");
    describe_counter!(
        "memory_distilled_total",
        "What models wrote of sessions, by outcome: accepted, merged, or why it was not kept."
    );
    describe_gauge!(
        "memory_index_lag",
        "Batches of writes since the text index's last durable commit; 0 when it lacks nothing."
    );
    describe_vectors();
    describe_storage();
    describe_gauge!(
        "process_start_time_seconds",
        "When this process started, seconds since 1970."
    );
}

fn describe_vectors() {
    describe_gauge!("memory_vectors", "Memories that can be found by meaning.");
    describe_gauge!(
        "memory_vectors_waiting",
        "Memories that wait to be embedded with the decided model."
    );
    describe_gauge!(
        "memory_vector_bytes",
        "What vectors and graphs held in memory take, about."
    );
    describe_gauge!(
        "memory_vector_graphs",
        "People whose many vectors are searched by a graph."
    );
    describe_histogram!(
        "memory_query_embedding_seconds",
        "How long a recall or search waited for what its words mean."
    );
}

fn describe_storage() {
    describe_gauge!("storage_seq", "Number of the last stored batch of writes.");
    describe_gauge!("storage_read_only", "1 while nothing new can be stored.");
    describe_gauge!(
        "storage_held",
        "1 while the data is a copy that nobody adopted."
    );
    describe_gauge!("storage_live_bytes", "Size of the live file.");
    describe_gauge!("storage_journal_bytes", "Size of the journal.");
    describe_gauge!("storage_snapshot_bytes", "Size of all snapshots.");
    describe_gauge!("storage_snapshots", "How many snapshots there are.");
    describe_gauge!(
        "storage_snapshot_timestamp_seconds",
        "When the newest snapshot's last change was stored, seconds since 1970; 0 without one."
    );
    describe_gauge!(
        "backup_good_timestamp_seconds",
        "When the last good backup ended, seconds since 1970; 0 before the first."
    );
    describe_gauge!(
        "backup_ok",
        "1 when the last backup was good; not there before the first."
    );
    describe_gauge!(
        "check_timestamp_seconds",
        "When the last check of the data ended, seconds since 1970."
    );
    describe_gauge!("check_findings", "What the last check of the data found.");
}

pub fn storage_state(seq: u64, read_only: bool, held: bool) {
    gauge!("storage_seq").set(double(seq));
    gauge!("storage_read_only").set(f64::from(u8::from(read_only)));
    gauge!("storage_held").set(f64::from(u8::from(held)));
}

/// Bytes of the live file, of the journal, of all snapshots.
pub fn storage_disk(bytes: (u64, u64, u64), snapshots: u64, newest: Option<Timestamp>) {
    gauge!("storage_live_bytes").set(double(bytes.0));
    gauge!("storage_journal_bytes").set(double(bytes.1));
    gauge!("storage_snapshot_bytes").set(double(bytes.2));
    gauge!("storage_snapshots").set(double(snapshots));
    gauge!("storage_snapshot_timestamp_seconds").set(seconds(newest));
}

pub fn backups(good_at: Option<Timestamp>, last_ok: Option<bool>) {
    gauge!("backup_good_timestamp_seconds").set(seconds(good_at));
    if let Some(ok) = last_ok {
        gauge!("backup_ok").set(f64::from(u8::from(ok)));
    }
}

pub fn checked(at: Timestamp, findings: usize) {
    gauge!("check_timestamp_seconds").set(seconds(Some(at)));
    gauge!("check_findings").set(double(findings as u64));
}

fn seconds(at: Option<Timestamp>) -> f64 {
    let seconds = at.and_then(|at| u64::try_from(at.as_second()).ok());
    double(seconds.unwrap_or(0))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
fn double(count: u64) -> f64 {
    count as f64
}

pub fn started(at: Timestamp) {
    gauge!("process_start_time_seconds").set(seconds(Some(at)));
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

pub fn mail(result: &'static str) {
    counter!("auth_mails_total", "result" => result).increment(1);
}

pub fn stripe_event(kind: &'static str, result: &'static str) {
    counter!("stripe_events_total", "type" => kind, "result" => result).increment(1);
}

pub fn jobs_waiting(count: usize) {
    gauge!("jobs_waiting").set(double(count as u64));
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

/// Tokens and messages that were booked.
pub fn charged(tokens: u64, messages: u64) {
    counter!("billing_tokens_charged_total").increment(tokens);
    counter!("billing_messages_total").increment(messages);
}

/// Something was refused because today's share of this resource is used up.
pub fn quota_refused(resource: &'static str) {
    counter!("billing_quota_refused_total", "resource" => resource).increment(1);
}

pub fn recalled(count: usize) {
    counter!("memory_recalled_total").increment(count as u64);
}

pub fn distilled(outcome: &'static str) {
    counter!("memory_distilled_total", "outcome" => outcome).increment(1);
}

pub fn vectors((with, waiting): (u64, u64)) {
    gauge!("memory_vectors").set(double(with));
    gauge!("memory_vectors_waiting").set(double(waiting));
}

pub fn vectors_held(usage: storage::Usage) {
    gauge!("memory_vector_bytes").set(double(usage.bytes as u64));
    gauge!("memory_vector_graphs").set(double(usage.graphs as u64));
}

pub fn query_embedded(waited: Duration) {
    histogram!("memory_query_embedding_seconds").record(waited.as_secs_f64());
}

pub fn index_lag(batches: u64) {
    gauge!("memory_index_lag").set(double(batches));
}
