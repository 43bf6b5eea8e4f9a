//! What ranking needs, read for one question: postings of the text index, the nearest vectors, signs of the
//! candidates.
//!
//! Must stay true: everything is read under its owner, the rows in one transaction, so that what was
//! forgotten before it began cannot be found; a few hundred rows are read, however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use storage::{Posting, Read};
use uuid::Uuid;

use super::embed::{self, QueryVector};
use super::filter::Filter;
use super::place::group_of;
use super::question::{self, About, Question};
use super::ranking::{self, DATED_CANDIDATES, Postings, Ranking, Scored, Statistics};
use super::recall::{Recalled, ScorePart, Understood};
use super::signs::Signs;
use super::{figures, store};
use crate::app::App;
use crate::error::Result;

/// A month named without a year is looked up in so many years.
const YEARS: i16 = 5;
/// So many of the nearest pieces are looked for: some are of one memory, or of the conversation that runs.
const NEAREST: usize = 260;
/// Where few are wanted, so many of the best are looked through for them.
const LOOKED_THROUGH: usize = 2000;
/// And so many of those that are wanted are ranked, beside the best of all.
const FOUND: usize = 200;
/// So many of a named date are looked through for those of one conversation.
const DATED: usize = 2000;

/// What somebody asks, and where.
pub struct Asked<'a> {
    pub query: &'a str,
    /// Whoever asks leaves the others out; these are looked for further than the best of all.
    pub wanted: &'a Filter,
    /// What it means; none where words alone are searched.
    pub meaning: Option<&'a QueryVector>,
}

/// A question's candidates in their order.
pub struct Gathered {
    pub question: Question,
    pub order: Vec<Scored>,
    pub signs: BTreeMap<u64, Signs>,
    /// Whether meaning was searched.
    pub meaning: bool,
    today: Date,
}

pub fn gather(app: &App, tx: &impl Read, user: Uuid, asked: &Asked<'_>) -> Result<Gathered> {
    let today = app.clock.now().to_zoned(TimeZone::UTC).date();
    let all = figures::statistics(tx, user)?;
    let names = figures::names_in(tx, (user, &all), asked.query)?;
    let question = question::parse(asked.query, today, &names);
    let groups = Groups::of(tx, user, asked)?;

    let statistics = Statistics {
        documents: all.memories,
        length: all.length,
        groups: all.groups,
    };
    let lists = lists(app, user, &question, &groups)?;
    let postings = Postings::new(lists, statistics);
    let dated = dated(tx, user, (&question, today), &groups)?;
    let near = near(app, tx, user, (asked, &groups))?;
    let places = ranking::candidates(&postings, &near, &dated);

    let mut signs = BTreeMap::new();
    for place in places.into_iter().filter(|place| groups.admit(*place)) {
        signs.extend(figures::signs(tx, user, place)?.map(|found| (place, found)));
    }
    if asked.wanted.narrows() {
        let best = postings.best_own(LOOKED_THROUGH).into_iter();
        let further = best.chain(near.iter().map(|(place, _)| *place));
        let further = further.filter(|place| groups.admit(*place));
        look_further(tx, user, (asked.wanted, further), &mut signs)?;
    }
    let lengths = lengths(tx, user, &signs)?;
    let cosines = match asked.meaning {
        Some(query) => embed::cosines(app, tx, user, query, (&near, signs.keys()))?,
        None => HashMap::new(),
    };
    let meaning = !cosines.is_empty();
    let order = ranking::rank(&Ranking {
        question: &question,
        postings: &postings,
        signs: &signs,
        groups: &lengths,
        cosines: meaning.then_some(&cosines),
        today,
        zone: &TimeZone::UTC,
    });
    Ok(Gathered {
        question,
        order,
        signs,
        meaning,
        today,
    })
}

/// Adds places of what is wanted, the best first.
fn look_further(
    tx: &impl Read,
    user: Uuid,
    (wanted, places): (&Filter, impl Iterator<Item = u64>),
    signs: &mut BTreeMap<u64, Signs>,
) -> Result<()> {
    let mut found = 0;
    for place in places {
        if found == FOUND {
            break;
        }
        if signs.contains_key(&place) {
            continue;
        }
        let own = figures::signs(tx, user, place)?;
        let Some(own) = own.filter(|signs| wanted.may_admit(signs)) else {
            continue;
        };
        let tagged = match &wanted.tag {
            Some(tag) => store::memory(tx, user, own.id)?.is_some_and(|it| it.tags.contains(tag)),
            None => true,
        };
        if tagged {
            signs.insert(place, own);
            found += 1;
        }
    }
    Ok(())
}

/// How long the groups of these places are.
fn lengths(tx: &impl Read, user: Uuid, signs: &BTreeMap<u64, Signs>) -> Result<HashMap<u32, u64>> {
    let ordinals: BTreeSet<u32> = signs.keys().map(|place| group_of(*place)).collect();
    let mut lengths = HashMap::new();
    for ordinal in ordinals {
        let group = figures::group(tx, user, ordinal)?;
        lengths.insert(ordinal, group.map_or(0, |group| group.length));
    }
    Ok(lengths)
}

