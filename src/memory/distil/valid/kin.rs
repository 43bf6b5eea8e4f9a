//! Whether somebody is called somebody's brother who is none: who is whose must have been said, too. Lists,
//! not grammar; what cannot be told is refused. Pure.

use super::Refusal;
use crate::memory::distil::source::Turn;
use crate::memory::distil::words::{self, Token};

/// What somebody is to somebody, in small letters; names for the same in one group.
const KIN: [&str; 30] = [
    "brother",
    "sister",
    "mother mum mom mummy mommy",
    "father dad daddy",
    "son",
    "daughter",
    "child kid",
    "wife",
    "husband",
    "partner",
    "girlfriend",
    "boyfriend",
    "friend",
    "cousin",
    "aunt auntie",
    "uncle",
    "niece",
    "nephew",
    "grandmother grandma granny",
    "grandfather grandpa",
    "grandson",
    "granddaughter",
    "neighbour neighbor",
    "colleague coworker",
    "boss",
    "teacher",
    "roommate flatmate",
    "dog",
    "cat",
    "fiance fiancee fiancé fiancée",
];

/// Words that may stand between somebody's name and what they are.
const BETWEEN: &str = "is was are called named name names s my our your their his her the a an older younger \
elder eldest youngest oldest little big twin dear best old new good close whose who in law step half";

/// Of these one says that what follows is a name.
const CALLS: [&str; 4] = ["called", "named", "name", "names"];

/// A turn of so many words answers a question for a name.
const ANSWER: usize = 4;

fn is_between(word: &str) -> bool {
    BETWEEN.split(' ').any(|between| between == word)
}

/// Which group a word is of, and whether it speaks of several.
fn kin(word: &str) -> Option<(usize, bool)> {
    let small = word.to_lowercase();
    let group = |word: &str| {
        KIN.iter()
            .position(|group| group.split(' ').any(|kin| kin == word))
    };
    let one = group(&small).map(|group| (group, false));
    one.or_else(|| Some((group(small.strip_suffix('s')?)?, true)))
}

fn is_name(token: Token<'_>) -> bool {
    let word = token.word;
    let known = ["i", "nova"].contains(&word.to_lowercase().as_str());
    word.starts_with(char::is_uppercase)
        && !known
        && kin(word).is_none()
        && !words::stems(word).is_empty()
}

/// Who is said to be what in a text.
fn told(text: &str) -> Vec<(usize, String)> {
    let tokens = words::tokens(text);
    let mut told = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some((group, _)) = kin(token.word) else {
            continue;
        };
        let name = after(&tokens[at + 1..]).or_else(|| before(&tokens[..=at]));
        told.extend(name.map(|name| (group, name)));
    }
    told
}

