//! Settings of remembering: what goes into prompts, when conversations end, what is promoted, and what the
//! model may be asked for at night.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// Whether the model is asked for summaries, facts and reflections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distil {
    /// While a real model answers.
    Auto,
    /// With the demonstration model, too.
    On,
    Off,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    pub recall_limit: usize,
    pub recall_tokens: usize,
    pub session_idle_minutes: u32,
    pub promote_share: f64,
    pub distil: Distil,
    pub distil_at: String,
    pub distil_calls: u32,
    pub distil_tokens: u64,
    pub distil_seconds: u64,
    pub facts_per_session: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            recall_limit: 10,
            recall_tokens: 600,
            session_idle_minutes: 60,
            promote_share: 0.3,
            distil: Distil::Auto,
            distil_at: "02:00".into(),
            distil_calls: 500,
            distil_tokens: 1_000_000,
            distil_seconds: 7_200,
            facts_per_session: 3,
        }
    }
}

impl Memory {
    /// The time of day, UTC, at which what was said is distilled.
    ///
    /// # Errors
    /// A sentence, when `distil_at` is no time of day.
    pub fn time(&self) -> Result<Time, String> {
        super::time_of_day(&self.distil_at)
    }
}
