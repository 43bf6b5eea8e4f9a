//! The tables of conversations. One row per message; every key begins with the owner.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Desc, Read, Record, Span, Table, TableInfo, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::memory::UsedMemory;

const CONVERSATIONS: Table<(Uuid, Uuid), Conversation> = Table::new("chat_sessions");
const RECENT: Table<(Uuid, Desc<u64>, Uuid), ()> = Table::new("chat_recent");
const MESSAGES: Table<(Uuid, Uuid, Uuid), Message> = Table::new("chat_messages");
const MESSAGE_SESSION: Table<(Uuid, Uuid), Place> = Table::new("chat_message_session");
const TURNS: Table<(Uuid, Uuid), Turn> = Table::new("chat_turns");
const RUNNING: Table<(Uuid, Uuid), Place> = Table::new("chat_running");
const OPEN: Table<(Uuid, Uuid), LastUse> = Table::new("chat_open");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 7] = [
    CONVERSATIONS.info("chat", "user, conversation", "title, times, newest message").by_user(),
    RECENT.info("chat", "user, newest first, conversation", "(index)").by_user(),
    MESSAGES.info("chat", "user, conversation, message", "who said what; state").by_user(),
    MESSAGE_SESSION.info("chat", "user, message", "conversation").by_user(),
    TURNS.info("chat", "user, turn", "conversation and answer").by_user(),
    RUNNING.info("chat", "user, conversation", "turn being answered").by_user(),
    OPEN.info("chat", "user, conversation", "last use (index of those that have not ended)").by_user(),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    pub id: Uuid,
    pub title: String,
    /// Whether the title is still the first words of the conversation.
    pub title_is_first_words: bool,
    pub model: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// The last message of the branch that is being continued.
    pub newest: Option<Uuid>,
    /// `false`: what is said in it is not remembered, and nothing is recalled for it.
    #[serde(default = "yes")]
    pub use_memory: bool,
}

const fn yes() -> bool {
    true
}

impl Record for Conversation {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    User,
    Assistant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Streaming,
    Complete,
    Stopped,
    Interrupted,
    Failed,
}

impl Status {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: Uuid,
    pub turn: Uuid,
    pub parent: Option<Uuid>,
    /// How many messages of its branch came before it.
    pub depth: u32,
    pub author: Author,
    pub content: String,
    pub thinking: String,
    pub created_at: Timestamp,
    pub status: Status,
    pub finish_reason: Option<String>,
    pub model: Option<String>,
    /// What was charged for the turn: the person's own words and the answer; none when it cost nothing.
    pub tokens_used: Option<u32>,
    /// What the model server reported for the whole prompt.
    pub prompt_tokens: Option<u32>,
    pub latency_ms: Option<u64>,
    pub error: Option<(String, String)>,
    pub memories: Vec<UsedMemory>,
}

impl Record for Message {}

/// One question and the writing of its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Turn {
    pub id: Uuid,
    pub session: Uuid,
    pub user_message: Uuid,
    pub answer: Uuid,
    pub use_memory: bool,
    /// There was no room to remember it.
    #[serde(default)]
    pub memory_full: bool,
}

impl Record for Turn {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid);

impl Record for Place {}

/// When a conversation that has not ended was used last.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct LastUse(Timestamp);

impl Record for LastUse {}

fn newest_first(at: Timestamp) -> Desc<u64> {
    Desc(u64::try_from(at.as_millisecond()).unwrap_or(0))
}

