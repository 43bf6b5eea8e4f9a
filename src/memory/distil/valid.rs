//! Whether what a model wrote may be believed: it must say nothing that the turns it cites do not say. No
//! storage, no clock, no model.
//!
//! Must stay true: what passes cites turns of this session that are there; each name and number in it
//! stands in them, of a fact in the person's own; it is one plain statement and asks nobody to do anything;
//! each turn that the model was shown and of which a word may be in it is among its evidence, so that it goes
//! when that is forgotten.

mod kin;
mod said;

use std::collections::BTreeSet;

use uuid::Uuid;

use self::said::{Said, names_and_numbers};

use super::principles;
use super::source::Turn;
use super::words;
use crate::memory::row::{Kind, Speaker};

const SHORTEST: usize = 3;
const LONGEST: usize = 300;
/// Of a summary and of a reflection: up to three sentences.
const LONGEST_OF_THREE: usize = 600;
/// This share of a statement's stems stands in what it cites. With half of them, "you like black tea"
/// would rest on "I like green tea".
const SUPPORT_OF_FACTS: f32 = 0.75;
const SUPPORT: f32 = 0.5;
/// Of a fact, this share stands in the person's own words: what others say of them is no fact.
const OWN_WORDS: f32 = 0.5;
/// Advice has words of its own.
const SUPPORT_OF_ADVICE: f32 = 0.2;

/// Why something was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// No JSON of the right form, also after it was asked again.
    Malformed,
    /// More of them than were asked for.
    TooMany,
    Length,
    Question,
    Instruction,
    /// Not a sentence about the person, or for a reflection about Nova.
    Form,
    AboutNova,
    /// Cites nothing, or what is not there, or nothing that could carry it.
    Evidence,
    Name,
    Number,
    /// Too few of its words stand in what it cites.
    Support,
    /// Denies what was said, or the other way round.
    Denial,
    /// The person wrote it themselves.
    Known,
    /// Something newer says otherwise.
    Outdated,
    /// The person corrected what it contradicts.
    Corrected,
    /// What it cites was forgotten or corrected meanwhile.
    Gone,
    /// There is no room for more.
    Full,
    /// The person forgot it.
    Unwanted,
}

impl Refusal {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooMany => "too_many",
            Self::Length => "length",
            Self::Question => "question",
            Self::Instruction => "instruction",
            Self::Form => "form",
            Self::AboutNova => "about_nova",
            Self::Evidence => "evidence",
            Self::Name => "name",
            Self::Number => "number",
            Self::Support => "support",
            Self::Denial => "denial",
            Self::Known => "known",
            Self::Outdated => "outdated",
            Self::Corrected => "corrected",
            Self::Gone => "gone",
            Self::Full => "full",
            Self::Unwanted => "unwanted",
        }
    }
}

/// What a model gave for an item, with the numbers of the turns it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    pub text: String,
    pub turns: Vec<i64>,
}

/// A claim that holds, with the turns it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valid {
    pub text: String,
    /// The turns that the model named.
    pub cited: Vec<Uuid>,
    /// These, and what else its words may come from.
    pub evidence: Vec<Uuid>,
}

/// Looks at a claim about the turns that the model was shown, in the order of their numbers.
pub fn check(kind: Kind, claim: &Claim, shown: &[Turn]) -> Result<Valid, Refusal> {
    let text = claim.text.split_whitespace().collect::<Vec<_>>().join(" ");
    form(kind, &text)?;
    let cited = cited(claim, shown)?;
    let bearing = bearing(kind, &cited)?;
    let said = Said::of(&bearing);
    if kind == Kind::Fact {
        let theirs = bearing.iter().filter(|turn| turn.speaker == Speaker::User);
        let own = Said::of(&theirs.copied().collect::<Vec<_>>());
        names_and_numbers(&text, &own, shown)?;
        support(&text, &said, SUPPORT_OF_FACTS, &[])?;
        support(&text, &own, OWN_WORDS, &[])?;
        denial(&text, &bearing)?;
    } else {
        names_and_numbers(&text, &said, shown)?;
        if kind == Kind::Reflection {
            support(
                &text,
                &said,
                SUPPORT_OF_ADVICE,
                &[principles::in_words().as_str()],
            )?;
        } else {
            support(&text, &said, SUPPORT, &[])?;
        }
    }
    kin::check(&text, &bearing)?;
    Ok(Valid {
        cited: cited.iter().map(|turn| turn.id).collect(),
        evidence: rests_on(kind, &text, &cited, shown),
        text,
    })
}

/// The turns from which the words of a claim may come. A fact is one sentence: those that the model named, and
/// all that have a word of it that these lack. What is told in several may hold anything that was shown.
fn rests_on(kind: Kind, text: &str, cited: &[&Turn], shown: &[Turn]) -> Vec<Uuid> {
    let named: BTreeSet<Uuid> = cited.iter().map(|turn| turn.id).collect();
    let mut strange = words::stems(text);
    for turn in cited {
        let known = words::stems(&turn.text);
        strange.retain(|stem| !known.contains(stem));
    }
    let rests_on = |turn: &&Turn| {
        kind != Kind::Fact
            || named.contains(&turn.id)
            || !words::stems(&turn.text).is_disjoint(&strange)
    };
    shown.iter().filter(rests_on).map(|turn| turn.id).collect()
}

