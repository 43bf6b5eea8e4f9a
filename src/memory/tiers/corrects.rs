//! Whether a newer statement says that an older one is no longer so. No storage, no clock.

use std::collections::BTreeSet;

use crate::memory::signs::is_verb;

/// Words that tell of a change, as they stand in small letters.
const MARKERS: [&str; 24] = [
    "now",
    "no longer",
    "not any more",
    "not anymore",
    "anymore",
    "any more",
    "moved to",
    "moved from",
    "moved out",
    "changed to",
    "changed from",
    "switched to",
    "switched from",
    "actually",
    "instead",
    "used to",
    "stopped",
    "quit",
    "gave up",
    "since then",
    "has become",
    "renamed",
    "correction",
    "from now on",
];

/// Stems of the markers; what both statements share must be more than these.
const OF_MARKERS: [&str; 14] = [
    "now", "longer", "anymor", "move", "chang", "switch", "actual", "instead", "use", "stop",
    "quit", "gave", "renam", "correct",
];

/// Those of them by which somebody takes back what was said, whatever became of it.
const TAKEN_BACK: [&str; 3] = ["actually", "instead", "correction"];

/// Verbs of what happened once and stays so whatever happens next: whom somebody meets now is one more.
const HAPPENED: &str = "met saw visited went bought ate drank took won lost wrote found gave tried \
    finished made read watched heard called told said sold ran";

/// Whether a text says that something changed.
pub fn tells_of_change(text: &str) -> bool {
    has_any(text, &MARKERS)
}

fn has_any(text: &str, markers: &[&str]) -> bool {
    let small: Vec<_> = words(text);
    let line = format!(" {} ", small.join(" "));
    markers
        .iter()
        .any(|marker| line.contains(&format!(" {marker} ")))
}

/// Whether its first verb is of something that happened once.
fn happened(text: &str) -> bool {
    let once = |word: &String| HAPPENED.split_whitespace().any(|it| it == word);
    let stem = |word: &String| storage::analyse(word).pop().unwrap_or_default();
    let small = words(text);
    let verb = small.iter().find(|word| is_verb(&stem(word)) || once(word));
    verb.is_some_and(once)
}

/// In small letters; what is said to the person as if they said it.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|word| !word.is_empty());
    let small = parts.map(|word| match word.to_lowercase().as_str() {
        "you" => "i".to_owned(),
        "your" => "my".to_owned(),
        "are" => "am".to_owned(),
        small => small.to_owned(),
    });
    small.collect()
}

fn content(text: &str) -> BTreeSet<String> {
    let mut stems: BTreeSet<String> = storage::analyse(text).into_iter().collect();
    stems.retain(|stem| !OF_MARKERS.contains(&stem.as_str()));
    stems
}

/// Whether `new`, said after `old` by the same speaker, takes its place: it tells of a change, and it is
/// about the same, that is, all but one word of the older one stand in it, or half of its stems.
pub fn corrects(new: &str, old: &str) -> bool {
    tells_of_change(new) && about_the_same(new, old)
}

/// Whether two statements are about the same, whatever they say of it.
pub fn about_the_same(new: &str, old: &str) -> bool {
    if old.trim_end().ends_with('?') || happened(old) && !has_any(new, &TAKEN_BACK) {
        return false;
    }
    let (newer, older) = (content(new), content(old));
    let shared = newer.intersection(&older).count();
    if shared == 0 {
        return false;
    }
    let said: BTreeSet<_> = words(new).into_iter().collect();
    let before: BTreeSet<_> = words(old).into_iter().collect();
    let lost = before.difference(&said).count();
    let but_a_word = lost <= 1 && before.len() >= 3;
    let half = shared >= 2 && shared * 2 >= older.len();
    (but_a_word || half) && ends_otherwise(old, &newer)
}

/// Whether what a newer statement says otherwise than an older one is said of the same person or thing.
pub fn of_the_same(new: &str, old: &str) -> bool {
    ends_otherwise(old, &content(new))
}

/// Whether all that the newer one lacks of the older stands after its verb, or without one at its end: there
/// is said what is the case, and before it of whom. "My friend Bruno lives in Paris now" is not about "my
/// friend Anna lives in Paris". Rather too little is ended than what is still so.
fn ends_otherwise(old: &str, newer: &BTreeSet<String>) -> bool {
    let mut telling = storage::analyse(old);
    telling.retain(|stem| !OF_MARKERS.contains(&stem.as_str()));
    let kept = |stem: &String| newer.contains(stem);
    match telling.iter().position(|stem| is_verb(stem)) {
        Some(verb) => telling.iter().take(verb).all(kept),
        None => telling
            .iter()
            .skip_while(|stem| kept(stem))
            .all(|stem| !kept(stem)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement that tells of a change takes the place of the one it is about, and of no other.
    #[test]
    fn changes_are_recognised() {
        for (new, old) in [
            ("I live in Lisbon now.", "I live in Bern."),
            ("I no longer live in Bern.", "I live in Bern."),
            (
                "Actually, my meeting is on Tuesday.",
                "My meeting is on Monday.",
            ),
            (
                "My sister's phone number is now 555 2222.",
                "My sister's phone number is 555 1111.",
            ),
            (
                "I used to play the violin.",
                "I play the violin every week.",
            ),
            ("I work at Migros instead of Coop.", "I work at Coop."),
            ("I live in Lisbon with Tom now.", "I live in Bern with Tom."),
            ("Actually, I met Bruno in Paris.", "I met Anna in Paris."),
        ] {
            assert!(corrects(new, old), "{new} / {old}");
        }
        for (new, old) in [
            ("I live in Lisbon.", "I live in Bern."),
            ("I live for music now.", "I live in Bern."),
            (
                "I now have a dog called Rex.",
                "I have a sister called Clara who sings.",
            ),
            ("My meeting is now on Tuesday.", "When is my meeting?"),
            ("Now tell me a joke.", "I like jokes about cats."),
            ("I met Bruno in Paris now.", "I met Anna in Paris."),
            ("I bought a red bike now.", "I bought a blue bike."),
            (
                "Actually, my friend Bruno lives in Rome.",
                "My friend Anna lives in Paris.",
            ),
            (
                "My friend Bruno lives in Paris now.",
                "My friend Anna lives in Paris.",
            ),
        ] {
            assert!(!corrects(new, old), "{new} / {old}");
        }
    }
}
