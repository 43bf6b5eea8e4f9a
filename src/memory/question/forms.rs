//! Words that the stemmer does not know to be the same: irregular verbs and nouns, and a few everyday
//! pairs. Worth 1 point of R@10 without an embedder on the dev half, and little with one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A line, the forms of one word.
const FORMS: &str = "\
go went gone
buy bought
make made
take took taken
get got gotten
give gave given
see saw seen
write wrote written
win won
lose lost
find found
meet met
come came
leave left
begin began begun
teach taught
think thought
bring brought
catch caught
build built
feel felt
keep kept
know knew known
run ran
speak spoke spoken
tell told
say said
sell sold
send sent
spend spent
sing sang sung
swim swam swum
break broke broken
choose chose chosen
draw drew drawn
drive drove driven
eat ate eaten
fall fell fallen
fly flew flown
forget forgot forgotten
grow grew grown
hear heard
hold held
pay paid
ride rode ridden
sleep slept
steal stole stolen
stand stood
throw threw thrown
understand understood
wear wore worn
wake woke woken
become became
fight fought
hang hung
hide hid hidden
lead led
lend lent
mean meant
seek sought
shake shook shaken
shoot shot
sit sat
child children kid
man men
woman women
person people
foot feet
tooth teeth
mouse mice
life lives
wife wives
knife knives
mom mother mum
dad father
grandma grandmother
grandpa grandfather
movie film
picture photo photograph
holiday vacation trip travel
bike bicycle
tv television
family fam
marry married wedding";

static BY_STEM: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut by_stem: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in FORMS.lines() {
        let mut stems: Vec<String> = Vec::new();
        for stem in line.split(' ').flat_map(storage::analyse) {
            if !stems.contains(&stem) {
                stems.push(stem);
            }
        }
        for stem in &stems {
            let others = stems.iter().filter(|other| *other != stem).cloned();
            by_stem.entry(stem.clone()).or_default().extend(others);
        }
    }
    by_stem
});

/// The other stems of the same word.
pub fn of(stem: &str) -> Vec<String> {
    BY_STEM.get(stem).cloned().unwrap_or_default()
}