/// What can be said of the sentence alone.
fn form(kind: Kind, text: &str) -> Result<(), Refusal> {
    let longest = if kind == Kind::Fact {
        LONGEST
    } else {
        LONGEST_OF_THREE
    };
    let sentences = sentences(text);
    if !(SHORTEST..=longest).contains(&text.chars().count()) || sentences > 3 {
        return Err(Refusal::Length);
    }
    if text.contains('?') {
        return Err(Refusal::Question);
    }
    if instructs(text) {
        return Err(Refusal::Instruction);
    }
    let words: Vec<_> = words::lower(text).into_iter().collect();
    let has = |word: &str| words.iter().any(|w| w == word);
    let first = words::tokens(text).first().map(|t| t.word.to_lowercase());
    match kind {
        Kind::Fact => {
            if has("nova") || has("assistant") || has("i") {
                return Err(Refusal::AboutNova);
            }
            let about = first.is_some_and(|word| word == "you" || word == "your");
            if !about || sentences > 1 || text.split_whitespace().count() < 3 {
                return Err(Refusal::Form);
            }
        }
        Kind::Reflection if !(has("i") || has("nova") || has("my")) => return Err(Refusal::Form),
        _ if text.split_whitespace().count() < 3 => return Err(Refusal::Form),
        _ => {}
    }
    Ok(())
}

fn sentences(text: &str) -> usize {
    let ends = text.match_indices(['.', '!']).filter(|(at, _)| {
        let after = text[at + 1..].chars().next();
        after.is_none_or(char::is_whitespace)
    });
    let open = !text.ends_with(['.', '!']);
    ends.count() + usize::from(open)
}

/// Whether it reads as if somebody were to obey it, or as a part of a prompt.
fn instructs(text: &str) -> bool {
    const ORDERS: [&str; 21] = [
        "ignore ",
        "disregard ",
        "you must ",
        "you should ",
        "you have to ",
        "you will now ",
        "do not tell",
        "don't tell",
        "never mention",
        "system:",
        "assistant:",
        "user:",
        "system prompt",
        "instruction",
        "<|",
        "|>",
        "[inst",
        "```",
        "http://",
        "https://",
        "jailbreak",
    ];
    let small = format!("{} ", text.to_lowercase());
    let small = small.replace('’', "'");
    ORDERS.iter().any(|order| small.contains(order)) || text.contains(['{', '}', '<', '>'])
}

/// The cited turns, each once, in the order of the conversation.
fn cited<'t>(claim: &Claim, shown: &'t [Turn]) -> Result<Vec<&'t Turn>, Refusal> {
    let mut numbers = BTreeSet::new();
    for number in &claim.turns {
        let at = usize::try_from(*number).ok().and_then(|n| n.checked_sub(1));
        match at.filter(|at| *at < shown.len()) {
            Some(at) => numbers.insert(at),
            None => return Err(Refusal::Evidence),
        };
    }
    if numbers.is_empty() {
        return Err(Refusal::Evidence);
    }
    Ok(numbers.into_iter().map(|at| &shown[at]).collect())
}

/// Of the cited turns those that can carry the claim: a fact rests on what people said, for what Nova said
/// a model wrote; and a question states nothing.
fn bearing<'t>(kind: Kind, cited: &[&'t Turn]) -> Result<Vec<&'t Turn>, Refusal> {
    let by_person = |turn: &&Turn| turn.speaker == Speaker::User;
    let by_nova = |turn: &&Turn| turn.speaker == Speaker::Assistant;
    let carries: Vec<&Turn> = match kind {
        Kind::Fact => cited
            .iter()
            .copied()
            .filter(|turn| !by_nova(turn) && !only_asks(&turn.text))
            .collect(),
        _ => cited.to_vec(),
    };
    let needed = if kind == Kind::Reflection {
        carries.iter().any(by_nova)
    } else {
        carries.iter().any(by_person)
    };
    needed.then_some(carries).ok_or(Refusal::Evidence)
}

fn only_asks(text: &str) -> bool {
    let ends = text.matches(['.', '!']).count();
    text.trim_end().ends_with('?') && ends == 0
}

/// Words that a model puts around what was said, and that say nothing of their own.
const AROUND: &str = "called named enjoy currently recently work job person nova talked said conversation told \
asked mentioned discussed";

/// At least this share of a text's words stands in what was said; `around` it words of no weight.
fn support(text: &str, said: &Said, least: f32, around: &[&str]) -> Result<(), Refusal> {
    let around = around.iter().chain([&AROUND]);
    let around: BTreeSet<String> = around.flat_map(|words| words::stems(words)).collect();
    let mut own = words::stems(text);
    // Numbers were looked at by themselves.
    own.retain(|stem| {
        let neutral = around.contains(stem) && !said.stems.contains(stem);
        !neutral && words::number(stem).is_none()
    });
    let found = own.intersection(&said.stems).count();
    if found == 0 || words::share(found, own.len()) < least {
        return Err(Refusal::Support);
    }
    Ok(())
}

/// Of what the cited turns say, the part nearest to the claim must deny what it denies.
fn denial(text: &str, bearing: &[&Turn]) -> Result<(), Refusal> {
    let own = words::stems(text);
    let mut best: Option<(usize, bool)> = None;
    for turn in bearing {
        for clause in words::clauses(&turn.text) {
            let shared = own.intersection(&words::stems(&clause)).count();
            if best.is_none_or(|(most, _)| shared > most) {
                best = Some((shared, words::denies(&clause)));
            }
        }
    }
    match best {
        Some((shared, denied)) if shared > 0 && denied != words::denies(text) => {
            Err(Refusal::Denial)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