/// "sister Clara", "sister is called Clara"; not "sister is German".
fn after(rest: &[Token<'_>]) -> Option<String> {
    let mut called = false;
    for (gap, token) in rest.iter().enumerate() {
        if token.first {
            return None;
        }
        let small = token.word.to_lowercase();
        if is_name(*token) {
            return (gap == 0 || called).then_some(small);
        }
        if !is_between(&small) {
            return None;
        }
        called |= CALLS.contains(&small.as_str());
    }
    None
}

/// "Clara is your sister", "Clara, your sister"; not "Clara's sister".
fn before(tokens: &[Token<'_>]) -> Option<String> {
    let mut last = tokens.last()?;
    for token in tokens.iter().rev().skip(1) {
        if last.first {
            return None;
        }
        if is_name(*token) {
            return (last.word != "s").then(|| token.word.to_lowercase());
        }
        if !is_between(&token.word.to_lowercase()) {
            return None;
        }
        last = token;
    }
    None
}

/// Whoever is called somebody's sister, or friend, or dog, must have been called so.
pub fn check(text: &str, said: &[&Turn]) -> Result<(), Refusal> {
    for (group, name) in told(text) {
        if !said.iter().any(|turn| says(&turn.text, group, &name)) {
            return Err(Refusal::Name);
        }
    }
    Ok(())
}

/// Whether a turn says it, or answers with that name alone.
fn says(text: &str, group: usize, name: &str) -> bool {
    let tokens = words::tokens(text);
    let small: Vec<String> = tokens
        .iter()
        .map(|token| token.word.to_lowercase())
        .collect();
    let named = small.iter().enumerate().filter(|(_, word)| *word == name);
    for (at, _) in named {
        if tokens.len() <= ANSWER && !small.iter().any(|word| kin(word).is_some()) {
            return true;
        }
        let begins = (0..=at).rev().find(|at| tokens[*at].first).unwrap_or(0);
        let ends = (at + 1..tokens.len()).find(|at| tokens[*at].first);
        let (before, after) = (
            &small[begins..at],
            &small[at + 1..ends.unwrap_or(small.len())],
        );
        if leads_to(before.iter().rev(), group) {
            return true;
        }
        let possessive = after.first().is_some_and(|word| word == "s");
        if !possessive && leads_to(after.iter(), group) {
            return true;
        }
        // "My sister came. Her name is Clara."
        let called = before
            .iter()
            .rev()
            .find(|word| !["is", "was"].contains(&word.as_str()));
        let called = called.is_some_and(|word| CALLS.contains(&word.as_str()));
        let alone = !before.iter().any(|word| kin(word).is_some());
        let mut spoken_of = small[..begins].iter().filter_map(|word| kin(word));
        if called && alone && spoken_of.next_back().is_some_and(|(last, _)| last == group) {
            return true;
        }
    }
    several(&small, group, name)
}

/// Whether one comes from a name to this kin by nothing but words that may stand between.
fn leads_to<'w>(words: impl Iterator<Item = &'w String>, group: usize) -> bool {
    for word in words {
        if let Some((other, _)) = kin(word) {
            return other == group;
        }
        if !is_between(word) {
            return false;
        }
    }
    false
}

/// "Two sisters, Anna and Clara": whoever is named with several of them may be one.
fn several(small: &[String], group: usize, name: &str) -> bool {
    let there = small.iter().any(|word| kin(word) == Some((group, true)));
    there && small.iter().any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::memory::row::Speaker;

    fn held(text: &str, said: &[&str]) -> bool {
        let turn = |text: &&str| Turn {
            id: Uuid::nil(),
            position: 0,
            speaker: Speaker::User,
            text: (*text).to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            dates: Vec::new(),
        };
        let turns: Vec<_> = said.iter().map(turn).collect();
        check(text, &turns.iter().collect::<Vec<_>>()).is_ok()
    }

    /// Who is whose is told in many ways.
    #[test]
    fn what_was_said_holds() {
        for (text, said) in [
            (
                "Your sister Clara lives in Bern.",
                &["My sister Clara lives in Bern."][..],
            ),
            (
                "Your sister Clara lives in Bern.",
                &["clara is my older sister, in Bern"],
            ),
            (
                "Your sister is called Clara.",
                &["My sister's name is Clara."],
            ),
            ("Your mother Rosa cooks.", &["My mum, Rosa, cooks."]),
            ("Your sister Clara came.", &["My sister came.", "Clara."]),
            (
                "Your sister Clara came.",
                &["My sister came. Her name is Clara."],
            ),
            (
                "Clara, your sister, came.",
                &["I have two sisters: Anna and Clara."],
            ),
            (
                "They spoke of Lisbon, their sister Clara and tea.",
                &["My sister Clara is in Lisbon."],
            ),
            ("Your sister is German.", &["My sister Ines is German."]),
            (
                "Clara's sister moved.",
                &["My friend Clara has a sister who moved."],
            ),
        ] {
            assert!(held(text, said), "{text}");
        }
    }

    /// Nobody becomes somebody's brother by a model's word.
    #[test]
    fn what_was_not_said_does_not() {
        for (text, said) in [
            (
                "Your brother Lena lives in Bern.",
                &["My brother lives in Bern with our friend Lena."][..],
            ),
            (
                "They talked about their brother Lena.",
                &["My brother called.", "Then Lena came by for tea with us."],
            ),
            ("Lena is your brother.", &["My brother met Lena in Bern."]),
            (
                "Your brother is called Lena.",
                &["I have a brother.", "I have a dog called Lena."],
            ),
            (
                "Your sister Clara moved.",
                &["Clara's sister moved to Bern yesterday."],
            ),
            (
                "Your sister Clara moved.",
                &["My friend Clara has a sister who moved."],
            ),
        ] {
            assert!(!held(text, said), "{text}");
        }
    }
}
