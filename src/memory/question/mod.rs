//! What a question asks for, from its words alone: "what did I say about Berlin in March".
//!
//! Pure: `now` and the names of those who speak in somebody's memories are handed in. Must stay true:
//! any text is a question, at worst one of no words; at most [`WORDS`] words are looked up, and however long
//! it is, only its beginning ([`opening`]) is read.

mod forms;
mod subject;

use jiff::ToSpan;
use jiff::civil::Date;

pub use subject::About;

use subject::Names;

use crate::memory::signs::dates::{self, month_by_name};

/// Words of one question that are looked up.
pub const WORDS: usize = 64;

/// Bytes of a text that are read as a question.
const READ: usize = 4096;

/// Dates that one question may name.
const DATES: usize = 8;

/// Stems of verbs that ask for what was said or done, whatever it was about.
const SAYING: &str = "say said tell told talk mention speak spoke discuss ask answer happen know rememb \
    recal think thought go went call";

/// More words than these are a question, though none of them is a stop word.
const KEYWORDS: usize = 4;

/// Spans up to this many days are looked up by day, longer ones by month.
const SHORT: i32 = 10;

/// A word to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As the person typed it.
    pub typed: String,
    pub stem: String,
    /// Other stems that say the same: "went" for "go", "children" for "child".
    pub forms: Vec<String>,
    /// It tells what the question is about: neither when, nor that something was said or done.
    pub topic: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    pub words: Vec<Word>,
    /// Months (1 to 12) that are named, of the years that are named, or of any year.
    pub months: Vec<i8>,
    pub years: Vec<i16>,
    /// First and last day of what is named to the day or the week, or relative to now.
    pub spans: Vec<(Date, Date)>,
    pub about: Option<About>,
    /// It asks when something was or will be.
    pub when: bool,
    /// It asks for a number or a measure.
    pub how_many: bool,
    /// It is no question but a few words to be found.
    pub keywords: bool,
}

impl Question {
    /// Every stem whose postings ranking needs: per word the stem and its other forms, in this order.
    pub fn lookups(&self) -> Vec<Vec<&str>> {
        let words = self.words.iter().map(|word| {
            let forms = word.forms.iter().map(String::as_str);
            std::iter::once(word.stem.as_str()).chain(forms).collect()
        });
        words.collect()
    }

    /// First and last days in which what is asked for may have been said, for looking memories up by
    /// time. A month of no year has none: that may be any.
    pub fn days(&self) -> Vec<(Date, Date)> {
        let told = |(from, to): &(Date, Date)| {
            let from = from.checked_sub(1.days()).unwrap_or(*from);
            (from, to.checked_add(2.days()).unwrap_or(*to))
        };
        if !self.spans.is_empty() {
            return self.spans.iter().map(told).collect();
        }
        let years = self.years.iter();
        let months = years.flat_map(|year| {
            let months = self.months.iter();
            months.filter_map(|month| Date::new(*year, *month, 1).ok())
        });
        months.map(|month| (month, month.last_of_month())).collect()
    }

    pub fn names_a_date(&self) -> bool {
        !(self.months.is_empty() && self.years.is_empty() && self.spans.is_empty())
    }
}

/// The part of a text that is read as a question.
pub fn opening(text: &str) -> &str {
    &text[..text.floor_char_boundary(READ)]
}

/// Where words of a text stand, in bytes, that say the same as one of these, with which one.
pub fn hits(text: &str, words: &[String]) -> Vec<(usize, usize)> {
    let wanted: Vec<Vec<String>> = words.iter().map(|word| stems(word)).collect();
    let which = |stem: &String| wanted.iter().position(|stems| stems.contains(stem));
    let places = storage::places(text).into_iter();
    places
        .filter_map(|(at, stem)| Some((at, which(&stem)?)))
        .collect()
}

/// The stems by which a word that somebody typed is found.
fn stems(typed: &str) -> Vec<String> {
    let own = storage::analyse(typed);
    let forms: Vec<String> = own.iter().flat_map(|stem| forms::of(stem)).collect();
    own.into_iter().chain(forms).collect()
}

