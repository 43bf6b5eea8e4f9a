//! What is told and asked: conversations of a `LoCoMo` file, or lives that were never lived.
//!
//! Must stay true: turns are in the order of time; a question's evidence are numbers of turns.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::synthetic::{self, Life, Sort, Who};

pub struct Turn {
    pub session: String,
    pub speaker: String,
    pub at: Timestamp,
    pub text: String,
}

pub struct Asked {
    pub text: String,
    /// An index into the kinds.
    pub kind: usize,
    pub evidence: Vec<usize>,
    /// What must stand below the evidence.
    pub outdated: Option<usize>,
}

pub struct Talk {
    pub turns: Vec<Turn>,
    pub asked: Vec<Asked>,
    /// Questions to which nothing that was said is an answer.
    pub unanswerable: Vec<String>,
}

pub struct Talks {
    pub kinds: [&'static str; 4],
    pub talks: Vec<Talk>,
}

const SEED: u64 = 6;

/// So many people of about so many turns, the same ones always.
pub fn synthetic(people: u64, turns: usize) -> Talks {
    let lives = synthetic::lives(SEED, people, turns);
    Talks {
        kinds: ["fact", "event", "corrected", ""],
        talks: lives.into_iter().map(life).collect(),
    }
}

fn life(life: Life) -> Talk {
    let turns = life.turns.into_iter().map(|turn| Turn {
        session: format!("talk {}", turn.session),
        speaker: match turn.who {
            Who::Person => "user".to_owned(),
            Who::Nova => "assistant".to_owned(),
        },
        at: Timestamp::from_second(turn.at).unwrap(),
        text: turn.text,
    });
    let (mut asked, mut unanswerable) = (Vec::new(), Vec::new());
    for ask in life.asks {
        let kind = match ask.sort {
            Sort::Fact => 0,
            Sort::Event => 1,
            Sort::Corrected => 2,
            Sort::NeverSaid => {
                unanswerable.push(ask.text);
                continue;
            }
        };
        asked.push(Asked {
            text: ask.text,
            kind,
            evidence: ask.evidence,
            outdated: ask.outdated,
        });
    }
    Talk {
        turns: turns.collect(),
        asked,
        unanswerable,
    }
}

/// Questions of categories 1 to 4 that name evidence which is there.
pub fn locomo(path: &str) -> Talks {
    let data: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Talks {
        kinds: ["multi-hop", "temporal", "open", "single"],
        talks: data.as_array().unwrap().iter().map(conversation).collect(),
    }
}

fn conversation(sample: &Value) -> Talk {
    let talk = &sample["conversation"];
    let (mut turns, mut ids) = (Vec::new(), Vec::new());
    for session in 1..100 {
        let Some(said) = talk[format!("session_{session}")].as_array() else {
            continue;
        };
        let when = said_at(&talk[format!("session_{session}_date_time")]);
        for (turn, seconds) in said.iter().zip((0..).step_by(5)) {
            let mut text = turn["text"].as_str().unwrap().to_owned();
            if let Some(caption) = turn["blip_caption"].as_str() {
                text = format!("{text} [shares a photo of {caption}]");
            }
            ids.push(turn["dia_id"].as_str().unwrap());
            turns.push(Turn {
                session: format!("session {session}"),
                speaker: turn["speaker"].as_str().unwrap().to_owned(),
                at: when + jiff::SignedDuration::from_secs(seconds),
                text,
            });
        }
    }
    let asked = sample["qa"].as_array().unwrap().iter();
    Talk {
        turns,
        asked: asked.filter_map(|qa| question(qa, &ids)).collect(),
        unanswerable: Vec::new(),
    }
}

fn question(qa: &Value, ids: &[&str]) -> Option<Asked> {
    let category = usize::try_from(qa["category"].as_u64().unwrap()).unwrap();
    let evidence = qa["evidence"].as_array().unwrap().iter();
    // Some name two turns in one string.
    let named = evidence.flat_map(|e| e.as_str().unwrap().split([' ', ';', ',']));
    let mut evidence: Vec<usize> = named
        .filter_map(|id| ids.iter().position(|known| *known == id))
        .collect();
    evidence.sort_unstable();
    evidence.dedup();
    ((1..=4).contains(&category) && !evidence.is_empty()).then(|| Asked {
        text: qa["question"].as_str().unwrap().to_owned(),
        kind: category - 1,
        evidence,
        outdated: None,
    })
}

/// "1:56 pm on 8 May, 2023"
fn said_at(text: &Value) -> Timestamp {
    let text = text.as_str().unwrap();
    let text = text.replace(" am ", " AM ").replace(" pm ", " PM ");
    let parts = strtime::parse("%I:%M %p on %d %B, %Y", &text).unwrap();
    let when: DateTime = parts.to_datetime().unwrap();
    when.to_zoned(TimeZone::UTC).unwrap().timestamp()
}
