//! The English words by which a sentence's kind is told. Lists, not grammar.

use super::Flags;
use crate::memory::importance::NAMES;

pub struct Found {
    pub flags: Flags,
    /// Capitalised words that do not begin a sentence, names mostly: how many different ones, up to as many
    /// as count.
    pub entities: u8,
}

/// They tell when without a date that could be looked up.
const TIME_WORDS: &str = "ago already anymore days fall fortnight just lately later month months \
    morning night recently season since soon spring summer tonight upcoming week weekend weekends \
    weeks winter year years";

const NUMBERS: &str = "one two three four five six seven eight nine ten eleven twelve twenty thirty \
    forty fifty hundred thousand million once twice couple dozen half first second third few several";

const FIRST_PERSON: &str = "i im ive id ill my me mine we our us weve";

/// In the forms people use when they tell something.
pub const FACT_VERBS: &[&str] = &[
    "am", "was", "were", "have", "had", "live", "lives", "lived", "work", "works", "worked",
    "moved", "move", "moving", "bought", "got", "went", "started", "finished", "made", "love",
    "like", "prefer", "hate", "born", "married", "joined", "met", "visited", "took", "won", "lost",
    "wrote", "signed", "planning", "plan", "want", "used", "named", "called", "became", "decided",
    "gave", "found", "saw", "tried", "enjoy", "adopted", "drive", "drives", "changed", "switched",
    "is", "stay", "study", "studies", "own", "owns", "play", "plays", "eat", "eats", "drink",
    "drinks",
];

/// Each takes back something that was said; as whole words.
const CORRECTIONS: &[&str] = &[
    "actually",
    "no longer",
    "anymore",
    "any more",
    "instead",
    "used to",
    "moved to",
    "moved from",
    "changed",
    "switched",
    "is now",
    "are now",
    "am now",
    "now",
    "these days",
    "correction",
    "i was wrong",
    "i meant",
    "not true",
    "quit",
    "gave up",
    "stopped",
    "became",
    "turned out",
    "turns out",
];

pub fn look(text: &str) -> Found {
    let plain = plain(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let any = |list: &str| {
        words
            .iter()
            .any(|word| list.split_whitespace().any(|it| it == *word))
    };

    let mut flags = Flags::default();
    flags.set(Flags::ENDS_IN_QUESTION, text.trim_end().ends_with('?'));
    flags.set(Flags::HAS_QUESTION, text.contains('?'));
    flags.set(Flags::TIME_WORD, any(TIME_WORDS));
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    flags.set(Flags::NUMBER, digits || any(NUMBERS));
    flags.set(Flags::FIRST_PERSON, any(FIRST_PERSON));
    flags.set(
        Flags::FACT_VERB,
        words.iter().any(|word| FACT_VERBS.contains(word)),
    );
    flags.set(Flags::CORRECTION, corrects(&plain, &words));
    Found {
        flags,
        entities: entities(text),
    }
}

/// Lower case, without apostrophes, words apart by one space, with a space at both ends.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    plain.push(' ');
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            plain.extend(letter.to_lowercase());
        } else if !matches!(letter, '\'' | '’') && !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
    plain
}

fn corrects(plain: &str, words: &[&str]) -> bool {
    let phrase = |phrase: &str| plain.contains(&format!(" {phrase} "));
    if CORRECTIONS.iter().any(|it| phrase(it)) {
        return true;
    }
    // "not blue but green", "green, not blue"
    let not = words.iter().position(|word| *word == "not");
    let but = words.iter().rposition(|word| *word == "but");
    match (not, but) {
        (Some(not), Some(but)) => (not + 2..=not + 5).contains(&but),
        (Some(not), None) => not >= 2 && (1..=3).contains(&(words.len() - not - 1)),
        _ => false,
    }
}

/// Each word is compared with those found, so it ends when no more count.
fn entities(text: &str) -> u8 {
    let most = usize::from(NAMES);
    let mut seen: Vec<&str> = Vec::with_capacity(most);
    let mut begins = true;
    for word in text.split_whitespace() {
        if seen.len() == most {
            break;
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let bare = bare.split(['\'', '’']).next().unwrap_or(bare);
        let capital = bare.chars().next().is_some_and(char::is_uppercase);
        let known = seen.iter().any(|it| it.eq_ignore_ascii_case(bare));
        if capital && !begins && bare != "I" && !known {
            seen.push(bare);
        }
        begins = word.ends_with(['.', '!', '?', ':']);
    }
    u8::try_from(seen.len()).unwrap_or(NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are counted once each; the first word of a sentence and "I" are not names.
    #[test]
    fn names_are_counted() {
        assert_eq!(entities("We met Ana and Ben. Ana says I should visit."), 2);
        assert_eq!(entities("Hello. Nice day!"), 0);
    }

    /// A list of a thousand names is not compared with itself: more than count are not looked for.
    #[test]
    fn no_more_names_are_looked_for_than_count() {
        let names: Vec<_> = (0..1000).map(|n| format!("Zed{n}")).collect();
        assert_eq!(entities(&format!("We met {}", names.join(" "))), NAMES);
    }
}
