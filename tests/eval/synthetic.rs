//! Lives that were never lived: conversations with questions whose answers are known, from a seed.
//!
//! Facts, dated events, small talk, corrections, and questions about what was never said. Must stay
//! true: the same seed gives the same lives for ever (bounds in tests depend on it), and no word comes
//! from a data set. Nothing of the product is used here.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Person,
    Nova,
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub session: u32,
    /// Seconds since 1970.
    pub at: i64,
    pub who: Who,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Fact,
    Event,
    /// What was said was taken back later.
    Corrected,
    /// Nothing that was ever said answers it.
    NeverSaid,
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub sort: Sort,
    pub text: String,
    /// Numbers of the turns that answer it.
    pub evidence: Vec<usize>,
    /// The turn that is no longer true.
    pub outdated: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub struct Life {
    pub turns: Vec<Turn>,
    pub asks: Vec<Ask>,
}

/// Steele, Lea and Flood's splitmix64: small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// The list in another order.
    fn shuffled<T: Copy>(&mut self, list: &[T]) -> Vec<T> {
        let mut list = list.to_vec();
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
        list
    }
}

const PEOPLE: &[&str] = &[
    "sister",
    "brother",
    "mother",
    "father",
    "aunt",
    "uncle",
    "neighbour",
    "boss",
    "cousin",
    "grandmother",
    "roommate",
    "dentist",
    "landlord",
    "godson",
    "niece",
    "nephew",
];
const CITIES: &[&str] = &[
    "Lisbon", "Porto", "Hamburg", "Oslo", "Krakow", "Dublin", "Vienna", "Genoa", "Malmo", "Leeds",
    "Toronto", "Denver", "Osaka", "Nairobi", "Lima", "Perth", "Seville", "Turku", "Ghent", "Basel",
];
const JOBS: &[&str] = &[
    "carpenter",
    "nurse",
    "pilot",
    "baker",
    "lawyer",
    "welder",
    "florist",
    "plumber",
    "translator",
    "chemist",
    "tailor",
    "beekeeper",
    "librarian",
    "surveyor",
    "paramedic",
    "brewer",
    "optician",
];
const THINGS: &[&str] = &[
    "colour",
    "soup",
    "season",
    "tea",
    "card game",
    "poet",
    "bakery",
    "radio station",
    "flower",
    "mountain",
    "bridge",
    "cheese",
    "instrument",
    "board game",
    "painter",
    "park",
];
const CHOICES: &[&str] = &[
    "green",
    "lentil",
    "autumn",
    "jasmine",
    "bridge",
    "Rilke",
    "Miller's",
    "Kosmos",
    "dahlia",
    "Olperer",
    "ironwork",
    "gouda",
    "cello",
    "Azul",
    "Vermeer",
    "Greenwich",
    "crimson",
    "barley",
    "oolong",
    "canasta",
    "peony",
    "oboe",
    "brie",
    "turquoise",
    "pumpkin",
    "rooibos",
    "Monet",
];
const EVENTS: &[(&str, &str)] = &[
    ("visited the aquarium", "visit the aquarium"),
    ("repaired the old gramophone", "repair the gramophone"),
    ("planted three apple trees", "plant the apple trees"),
    ("ran the harbour marathon", "run the harbour marathon"),
    ("adopted a tortoise", "adopt the tortoise"),
    ("bought a second-hand canoe", "buy the canoe"),
    ("saw the meteor shower", "see the meteor shower"),
    ("painted the kitchen ceiling", "paint the kitchen ceiling"),
    ("took the pottery course", "take the pottery course"),
    ("baked a wedding cake", "bake the wedding cake"),
    ("lost my passport at the ferry", "lose my passport"),
    ("won the chess tournament", "win the chess tournament"),
    ("sold the motorcycle", "sell the motorcycle"),
    ("broke my left wrist", "break my wrist"),
    ("found a fossil on the beach", "find the fossil"),
];
const WHENS: &[&str] = &[
    "yesterday",
    "last weekend",
    "two days ago",
    "last Friday",
    "this morning",
];
const SMALL: &[(&str, &str)] = &[
    (
        "Good morning! How are you?",
        "Good morning! I'm well. What is on your mind?",
    ),
    (
        "I'm a bit tired today.",
        "That sounds like a long week. Do you want to talk about it?",
    ),
    (
        "Tell me something nice.",
        "Otters hold hands while they sleep.",
    ),
    ("The weather is awful.", "A good day for staying in, then."),
    ("Thanks, that helps.", "You're welcome!"),
    (
        "What should I cook tonight?",
        "How about something simple with rice?",
    ),
    (
        "Can you explain how tides work?",
        "The moon pulls on the sea, and the earth turns beneath.",
    ),
    ("I can't sleep.", "Would a short story help?"),
    ("What's a synonym for quick?", "Swift, rapid, brisk."),
    (
        "How do I sharpen a knife?",
        "Hold it at a shallow angle on a whetstone.",
    ),
    ("What is 17 times 23?", "391."),
    ("I have to go now.", "See you soon!"),
];
const REPLIES: &[&str] = &[
    "That's good to know.",
    "Oh, really? Tell me more.",
    "I'll keep that in mind.",
    "How nice!",
    "I see. How do you feel about it?",
    "Interesting!",
    "Thank you for telling me.",
];

const START: i64 = 1_735_720_200;
const DAY: i64 = 86_400;

