//! What one memory is.
//!
//! Must stay true: rows written by older programs can still be read, so every field that came later has
//! a default; a turn's text is what was said, word for word, until its owner corrects it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use storage::Record;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who said something: the person, Nova, or somebody named when it was stored by hand. On the wire and in
/// rows a string: `user`, `assistant`, or the name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Speaker {
    #[default]
    User,
    Assistant,
    Named(String),
}

impl Speaker {
    pub fn name(&self) -> &str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Named(name) => name,
        }
    }

    pub fn of(name: &str) -> Self {
        match name {
            "user" => Self::User,
            "assistant" => Self::Assistant,
            other => Self::Named(other.to_owned()),
        }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Speaker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Speaker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::of(&name))
    }
}

/// What kind of memory. Those that a model writes are derived: they cite the turns they come from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Said in a conversation, or stored with a `session_key`.
    #[default]
    Turn,
    /// Stored by hand.
    Note,
    /// A durable fact about the person.
    Fact,
    /// What a session was about.
    Summary,
    /// What Nova could do better: advice, never an instruction.
    Reflection,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Turn,
        Self::Note,
        Self::Fact,
        Self::Summary,
        Self::Reflection,
    ];

    pub const fn derived(self) -> bool {
        matches!(self, Self::Fact | Self::Summary | Self::Reflection)
    }
}

/// The shelf a stored memory stands on. The short-term one is the running conversation in the prompt and
/// is not stored here.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    #[default]
    Itm,
    Ltm,
}

/// Words that name a time, and the days they meant when they were said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DateMention {
    /// As it was said.
    pub text: String,
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    #[schema(value_type = String, format = Date)]
    pub to: Date,
}

/// One memory. A turn's id is its message's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The conversation, or the group that it was stored in. Memories that belong nowhere have their own.
    pub session: Uuid,
    pub speaker: Speaker,
    pub text: String,
    pub created_at: Timestamp,
    /// Ordinal of its group and position in it (`place.rs`); given when it is stored, never changed.
    #[serde(default)]
    pub place: u64,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub tier: Tier,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(default)]
    pub pinned: bool,
    /// Promotion score, 0 to 1.
    #[serde(default)]
    pub importance: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Timestamp>,
    /// Its owner took it out of the long-term ones; it is not promoted again by itself.
    #[serde(default)]
    pub kept_itm: bool,
    /// The turns that a derived memory comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Uuid>,
    /// Since when it is no longer so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What is so instead; may have been forgotten since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Uuid>,
    /// When its owner corrected it; what they wrote is never replaced by a model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<DateMention>,
    /// An earlier memory with the same words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<Uuid>,
}

impl Record for Memory {}

impl Memory {
    /// A turn of a conversation; whatever else is known of it is found out when it is stored.
    pub fn turn(session: Uuid, speaker: Speaker, text: String, created_at: Timestamp) -> Self {
        Self {
            session,
            speaker,
            text,
            created_at,
            place: 0,
            kind: Kind::Turn,
            tier: Tier::Itm,
            tags: Vec::new(),
            pinned: false,
            importance: 0.0,
            promoted_at: None,
            kept_itm: false,
            evidence: Vec::new(),
            ended_at: None,
            superseded_by: None,
            edited_at: None,
            dates: Vec::new(),
            duplicate_of: None,
        }
    }

    /// What it takes of what somebody may have remembered: its text in UTF-8.
    pub fn bytes(&self) -> i64 {
        i64::try_from(self.text.len()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program wrote before memories had kinds and tiers is still read.
    #[test]
    fn an_old_row_is_a_turn() {
        #[derive(Serialize)]
        struct Old {
            session: Uuid,
            speaker: &'static str,
            text: &'static str,
            created_at: Timestamp,
        }
        let old = Old {
            session: Uuid::nil(),
            speaker: "assistant",
            text: "Ah.",
            created_at: Timestamp::UNIX_EPOCH,
        };
        let json = serde_json::to_string(&old).expect("is JSON");
        let now: Memory = serde_json::from_str(&json).expect("can be read");
        let same = Memory::turn(
            Uuid::nil(),
            Speaker::Assistant,
            "Ah.".into(),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(now, same);
    }
}