/// `names` are those of the named speakers in the asker's memories.
pub fn parse(text: &str, today: Date, names: &[String]) -> Question {
    let text = opening(text);
    let names = Names::of(names);
    let lower = lower(text);
    let about = subject::find(&lower, &names);
    let mut question = Question {
        words: words(text, about.as_ref(), &names),
        about,
        when: asks_when(&lower),
        how_many: asks_how_many(&lower),
        ..Question::default()
    };
    name_dates(&mut question, text, today);
    question.keywords = question.about.is_none()
        && !question.names_a_date()
        && lower.len() <= KEYWORDS
        && lower.iter().all(|word| !storage::analyse(word).is_empty());
    question
}

/// Lower-case words.
fn lower(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.take(10 * WORDS).map(str::to_lowercase).collect()
}

/// Each stem once. The name of who is asked about is a sign, not a word: their own turns rarely say it.
fn words(text: &str, about: Option<&About>, names: &Names) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let typed = text.split(|c: char| !c.is_alphanumeric());
    for typed in typed.filter(|word| !word.is_empty()) {
        if words.len() == WORDS {
            break;
        }
        if about.is_some() && names.get(&typed.to_lowercase()).is_some() {
            continue;
        }
        let Some(stem) = storage::analyse(typed).pop() else {
            continue;
        };
        let known = words
            .iter()
            .any(|word| word.stem == stem || word.forms.contains(&stem));
        if !known {
            words.push(Word {
                typed: typed.to_owned(),
                forms: forms::of(&stem),
                topic: !SAYING.split_whitespace().any(|it| it == stem),
                stem,
            });
        }
    }
    words
}

fn asks_when(lower: &[String]) -> bool {
    let mut pairs = lower.iter().zip(lower.iter().skip(1));
    lower.first().is_some_and(|word| word == "when")
        || pairs.any(|(one, two)| {
            matches!(one.as_str(), "what" | "which")
                && matches!(two.as_str(), "date" | "day" | "month" | "year" | "time")
                || one == "since" && two == "when"
                || one == "how" && two == "long"
        })
}

fn asks_how_many(lower: &[String]) -> bool {
    let mut pairs = lower.iter().zip(lower.iter().skip(1));
    pairs.any(|(how, what)| {
        how == "how"
            && matches!(
                what.as_str(),
                "many" | "much" | "often" | "long" | "old" | "far"
            )
    })
}

fn name_dates(question: &mut Question, text: &str, today: Date) {
    for mention in dates::resolve(text, today).into_iter().take(DATES) {
        let named = lower(&mention.text);
        for word in &mut question.words {
            word.topic &= !named.contains(&word.typed.to_lowercase());
        }
        let month = named.iter().find_map(|word| month_by_name(word));
        let year = named
            .iter()
            .find_map(|word| word.parse::<i16>().ok().filter(|year| *year >= 1900));
        let days = dates::number(mention.to) - dates::number(mention.from);
        let relative = named
            .iter()
            .any(|word| matches!(word.as_str(), "last" | "this" | "next" | "ago"));
        if days < SHORT {
            let dated = month.is_none() || year.is_some() || question.years.is_empty();
            if dated {
                question.spans.push((mention.from, mention.to));
            }
        }
        match month {
            Some(month) if !relative => {
                question.months.push(month);
                question.years.extend(year);
            }
            _ if days < SHORT => {}
            _ if days > 300 => question.years.push(mention.from.year()),
            _ => months_between(question, mention.from, mention.to),
        }
    }
    question.months.sort_unstable();
    question.months.dedup();
    question.years.sort_unstable();
    question.years.dedup();
}