/// Places near to what the question means.
fn near(
    app: &App,
    tx: &impl Read,
    user: Uuid,
    (asked, groups): (&Asked<'_>, &Groups),
) -> Result<Vec<(u64, f32)>> {
    let Some(query) = asked.meaning.filter(|_| !groups.none) else {
        return Ok(Vec::new());
    };
    let few = asked.wanted.narrows();
    let most = (groups.only, if few { LOOKED_THROUGH } else { NEAREST });
    let mut near = embed::near(app, tx, user, query, most)?;
    near.retain(|(place, _)| groups.admit(*place));
    Ok(near)
}

/// Which groups may answer.
struct Groups {
    only: Option<u32>,
    /// Those of a conversation of which nothing is remembered.
    none: bool,
}

impl Groups {
    fn of(tx: &impl Read, user: Uuid, asked: &Asked<'_>) -> Result<Self> {
        let ordinal = |session| figures::group_of_session(tx, user, session);
        let session = asked.wanted.session;
        let only = session.map(ordinal).transpose()?.flatten();
        Ok(Self {
            only,
            none: session.is_some() && only.is_none(),
        })
    }

    fn admit(&self, place: u64) -> bool {
        let group = Some(group_of(place));
        !self.none && (self.only.is_none() || self.only == group)
    }

    fn open(&self) -> bool {
        !self.none && self.only.is_none()
    }
}

/// Per word of the question the lists of its forms.
fn lists(
    app: &App,
    user: Uuid,
    question: &Question,
    groups: &Groups,
) -> Result<Vec<Vec<Vec<Posting>>>> {
    let lookups = question.lookups();
    let stems: Vec<&str> = lookups.iter().flatten().copied().collect();
    let mut found = app.text.postings_of(user, &stems)?.into_iter();
    let lists = lookups.iter().map(|forms| {
        let lists = found.by_ref().take(forms.len()).map(|mut list| {
            if !groups.open() {
                list.retain(|posting| groups.admit(posting.place));
            }
            list
        });
        lists.collect()
    });
    Ok(lists.collect())
}

/// Places of what was said in the days that the question names, the newest.
fn dated(
    tx: &impl Read,
    user: Uuid,
    (question, today): (&Question, Date),
    groups: &Groups,
) -> Result<Vec<u64>> {
    let (mut places, mut left) = (Vec::new(), DATED);
    if groups.open() {
        left = DATED_CANDIDATES;
    }
    for (from, to) in spans(question, today) {
        let moment = |day: Date| {
            let begin = day.to_zoned(TimeZone::UTC);
            begin.map_or(Timestamp::UNIX_EPOCH, |begin| begin.timestamp())
        };
        let end = to.checked_add(1.day()).unwrap_or(to);
        let ids = store::newest_between(tx, user, (moment(from), moment(end)), left)?;
        left -= ids.len();
        for id in ids {
            let place = store::memory(tx, user, id)?.map(|memory| memory.place);
            places.extend(place.filter(|place| groups.admit(*place)));
            if places.len() == DATED_CANDIDATES {
                return Ok(places);
            }
        }
    }
    Ok(places)
}

/// The days in which what is asked for may have been said, as spans, the newest first. A month without a
/// year may be any of the last ones.
fn spans(question: &Question, today: Date) -> Vec<(Date, Date)> {
    let mut spans: BTreeSet<(Date, Date)> = question.days().into_iter().collect();
    if question.years.is_empty() {
        for back in 0..YEARS {
            let months = question.months.iter();
            let firsts = months.filter_map(|month| Date::new(today.year() - back, *month, 1).ok());
            spans.extend(firsts.map(|first| (first, first.last_of_month())));
        }
    } else if spans.is_empty() {
        let firsts = question
            .years
            .iter()
            .filter_map(|year| Date::new(*year, 1, 1).ok());
        spans.extend(firsts.map(|first| (first, first.last_of_year())));
    }
    spans.into_iter().rev().collect()
}

impl Gathered {
    /// A candidate with its text; none when storage does not have it under this owner.
    pub fn recalled(
        &self,
        tx: &impl Read,
        user: Uuid,
        scored: &Scored,
    ) -> Result<Option<Recalled>> {
        let Some(signs) = self.signs.get(&scored.place) else {
            return Ok(None);
        };
        let id = signs.id;
        let Some(memory) = store::memory(tx, user, id)? else {
            return Ok(None);
        };
        let words = &self.question.words;
        let matched = scored.matched.iter().filter_map(|word| words.get(*word));
        let parts = scored.parts.iter().map(|(part, value)| ScorePart {
            name: part.name().to_owned(),
            value: *value,
        });
        #[expect(clippy::cast_possible_truncation, reason = "shown, not computed with")]
        let score = scored.score as f32;
        Ok(Some(Recalled {
            id,
            memory,
            score,
            parts: parts.collect(),
            matched: matched.map(|word| word.typed.clone()).collect(),
        }))
    }

    /// How the question was read.
    pub fn understood(&self) -> Understood {
        let mut spans = match self.question.spans.clone() {
            named if !named.is_empty() => named,
            _ => spans(&self.question, self.today),
        };
        if self.question.years.is_empty() && !self.question.months.is_empty() {
            // Any March may answer; the last one is what people mean.
            spans.retain(|(from, _)| *from <= self.today);
            spans.truncate(1);
        }
        let named = self.question.names_a_date();
        let about = self.question.about.as_ref();
        Understood {
            from: spans.iter().map(|(from, _)| *from).min().filter(|_| named),
            to: spans.iter().map(|(_, to)| *to).max().filter(|_| named),
            speaker: about.map(|About { voice, .. }| voice.name().to_owned()),
            words: self
                .question
                .words
                .iter()
                .map(|w| w.typed.clone())
                .collect(),
        }
    }
}
