//! The transaction that admits a turn: what the person may still use is asked, and everything of the turn
//! is stored, or nothing.
//!
//! Must stay true: nobody spends what others have reserved; a turn that is refused leaves nothing.

use storage::WriteTx;
use uuid::Uuid;

use super::allowance::Allowance;
use super::store::{self, Conversation, Turn};
use super::turn::{Plan, same_question};
use super::{attempts, remembering};
use crate::auth;
use crate::billing::{self, Asked, Hold, Moment, QuotaWarning};
use crate::error::{Error, Result};
use crate::memory;

/// What became of a request for a turn.
pub enum Admission {
    New(Admitted),
    /// Another request with the same key was first, and began this turn.
    Before(Turn),
}

pub struct Admitted {
    pub turn: Turn,
    /// What its answer may take.
    pub hold: Hold,
    /// What is to be told of the memory it takes.
    pub warning: Option<QuotaWarning>,
}

/// The first transaction of a turn.
pub fn commit(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    mut plan: Plan,
) -> Result<Admission> {
    if let Some((key, attempt)) = plan.attempt.take() {
        if let Some(before) = attempts::get(tx, user, &key, attempt.created_at)? {
            same_question(&before, &attempt.fingerprint)?;
            if let Some(turn) = store::begun(tx, user, before.turn)? {
                return Ok(Admission::Before(turn));
            }
        }
        attempts::put(tx, user, key, &attempt)?;
    }
    let conversation = as_it_is_now(tx, user, &plan)?;
    let person = auth::user(tx, user)?.ok_or(Error::NotFound { what: "account" })?;
    let allowance = Allowance::of(moment.app);
    allowance.take(tx, &person)?;
    let asked = Asked {
        turn: plan.turn.id,
        input: plan.input,
        context: plan.context,
        model: plan.answer.model.clone(),
    };
    let hold = billing::reserve(tx, moment, &person, asked)?;
    let mut turn = plan.turn;
    turn.use_memory &= conversation.use_memory;
    let mut warning = None;
    if turn.use_memory {
        let bytes = plan.question.as_ref().map_or(0, |q| q.content.len());
        let (fits, told) = billing::can_remember(tx, moment, &person, bytes as u64)?;
        if let Some(told) = &told {
            billing::warn(tx, moment, &person, told)?;
        }
        (turn.memory_full, warning) = (!fits, told);
    }
    store::begin_turn(tx, user, &turn, allowance.at_once)?;
    store::put_conversation(tx, user, &conversation)?;
    if let Some(question) = &plan.question {
        store::put_message(tx, user, conversation.id, question)?;
        remembering::remember(tx, moment, (user, &turn), question)?;
    }
    store::put_message(tx, user, conversation.id, &plan.answer)?;
    memory::count_uses(tx, (user, moment.now), &plan.answer.memories)?;
    Ok(Admission::New(Admitted {
        turn,
        hold,
        warning,
    }))
}

/// The conversation that the turn goes on: it may have been deleted, renamed or continued since it was read.
fn as_it_is_now(tx: &WriteTx<'_>, user: Uuid, plan: &Plan) -> Result<Conversation> {
    let conversation = plan.conversation.clone();
    if plan.new {
        return Ok(conversation);
    }
    let now = store::conversation(tx, user, conversation.id)?;
    if plan.at_the_end && plan.newest_before != now.newest {
        let message =
            "Something else was said in this conversation at the same moment. Send it again.";
        return Err(Error::conflict("conversation_moved", message));
    }
    Ok(Conversation {
        newest: conversation.newest,
        updated_at: conversation.updated_at,
        ended_at: conversation.ended_at,
        model: conversation.model,
        ..now
    })
}