fn months_between(question: &mut Question, from: Date, to: Date) {
    let mut month = from.first_of_month();
    while month <= to {
        question.months.push(month.month());
        if !question.years.contains(&month.year()) {
            question.years.push(month.year());
        }
        match month.checked_add(1.months()) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn today() -> Date {
        Date::constant(2026, 6, 10)
    }

    fn ask(text: &str) -> Question {
        parse(text, today(), &["Ana".to_owned(), "Ben".to_owned()])
    }

    fn stems(text: &str) -> Vec<String> {
        ask(text).words.into_iter().map(|word| word.stem).collect()
    }

    /// The example people are given.
    #[test]
    fn what_did_i_say_about_berlin_in_march() {
        let question = ask("what did I say about Berlin in March");
        assert_eq!(question.months, [3]);
        assert!(question.years.is_empty());
        assert_eq!(question.about, Some(About::me(true)));
        assert!(question.words.iter().any(|word| word.stem == "berlin"));
    }

    /// Dates by day, by week, by month and by year, said and relative.
    #[test]
    fn dates_are_understood() {
        let day = |month, day| Date::constant(2026, month, day);
        assert_eq!(
            ask("what happened yesterday?").spans,
            [(day(6, 9), day(6, 9))]
        );
        assert_eq!(
            ask("what did we do last week?").spans,
            [(day(6, 1), day(6, 7))]
        );
        assert_eq!(ask("and last month?").months, [5]);
        assert_eq!(ask("and last month?").years, [2026]);
        assert_eq!(ask("what did I buy in July 2024?").months, [7]);
        assert_eq!(ask("what did I buy in July 2024?").years, [2024]);
        assert_eq!(ask("who came last year?").years, [2025]);
        let exact = ask("where was I on 3 May 2025?");
        assert_eq!(
            exact.spans,
            [(Date::constant(2025, 5, 3), Date::constant(2025, 5, 3))]
        );
        assert!(!ask("what may I eat?").names_a_date());
    }

    /// A number or a time is asked for, or neither.
    #[test]
    fn what_kind_of_answer_is_wanted() {
        assert!(ask("When did I move?").when);
        assert!(ask("What year was that?").when);
        assert!(!ask("What did I eat when I was there?").when);
        assert!(ask("How many cats does she have?").how_many);
        assert!(!ask("How is she?").how_many);
    }

    /// What a question is about is neither its date nor that something was said.
    #[test]
    fn a_topic_is_no_date() {
        let topic = |text: &str| -> Vec<String> {
            let words = ask(text).words.into_iter();
            words.filter(|word| word.topic).map(|it| it.typed).collect()
        };
        assert_eq!(
            topic("What did I say about the garden in June?"),
            ["garden"]
        );
        assert_eq!(topic("What happened last Friday?"), Vec::<String>::new());
    }

    /// A few words without any that only questions have are looked for, not asked.
    #[test]
    fn keywords_are_no_question() {
        assert!(ask("river walks").keywords && ask("Ljubljana").keywords);
        assert!(!ask("where does Clara live").keywords && !ask("tea in March").keywords);
        assert!(!ask("").names_a_date());
    }

    /// Irregular forms are looked up with their word, once.
    #[test]
    fn forms_go_with_their_word() {
        let question = ask("Where did I go and who went?");
        assert_eq!(question.words.len(), 1);
        assert_eq!(question.lookups()[0][0], "go");
        assert!(question.words[0].forms.contains(&"went".to_owned()));
    }

    /// The subject's name is no word to look up; another name is.
    #[test]
    fn a_speakers_name_is_no_word() {
        assert_eq!(stems("What did Ana paint?"), ["paint"]);
        assert_eq!(stems("What did Clara paint?"), ["clara", "paint"]);
    }

    /// The same word in other forms is looked up once, and there is a limit.
    #[test]
    fn long_questions_are_cut() {
        assert_eq!(stems("Hiking hikes hiked"), ["hike"]);
        let long: String = (0..500)
            .map(|n| format!("w{n}x"))
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(ask(&long).words.len(), WORDS);
    }

    proptest! {
        /// Whatever is typed is a question.
        #[test]
        fn anything_is_a_question(text in "\\PC{0,200}") {
            prop_assert!(ask(&text).words.len() <= WORDS);
        }
    }
}
