//! Whether what a model wrote may be believed: it must say nothing that the turns it cites do not say. No
//! storage, no clock, no model.
//!
//! Must stay true: what passes cites turns of this session that are there; each name and number in it
//! stands in them; it is one plain statement and asks nobody to do anything.

use std::collections::BTreeSet;

use jiff::civil::Date;
use uuid::Uuid;

use super::principles;
use super::source::Turn;
use super::words::{self, Token};
use crate::memory::row::{Kind, Speaker};

const SHORTEST: usize = 3;
const LONGEST: usize = 300;
/// Of a summary and of a reflection: up to three sentences.
const LONGEST_OF_THREE: usize = 600;
/// This share of a statement's stems stands in what it cites. With half of them, "you like black tea"
/// would rest on "I like green tea".
const SUPPORT_OF_FACTS: f32 = 0.75;
const SUPPORT: f32 = 0.5;
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
        }
    }
}

/// What a model gave for an item, with the numbers of the turns it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    pub text: String,
    pub turns: Vec<i64>,
    /// What was so before, in the model's words.
    pub replaces: Option<String>,
}

/// A claim that holds, with the turns it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valid {
    pub text: String,
    pub evidence: Vec<Uuid>,
    pub replaces: Option<String>,
}

/// Looks at a claim about the turns that the model was shown, in the order of their numbers.
pub fn check(kind: Kind, claim: &Claim, shown: &[Turn]) -> Result<Valid, Refusal> {
    let text = claim.text.split_whitespace().collect::<Vec<_>>().join(" ");
    form(kind, &text)?;
    let cited = cited(claim, shown)?;
    let bearing = bearing(kind, &cited)?;
    let said = Said::of(&bearing);
    names_and_numbers(&text, &said, shown)?;
    support(kind, &text, &said)?;
    if kind == Kind::Fact {
        denial(&text, &bearing)?;
    }
    Ok(Valid {
        text,
        evidence: cited.iter().map(|turn| turn.id).collect(),
        replaces: claim.replaces.clone(),
    })
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

/// The words of the turns that a claim rests on, and those of the days that they mean.
#[derive(Default)]
struct Said {
    words: BTreeSet<String>,
    stems: BTreeSet<String>,
    numbers: BTreeSet<String>,
    /// Years, months and weekdays; and numbers that are a date's only beside these.
    dates: BTreeSet<String>,
    days: BTreeSet<String>,
}

impl Said {
    fn of(turns: &[&Turn]) -> Self {
        let mut said = Self::default();
        for turn in turns {
            said.words.extend(words::lower(&turn.text));
            said.stems.extend(words::stems(&turn.text));
            let day = words::day(turn.created_at);
            said.add_date(day, day);
            for mention in &turn.dates {
                said.add_date(mention.from, mention.to);
            }
        }
        let spoken = said.words.iter().filter_map(|word| words::number(word));
        said.numbers = spoken.collect();
        let years = said.dates.iter().filter_map(|word| words::number(word));
        said.numbers.extend(years);
        for date in said.dates.iter().chain(&said.days) {
            said.stems.extend(words::stems(date));
        }
        said
    }

    fn add_date(&mut self, from: Date, to: Date) {
        words::add_date(&mut self.dates, from, to);
        words::add_day_numbers(&mut self.days, from, to);
    }

    fn has(&self, word: &str) -> bool {
        let small = word.to_lowercase();
        let stem = words::stems(word);
        self.words.contains(&small)
            || self.dates.contains(&small)
            || (!stem.is_empty() && stem.is_subset(&self.stems))
    }

    /// Whether a number was said, or belongs to a date that was meant.
    fn has_number(&self, number: &str, beside: &[Token<'_>]) -> bool {
        let of_date = || {
            let mut near = beside.iter().map(|token| token.word.to_lowercase());
            self.days.contains(number) && near.any(|word| self.dates.contains(&word))
        };
        self.numbers.contains(number) || of_date()
    }
}

/// Words that begin a summary or a reflection without being names.
const STARTERS: [&str; 13] = [
    "nova",
    "person",
    "user",
    "conversation",
    "later",
    "finally",
    "together",
    "also",
    "next",
    "today",
    "overall",
    "however",
    "talked",
];

fn names_and_numbers(text: &str, said: &Said, shown: &[Turn]) -> Result<(), Refusal> {
    let tokens = words::tokens(text);
    for (at, token) in tokens.iter().enumerate() {
        if let Some(number) = words::number(token.word) {
            let beside = &tokens[at.saturating_sub(2)..tokens.len().min(at + 3)];
            if !said.has_number(&number, beside) {
                return Err(Refusal::Number);
            }
        } else if is_name(*token, said, shown) && !said.has(token.word) {
            return Err(Refusal::Name);
        }
    }
    Ok(())
}

/// A word with a capital letter. Where a sentence begins, it is one when it is no usual word there.
fn is_name(token: Token<'_>, said: &Said, shown: &[Turn]) -> bool {
    let word = token.word;
    let small = word.to_lowercase();
    let known = ["i", "nova"].contains(&small.as_str());
    if !word.chars().any(char::is_uppercase) || known {
        return false;
    }
    if !token.first {
        return true;
    }
    let capital_elsewhere = shown.iter().any(|turn| {
        let mut words = words::tokens(&turn.text).into_iter();
        words.any(|other| !other.first && other.word == word)
    });
    let usual = words::stems(word).is_empty() || STARTERS.contains(&small.as_str());
    capital_elsewhere || !(usual || said.has(word))
}

/// Words that a model puts around what was said, and that say nothing of their own.
const AROUND: &str = "called named enjoy currently recently work job person nova talked said conversation told \
asked mentioned discussed";

fn support(kind: Kind, text: &str, said: &Said) -> Result<(), Refusal> {
    let least = match kind {
        Kind::Fact => SUPPORT_OF_FACTS,
        Kind::Reflection => SUPPORT_OF_ADVICE,
        _ => SUPPORT,
    };
    let mut around = words::stems(AROUND);
    if kind == Kind::Reflection {
        around.extend(words::stems(&principles::in_words()));
    }
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