/// `count` lives of about `turns` turns each.
pub fn lives(seed: u64, count: u64, turns: usize) -> Vec<Life> {
    let mut lives = Vec::new();
    for number in 0..count {
        lives.push(life(&mut Chance(seed.wrapping_add(number << 32)), turns));
    }
    lives
}

/// What will be told, in order, before it is put among small talk.
enum Told {
    Plain(String, Sort, String),
    /// Said first, said later, asked.
    Changed(String, String, String),
    Event(String, String),
}

fn life(chance: &mut Chance, turns: usize) -> Life {
    let mut told = plan(chance);
    let mut life = Life::default();
    let sessions = turns / 10;
    let per_session = told.len().div_ceil(sessions / 2);
    let mut later: Vec<(String, usize)> = Vec::new();
    for session in 0..sessions {
        let at = START + i64::try_from(session).unwrap() * 9 * DAY;
        let mut talk = Talk {
            life: &mut life,
            session: u32::try_from(session).unwrap(),
            at,
        };
        for _ in 0..per_session {
            if let Some(next) = told.pop() {
                talk.tell(chance, next, &mut later);
            }
        }
        if session >= sessions / 2 {
            for (text, ask) in later.split_off(later.len().saturating_sub(per_session)) {
                let turn = talk.exchange(chance, text);
                talk.life.asks[ask].evidence.push(turn);
            }
        }
        while talk.life.turns.len() < (session + 1) * 10 {
            let (said, answered) = chance.of(SMALL);
            talk.say(Who::Person, said.to_owned());
            talk.say(Who::Nova, answered.to_owned());
        }
    }
    never_said(chance, &mut life);
    life
}

fn plan(chance: &mut Chance) -> Vec<Told> {
    let mut told = Vec::new();
    let people = chance.shuffled(PEOPLE);
    let cities = chance.shuffled(CITIES);
    let jobs = chance.shuffled(JOBS);
    for (n, person) in people.iter().take(6).enumerate() {
        let (old, new) = (cities[n], cities[n + 6]);
        let changed = match n % 4 {
            0 => format!("My {person} moved to {new}."),
            1 => format!("Actually, my {person} lives in {new} now."),
            2 => format!("My {person} no longer lives in {old}, it's {new} now."),
            _ => format!("My {person} lives in {new}, not {old}."),
        };
        let first = format!("My {person} lives in {old}.");
        told.push(Told::Changed(
            first,
            changed,
            format!("Where does my {person} live?"),
        ));
    }
    for (n, person) in people.iter().skip(6).take(8).enumerate() {
        let job = jobs[n];
        let text = format!("My {person} works as a {job} and likes it.");
        told.push(Told::Plain(
            text,
            Sort::Fact,
            format!("What is my {person}'s job, what work?"),
        ));
    }
    let choices = chance.shuffled(CHOICES);
    for (n, thing) in chance.shuffled(THINGS).iter().take(10).enumerate() {
        let (one, two) = (choices[n], choices[n + 10]);
        let asked = format!("What is my favourite {thing}?");
        if n < 4 {
            let first = format!("My favourite {thing} is {one}.");
            let changed = format!("I changed my mind, my favourite {thing} is {two}.");
            told.push(Told::Changed(first, changed, asked));
        } else {
            let text = format!("My favourite {thing} is {one}.");
            told.push(Told::Plain(text, Sort::Fact, asked));
        }
    }
    for (did, do_it) in chance.shuffled(EVENTS).into_iter().take(12) {
        let when = chance.of(WHENS);
        told.push(Told::Event(
            format!("I {did} {when}."),
            format!("When did I {do_it}?"),
        ));
    }
    told
}

/// One session that is being written.
struct Talk<'l> {
    life: &'l mut Life,
    session: u32,
    at: i64,
}

impl Talk<'_> {
    fn say(&mut self, who: Who, text: String) -> usize {
        self.at += 40;
        self.life.turns.push(Turn {
            session: self.session,
            at: self.at,
            who,
            text,
        });
        self.life.turns.len() - 1
    }

    fn exchange(&mut self, chance: &mut Chance, text: String) -> usize {
        let turn = self.say(Who::Person, text);
        let reply = chance.of(REPLIES);
        self.say(Who::Nova, reply.to_owned());
        turn
    }

    fn tell(&mut self, chance: &mut Chance, told: Told, later: &mut Vec<(String, usize)>) {
        let (text, sort, asked, newer) = match told {
            Told::Plain(text, sort, asked) => (text, sort, asked, None),
            Told::Event(text, asked) => (text, Sort::Event, asked, None),
            Told::Changed(text, new, asked) => (text, Sort::Corrected, asked, Some(new)),
        };
        let turn = self.exchange(chance, text);
        let changed = newer.is_some();
        if let Some(newer) = newer {
            later.push((newer, self.life.asks.len()));
        }
        self.life.asks.push(Ask {
            sort,
            text: asked,
            evidence: if changed { Vec::new() } else { vec![turn] },
            outdated: changed.then_some(turn),
        });
    }
}

fn never_said(chance: &mut Chance, life: &mut Life) {
    for thing in [
        "submarine",
        "harpsichord",
        "glacier",
        "passphrase",
        "volcano",
    ] {
        let person = chance.of(&["colonel", "stepson", "astronomer", "fencing teacher"]);
        life.asks.push(Ask {
            sort: Sort::NeverSaid,
            text: format!("What did the {person} think of the {thing}?"),
            evidence: Vec::new(),
            outdated: None,
        });
    }
}
