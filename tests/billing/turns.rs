//! Random turns, and what the model server does in each.

use proptest::prelude::*;

use crate::support::script::{Gate, Script};

/// How a turn ends, most of them after so many pieces of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    Whole,
    Length,
    Status,
    ErrorLine,
    Cut,
    Broken,
    Stopped(usize),
    Deleted(usize),
    HungUp(usize),
    Crashed(usize),
    /// Goes on beside what follows.
    Lingering(usize),
}

#[derive(Clone, Debug)]
pub struct Turn {
    pub question: String,
    pub thoughts: Vec<String>,
    pub pieces: Vec<String>,
    pub counts: Option<(u32, u32)>,
    pub how: How,
    /// Whose turn it is: the second person's limits are low.
    pub limited: bool,
    /// In the conversation before, where there is one.
    pub goes_on: bool,
    pub midnight: bool,
}

pub fn turns() -> impl Strategy<Value = Turn> {
    let words = |most| prop::collection::vec("[a-zé]{1,9}[ .,]{1,2}", 1..most);
    let after = 0..4_usize;
    let how = prop_oneof![
        10 => Just(How::Whole),
        2 => Just(How::Length),
        1 => Just(How::Status),
        1 => Just(How::ErrorLine),
        1 => Just(How::Cut),
        1 => Just(How::Broken),
        4 => after.clone().prop_map(How::Stopped),
        2 => after.clone().prop_map(How::Deleted),
        2 => after.clone().prop_map(How::HungUp),
        1 => after.clone().prop_map(How::Crashed),
        2 => after.prop_map(How::Lingering),
    ];
    let counts = prop_oneof![
        6 => (1..400_u32, 1..90_u32).prop_map(Some),
        1 => Just(Some((0, 0))),
        1 => (0..2_u32, 0..2_u32).prop_map(Some),
        1 => Just(None),
    ];
    let said = (
        words(6),
        prop::collection::vec("[a-z]{1,8} ", 0..3),
        words(12),
    );
    let rest = (counts, how, any::<bool>(), any::<bool>(), 0..40_u8);
    (said, rest).prop_map(|((question, thoughts, pieces), rest)| {
        let (counts, how, limited, goes_on, midnight) = rest;
        Turn {
            question: question.concat(),
            thoughts,
            pieces,
            counts,
            how,
            limited: limited && !matches!(how, How::Lingering(_)),
            goes_on,
            midnight: midnight == 0,
        }
    })
}

pub fn script(turn: &Turn, gate: &Gate) -> Script {
    if turn.how == How::Status {
        return Script::status(500, "out of memory");
    }
    let mut script = Script::says(turn.pieces.clone()).thinking(turn.thoughts.clone());
    if let Some((prompt, output)) = turn.counts {
        script = script.counts(prompt, output);
    }
    script = match turn.how {
        How::Length => script.done_reason(Some("length")),
        How::ErrorLine => script.error_midstream("the runner died"),
        How::Cut => script.cut(),
        How::Broken => script.drop_connection(),
        _ => script,
    };
    script.gated(gate)
}
