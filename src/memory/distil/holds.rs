//! Whether what a model wrote still stands when the person corrects something that it cites. No storage, no
//! clock, no model.
//!
//! Must stay true: what its turns said of it before, names and numbers above all, they say after the
//! correction; a slip of the pen takes nothing away, and another name or a "not" does.

use std::collections::BTreeSet;

use super::words;
use crate::memory::row::Memory;
use crate::memory::signs::dates;

/// Of the words that stood in the turns, this share must still stand there.
const MOST: f32 = 0.75;

/// What some turns say.
#[derive(Default)]
struct Said {
    words: BTreeSet<String>,
    stems: BTreeSet<String>,
    numbers: BTreeSet<String>,
    /// Whether what is nearest to the statement denies it.
    denied: bool,
}

impl Said {
    fn of<'m>(turns: impl Iterator<Item = &'m Memory>, own: &BTreeSet<String>) -> Self {
        let mut said = Self::default();
        let mut nearest = 0;
        for turn in turns {
            said.words.extend(words::lower(&turn.text));
            said.stems.extend(words::stems(&turn.text));
            let day = words::day(turn.created_at);
            for mention in dates::resolve(&turn.text, day) {
                words::add_date(&mut said.words, mention.from, mention.to);
                words::add_day_numbers(&mut said.numbers, mention.from, mention.to);
            }
            for clause in words::clauses(&turn.text) {
                let shared = own.intersection(&words::stems(&clause)).count();
                if shared > nearest {
                    (nearest, said.denied) = (shared, words::denies(&clause));
                }
            }
        }
        let spoken = said.words.iter().filter_map(|word| words::number(word));
        said.numbers.extend(spoken.collect::<Vec<_>>());
        said
    }

    fn has(&self, word: &str) -> bool {
        match words::number(word) {
            Some(number) => self.numbers.contains(&number),
            None => self.words.contains(&word.to_lowercase()),
        }
    }
}

/// Whether a statement rests on its turns as it did, of each of which is given what it said and what it says.
pub fn still_holds(statement: &str, turns: &[(Memory, Memory)]) -> bool {
    let own = words::stems(statement);
    let before = Said::of(turns.iter().map(|(before, _)| before), &own);
    let now = Said::of(turns.iter().map(|(_, now)| now), &own);
    let tokens = words::tokens(statement).into_iter().map(|token| token.word);
    let mut telling = tokens.filter(|word| {
        let name = word.chars().any(char::is_uppercase) && !words::stems(word).is_empty();
        name || words::number(word).is_some()
    });
    if telling.any(|word| before.has(word) && !now.has(word)) {
        return false;
    }
    let stood: BTreeSet<_> = own.intersection(&before.stems).collect();
    let stands = stood.iter().filter(|stem| now.stems.contains(**stem));
    words::share(stands.count(), stood.len()) >= MOST && before.denied == now.denied
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::memory::row::Speaker;

    fn said(text: &str) -> Memory {
        let at = Timestamp::UNIX_EPOCH;
        Memory::turn(Uuid::nil(), Speaker::User, text.into(), at)
    }

    /// Of a correction of one word only that takes a statement away which the statement rests on.
    #[test]
    fn only_what_it_rests_on_takes_it_away() {
        for (before, now, statement, holds) in [
            (
                "My sister Clara livs in Lisbon.",
                "My sister Clara lives in Lisbon.",
                "Your sister Clara lives in Lisbon.",
                true,
            ),
            (
                "I adopted my cat Tom in May, teh rest you know.",
                "I adopted my cat Tom in May, the rest you know.",
                "You adopted a cat called Tom in May.",
                true,
            ),
            (
                "My sister Clara lives in Lisbon.",
                "My sister Clara lives in Porto.",
                "Your sister Clara lives in Lisbon.",
                false,
            ),
            (
                "I have three cats.",
                "I have four cats.",
                "You have 3 cats.",
                false,
            ),
            (
                "I like green tea.",
                "I like black tea.",
                "You like green tea.",
                false,
            ),
            (
                "I like green tea.",
                "I don't like green tea.",
                "You like green tea.",
                false,
            ),
            ("I like green tea.", "Hello.", "You like green tea.", false),
        ] {
            let turns = [(said(before), said(now))];
            assert_eq!(still_holds(statement, &turns), holds, "{before} / {now}");
        }
    }
}