pub fn conversation(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Conversation> {
    tx.get(&CONVERSATIONS, &(user, id))?.ok_or(Error::NotFound {
        what: "conversation",
    })
}

/// The title of a conversation, if there is one.
pub fn title(tx: &storage::ReadTx, user: Uuid, id: Uuid) -> Result<Option<String>> {
    Ok(tx
        .get(&CONVERSATIONS, &(user, id))?
        .map(|found| found.title))
}

pub fn is_there(tx: &WriteTx<'_>, user: Uuid, id: Uuid) -> Result<bool> {
    Ok(tx.get(&CONVERSATIONS, &(user, id))?.is_some())
}

/// Stores a conversation, its place in the list, and whether it is open.
pub fn put_conversation(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    conversation: &Conversation,
) -> Result<()> {
    let place = |at| (user, newest_first(at), conversation.id);
    if let Some(before) = tx.get(&CONVERSATIONS, &(user, conversation.id))? {
        tx.delete(&RECENT, &place(before.updated_at))?;
    }
    tx.put(&RECENT, &place(conversation.updated_at), &())?;
    let key = (user, conversation.id);
    match conversation.ended_at {
        Some(_) => drop(tx.delete(&OPEN, &key)?),
        None => tx.put(&OPEN, &key, &LastUse(conversation.updated_at))?,
    }
    Ok(tx.put(&CONVERSATIONS, &key, conversation)?)
}

/// Open conversations, everybody's, that were not used since `since`; at most `limit`.
pub fn idle(tx: &impl Read, since: Timestamp, limit: usize) -> Result<Vec<(Uuid, Uuid)>> {
    let unused = |last: &LastUse| last.0 <= since;
    let rows = tx.scan_where(&OPEN, Span::all(), limit, unused)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

/// Lists every conversation of an older format that has not ended as open.
pub fn list_open(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    const STEP: usize = 1000;
    let mut after = None;
    loop {
        let span = after.map_or_else(Span::all, |key| Span::all().after(&key));
        let rows = tx.scan(&CONVERSATIONS, span, STEP)?;
        let Some((key, _)) = rows.last() else {
            return Ok(());
        };
        after = Some(*key);
        for (key, conversation) in rows {
            if conversation.ended_at.is_none() {
                tx.put(&OPEN, &key, &LastUse(conversation.updated_at))?;
            }
        }
    }
}

/// A place in the list of conversations.
pub type Cursor = (u64, Uuid);

/// Conversations by last use, newest first, from after `after`.
pub fn conversations(
    tx: &impl Read,
    user: Uuid,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Conversation>> {
    let mut span = Span::prefix(&user);
    if let Some((millis, id)) = after {
        span = span.after(&(user, Desc(millis), id));
    }
    let rows = tx.scan(&RECENT, span, limit)?;
    rows.into_iter()
        .map(|((_, _, id), ())| conversation(tx, user, id))
        .collect()
}

pub fn cursor(conversation: &Conversation) -> Cursor {
    (newest_first(conversation.updated_at).0, conversation.id)
}

/// Removes and returns a conversation; its messages, which nobody finds any more, are still there.
pub fn remove_conversation(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Conversation> {
    let conversation = conversation(tx, user, id)?;
    tx.delete(&RUNNING, &(user, id))?;
    tx.delete(&OPEN, &(user, id))?;
    tx.delete(&RECENT, &(user, newest_first(conversation.updated_at), id))?;
    tx.delete(&CONVERSATIONS, &(user, id))?;
    Ok(conversation)
}

/// Removes up to `limit` messages of a conversation that is removed; returns how many.
pub fn remove_messages(
    tx: &mut WriteTx<'_>,
    (user, session): (Uuid, Uuid),
    limit: usize,
) -> Result<usize> {
    let rows = tx.scan(&MESSAGES, Span::prefix(&(user, session)), limit)?;
    for ((_, _, message), row) in rows {
        tx.delete(&MESSAGE_SESSION, &(user, message))?;
        tx.delete(&TURNS, &(user, row.turn))?;
    }
    Ok(tx.delete_some(&MESSAGES, Span::prefix(&(user, session)), limit)?)
}

pub fn put_message(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    session: Uuid,
    message: &Message,
) -> Result<()> {
    tx.put(&MESSAGE_SESSION, &(user, message.id), &Place(session))?;
    Ok(tx.put(&MESSAGES, &(user, session, message.id), message)?)
}

/// Replaces a message, unless its conversation was deleted meanwhile.
pub fn update_message(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    session: Uuid,
    message: &Message,
) -> Result<()> {
    let key = (user, session, message.id);
    if tx.contains(&MESSAGES, &key)? {
        tx.put(&MESSAGES, &key, message)?;
    }
    Ok(())
}

pub fn message(tx: &impl Read, user: Uuid, session: Uuid, id: Uuid) -> Result<Option<Message>> {
    Ok(tx.get(&MESSAGES, &(user, session, id))?)
}

/// A message by its id alone, with its conversation.
pub fn message_anywhere(tx: &impl Read, user: Uuid, id: Uuid) -> Result<(Conversation, Message)> {
    let missing = Error::NotFound { what: "message" };
    let Some(Place(session)) = tx.get(&MESSAGE_SESSION, &(user, id))? else {
        return Err(missing);
    };
    let message = message(tx, user, session, id)?.ok_or(missing)?;
    Ok((conversation(tx, user, session)?, message))
}

/// Messages of a conversation, newest first, from before `before`.
pub fn messages(
    tx: &impl Read,
    user: Uuid,
    session: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Message>> {
    let mut span = Span::prefix(&(user, session)).rev();
    if let Some(before) = before {
        span = span.before(&(user, session, before));
    }
    let rows = tx.scan(&MESSAGES, span, limit)?;
    Ok(rows.into_iter().map(|(_, message)| message).collect())
}

/// The branch that ends with `from`, newest first, at most `limit` messages.
pub fn branch(
    tx: &impl Read,
    user: Uuid,
    session: Uuid,
    from: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Message>> {
    let mut branch = Vec::new();
    let mut next = from;
    while let Some(id) = next.filter(|_| branch.len() < limit) {
        let Some(message) = message(tx, user, session, id)? else {
            break;
        };
        next = message.parent;
        branch.push(message);
    }
    Ok(branch)
}

pub fn turn(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Turn> {
    tx.get(&TURNS, &(user, id))?
        .ok_or(Error::NotFound { what: "turn" })
}

/// One answer at a time in a conversation.
pub fn must_be_quiet(tx: &impl Read, user: Uuid, session: Uuid) -> Result<()> {
    if running_in(tx, user, session)?.is_none() {
        return Ok(());
    }
    let message = "Nova is still answering in this conversation. Wait, or stop it.";
    Err(Error::conflict("answer_running", message))
}

/// Marks a turn as being answered; at most `at_once` of a person (0 = no limit).
pub fn begin_turn(tx: &mut WriteTx<'_>, user: Uuid, turn: &Turn, at_once: usize) -> Result<()> {
    must_be_quiet(tx, user, turn.session)?;
    if at_once > 0 && tx.count(&RUNNING, Span::prefix(&user))? >= at_once as u64 {
        return Err(Error::TooMany {
            code: "rate_limited",
            message: format!(
                "You have {at_once} answers running. Wait for one to end, or stop one."
            ),
            retry_after: 5,
            resets_at: None,
        });
    }
    tx.put(&RUNNING, &(user, turn.session), &Place(turn.id))?;
    Ok(tx.put(&TURNS, &(user, turn.id), turn)?)
}

/// Ends the turn being answered in a conversation; false when it is not this one (deleted meanwhile).
pub fn end_turn(tx: &mut WriteTx<'_>, user: Uuid, turn: &Turn) -> Result<bool> {
    match tx.get(&RUNNING, &(user, turn.session))? {
        Some(Place(running)) if running == turn.id => {
            Ok(tx.delete(&RUNNING, &(user, turn.session))?)
        }
        _ => Ok(false),
    }
}

/// The turn being answered in a conversation.
pub fn running_in(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Option<Uuid>> {
    Ok(tx.get(&RUNNING, &(user, session))?.map(|Place(turn)| turn))
}

/// All turns that are being answered, with their owners.
pub fn running(tx: &impl Read) -> Result<Vec<(Uuid, Turn)>> {
    let rows = tx.scan(&RUNNING, Span::all(), usize::MAX)?;
    rows.into_iter()
        .map(|((user, _), Place(id))| Ok((user, turn(tx, user, id)?)))
        .collect()
}

/// The turn that an attempt began; None when its conversation was deleted since.
pub fn begun(tx: &impl Read, user: Uuid, turn: Uuid) -> Result<Option<Turn>> {
    Ok(match tx.get(&TURNS, &(user, turn))? {
        Some(turn) if tx.contains(&CONVERSATIONS, &(user, turn.session))? => Some(turn),
        _ => None,
    })
}

/// Removes up to `limit` of a person's rows, what is being answered first; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut n = tx.delete_some(&RUNNING, Span::prefix(&user), limit)?;
    n += tx.delete_some(&TURNS, Span::prefix(&user), limit - n)?;
    n += tx.delete_some(&MESSAGES, Span::prefix(&user), limit - n)?;
    n += tx.delete_some(&MESSAGE_SESSION, Span::prefix(&user), limit - n)?;
    n += tx.delete_some(&RECENT, Span::prefix(&user), limit - n)?;
    n += tx.delete_some(&OPEN, Span::prefix(&user), limit - n)?;
    Ok(n + tx.delete_some(&CONVERSATIONS, Span::prefix(&user), limit - n)?)
}

/// How many conversations there are, everybody's.
pub fn count(tx: &impl Read) -> Result<u64> {
    Ok(tx.count(&RECENT, Span::all())?)
}
