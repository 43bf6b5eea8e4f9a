//! What a person gives to be remembered, checked. Pure.
//!
//! Must stay true: by whatever way something is stored or corrected, it comes through here.

use jiff::{SignedDuration, Timestamp};
use uuid::{Builder, Uuid};

use super::filter;
use super::row::{Speaker, Tier};
use crate::app::mac;
use crate::error::{Error, Result};

const TEXT_BYTES: usize = 16_384;
/// What was said in a conversation may be longer than what is stored by hand, and what was exported is to
/// come in again.
const IMPORTED_BYTES: usize = 64 * 1024;
const TAGS: usize = 16;
const TAG_CHARS: usize = 40;
const SPEAKER_CHARS: usize = 64;
const KEY_CHARS: usize = 200;
/// Clocks differ, and so do the days of people.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What somebody stores or corrects by hand.
///
/// # Errors
/// `memory_text_empty`, `memory_text_too_long`.
pub fn text(text: &str) -> Result<()> {
    text_within(text, TEXT_BYTES)
}

/// What a file has.
///
/// # Errors
/// Those of [`text`].
pub fn imported_text(text: &str) -> Result<()> {
    text_within(text, IMPORTED_BYTES)
}

fn text_within(text: &str, most: usize) -> Result<()> {
    if text.trim().is_empty() {
        let message = "Write what is to be remembered.";
        return Err(Error::field("memory_text_empty", "text", message));
    }
    if text.len() > most {
        let message = format!(
            "It has {} bytes; a memory has at most {most}. Make several of it.",
            text.len()
        );
        return Err(Error::field("memory_text_too_long", "text", message));
    }
    Ok(())
}

/// Tags without the spaces around them, each once.
///
/// # Errors
/// `tags_invalid`.
pub fn tags(tags: &[String]) -> Result<Vec<String>> {
    let mut checked: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()) {
        if !(1..=TAG_CHARS).contains(&tag.chars().count()) || tag.contains(char::is_control) {
            let message = format!("A tag has 1 to {TAG_CHARS} characters, in one line.");
            return Err(Error::field("tags_invalid", "tags", message));
        }
        if checked.iter().any(|known| known == tag) {
            continue;
        }
        // Here, and not at the end: each is compared with all others.
        if checked.len() == TAGS {
            let message = format!("Use at most {TAGS} tags.");
            return Err(Error::field("tags_invalid", "tags", message));
        }
        checked.push(tag.to_owned());
    }
    Ok(checked)
}

/// # Errors
/// `speaker_invalid`.
pub fn speaker(name: &str) -> Result<Speaker> {
    let name = name.trim();
    if !(1..=SPEAKER_CHARS).contains(&name.chars().count()) || name.contains(char::is_control) {
        let message =
            format!("Say `user`, `assistant`, or a name of at most {SPEAKER_CHARS} characters.");
        return Err(Error::field("speaker_invalid", "speaker", message));
    }
    Ok(Speaker::of(name))
}

/// # Errors
/// `session_key_invalid`.
pub fn session_key(key: &str) -> Result<String> {
    let key = key.trim();
    if !(1..=KEY_CHARS).contains(&key.chars().count()) || key.contains(char::is_control) {
        let message = format!("It has 1 to {KEY_CHARS} characters, in one line.");
        return Err(Error::field("session_key_invalid", "session_key", message));
    }
    Ok(key.to_owned())
}

/// # Errors
/// `tier_invalid`.
pub fn tier(word: &str) -> Result<Tier> {
    filter::tier(word)?.ok_or_else(|| {
        let message = "A memory is stored as itm or ltm; stm is the conversation that runs.";
        Error::field("tier_invalid", "tier", message)
    })
}

/// # Errors
/// `created_at_invalid`.
pub fn created_at(at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    let latest = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    if at < Timestamp::UNIX_EPOCH || at > latest {
        let message = "Give a time after 1970 that is not more than a day ahead.";
        return Err(Error::field("created_at_invalid", "created_at", message));
    }
    Ok(at)
}

/// The group that a person means by a key: the same key is the same group.
pub fn group_of(user: Uuid, key: &str) -> Uuid {
    let hash = mac(b"memory group", &[user.as_bytes(), key.as_bytes()]);
    named_by(hash)
}

/// What stands for the content of a memory, whatever its id: where, when, who, what.
pub fn print(key: &str, at: Option<Timestamp>, (speaker, text): (&Speaker, &str)) -> Uuid {
    let at = at.map_or_else(String::new, |at| at.to_string());
    let parts = [key, &at, speaker.name(), text].map(str::as_bytes);
    named_by(mac(b"memory import", &parts))
}

/// An id of a version that no other id here has.
fn named_by(hash: [u8; 32]) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(hash) {
        *byte = from;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same key of the same person is the same group, and of nobody else.
    #[test]
    fn keys_are_groups() {
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(group_of(ada, "diary"), group_of(ada, "diary"));
        assert_ne!(group_of(ada, "diary"), group_of(bob, "diary"));
        assert_ne!(group_of(ada, "diary"), group_of(ada, "diary "));
        assert_eq!(group_of(ada, "diary").get_version_num(), 8);
    }

    /// The limits themselves are allowed, one more is not.
    #[test]
    fn limits_are_exact() {
        assert!(text(&"x".repeat(TEXT_BYTES)).is_ok());
        assert!(text(&"x".repeat(TEXT_BYTES + 1)).is_err());
        assert!(imported_text(&"x".repeat(IMPORTED_BYTES)).is_ok());
        assert!(imported_text(&"x".repeat(IMPORTED_BYTES + 1)).is_err());
        assert!(text(" \n").is_err());
        let named = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
        assert!(tags(&named(TAGS)).is_ok() && tags(&named(TAGS + 1)).is_err());
        assert!(tags(&["ä".repeat(TAG_CHARS)]).is_ok() && tags(&["ä".repeat(41)]).is_err());
        assert!(tags(&["  ".into()]).is_err() && tags(&["a\nb".into()]).is_err());
        assert!(speaker(&"é".repeat(64)).is_ok() && speaker(&"é".repeat(65)).is_err());
        assert!(session_key(&"k".repeat(200)).is_ok() && session_key(&"k".repeat(201)).is_err());
        let now = Timestamp::UNIX_EPOCH + AHEAD;
        assert!(created_at(now + AHEAD, now).is_ok());
        assert!(created_at(now + AHEAD + SignedDuration::from_secs(1), now).is_err());
        assert!(created_at(Timestamp::UNIX_EPOCH, now).is_ok());
        assert!(created_at(Timestamp::MIN, now).is_err());
    }

    /// What comes after the first tag too many is not looked at: it may be a hundred thousand of them.
    #[test]
    fn looking_ends_with_the_first_tag_too_many() {
        let mut named: Vec<_> = (0..=TAGS).map(|n| format!("t{n}")).collect();
        named.push(String::new());
        let refused = tags(&named).unwrap_err().message();
        assert!(refused.contains("at most 16 tags"), "{refused}");
        let same = vec!["one".to_owned(); 1000];
        assert_eq!(tags(&same).unwrap(), ["one"]);
    }
}
