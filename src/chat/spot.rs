//! Where in a conversation a turn goes: at its end, beside an earlier message, or in a new one.

use jiff::Timestamp;
use uuid::Uuid;

use super::ask::{Ask, Question};
use super::store::{self, Author, Conversation, Message};
use super::title;
use crate::app::App;
use crate::error::{Error, Result};

/// Where in a conversation the turn goes, read before anything is written.
pub struct Spot {
    pub conversation: Conversation,
    pub new: bool,
    pub parent: Option<Uuid>,
    pub text: String,
    /// The message that is answered again, if it is one.
    pub existing: Option<Uuid>,
    /// The branch before the question, newest first.
    pub history: Vec<Message>,
}

pub fn find_spot(
    tx: &impl storage::Read,
    app: &App,
    user: Uuid,
    ask: &Ask,
    now: Timestamp,
) -> Result<Spot> {
    let most = app.config.chat.history_exchanges * 2;
    let (conversation, parent, text, existing, new) = match &ask.question {
        Question::New {
            text,
            session: Some(id),
        } => {
            let conversation = store::conversation(tx, user, *id)?;
            store::must_be_quiet(tx, user, *id)?;
            let parent = conversation.newest;
            (conversation, parent, text.clone(), None, false)
        }
        Question::New {
            text,
            session: None,
        } => (
            title::new_conversation(app, text, now),
            None,
            text.clone(),
            None,
            true,
        ),
        Question::Edited { text, message } => {
            let (conversation, message) = store::message_anywhere(tx, user, *message)?;
            if message.author != Author::User {
                return Err(Error::field(
                    "not_your_words",
                    "id",
                    "Only your own messages can be edited.",
                ));
            }
            (conversation, message.parent, text.clone(), None, false)
        }
        Question::Again { answer } => {
            let (conversation, answer) = store::message_anywhere(tx, user, *answer)?;
            let asked = answer.parent.filter(|_| answer.author == Author::Assistant);
            let asked = asked.ok_or_else(|| {
                Error::field(
                    "not_an_answer",
                    "id",
                    "Only an answer can be written again.",
                )
            })?;
            let question = store::message(tx, user, conversation.id, asked)?
                .ok_or(Error::NotFound { what: "message" })?;
            (
                conversation,
                question.parent,
                question.content,
                Some(asked),
                false,
            )
        }
    };
    let history = store::branch(tx, user, conversation.id, parent, most)?;
    Ok(Spot {
        conversation,
        new,
        parent,
        text,
        existing,
        history,
    })
}
