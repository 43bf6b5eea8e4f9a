//! One person's memories in hash maps instead of tables, for tests and measurements of the ranker.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::postings::ordinal;
use super::{
    DATED_CANDIDATES, Postings, Ranking, Scored, Statistics, Weights, candidates, rank, rank_by,
};
use crate::memory::importance::Moments;
use crate::memory::question::{self, Question};
use crate::memory::signs::{self, Said, Signs, Voice, dates};
use storage::Posting;

/// One person's memories as the tables hold them.
#[derive(Default)]
pub struct World {
    pub lists: HashMap<String, Vec<Posting>>,
    pub signs: BTreeMap<u64, Signs>,
    pub groups: HashMap<u32, u64>,
    pub statistics: Statistics,
    moments: Moments,
    names: Vec<String>,
    last: Option<u64>,
    pub texts: BTreeMap<u64, String>,
}

impl World {
    pub fn add(&mut self, place: u64, text: &str, at: Timestamp, voice: Voice) {
        if let Voice::Named(name) = &voice
            && !self.names.contains(name)
        {
            self.names.push(name.clone());
        }
        let previous = self.last.filter(|last| ordinal(*last) == ordinal(place));
        let mut reading = signs::read(&Said {
            id: Uuid::from_u128(u128::from(place)),
            text,
            at,
            zone: TimeZone::UTC,
            voice,
            previous: previous.and_then(|last| self.signs.get(&last)),
        });
        let known = |stem: &String| self.lists.get(stem).map_or(0, Vec::len);
        let counts: Vec<u32> = reading
            .stems
            .iter()
            .map(|s| u32::try_from(known(s)).unwrap())
            .collect();
        let features = reading
            .features
            .with_counts(&counts, self.statistics.documents);
        self.moments.learn(&features);
        reading.signs.importance = self.moments.score(&features);

        let stems = storage::analyse(text);
        let length = u32::try_from(stems.len()).unwrap();
        for stem in &reading.stems {
            let frequency = stems.iter().filter(|it| *it == stem).count();
            self.lists.entry(stem.clone()).or_default().push(Posting {
                place,
                frequency: u32::try_from(frequency).unwrap(),
                length,
            });
        }
        self.statistics.documents += 1;
        self.statistics.length += u64::from(length);
        *self.groups.entry(ordinal(place)).or_default() += u64::from(length);
        self.statistics.groups = u64::try_from(self.groups.len()).unwrap();
        self.signs.insert(place, reading.signs);
        self.texts.insert(place, text.to_owned());
        self.last = Some(place);
    }

    pub fn today(&self) -> Date {
        let last = self.signs.values().map(|signs| signs.at).max().unwrap();
        Timestamp::from_second(last)
            .unwrap()
            .to_zoned(TimeZone::UTC)
            .date()
    }

    pub fn question(&self, text: &str) -> Question {
        question::parse(text, self.today(), &self.names)
    }

    /// What a caller does with the tables.
    pub fn ask(
        &self,
        text: &str,
        cosines: Option<&HashMap<u64, f32>>,
        weights: Option<&Weights>,
    ) -> (Vec<Scored>, BTreeMap<u64, Signs>) {
        let question = self.question(text);
        let list = |stem: &str| self.lists.get(stem).cloned().unwrap_or_default();
        let lookups = question.lookups().into_iter();
        let lists = lookups
            .map(|forms| forms.into_iter().map(list).collect())
            .collect();
        let postings = Postings::new(lists, self.statistics);
        let mut nearest: Vec<(u64, f32)> = cosines
            .into_iter()
            .flatten()
            .map(|(p, c)| (*p, *c))
            .collect();
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        let spans = question.days();
        let dated = self.signs.iter().rev().filter(|(_, signs)| {
            let day = dates::number(
                Timestamp::from_second(signs.at)
                    .unwrap()
                    .to_zoned(TimeZone::UTC)
                    .date(),
            );
            spans
                .iter()
                .any(|(from, to)| (dates::number(*from)..=dates::number(*to)).contains(&day))
        });
        let dated: Vec<u64> = dated
            .map(|(place, _)| *place)
            .take(DATED_CANDIDATES)
            .collect();
        let places = candidates(&postings, &nearest, &dated);
        let signs: BTreeMap<u64, Signs> = places
            .into_iter()
            .filter_map(|place| Some((place, self.signs.get(&place)?.clone())))
            .collect();
        let ranking = Ranking {
            question: &question,
            postings: &postings,
            signs: &signs,
            groups: &self.groups,
            cosines,
            today: self.today(),
            zone: &TimeZone::UTC,
        };
        let scored = match weights {
            Some(weights) => rank_by(&ranking, weights),
            None => rank(&ranking),
        };
        (scored, signs)
    }
}
