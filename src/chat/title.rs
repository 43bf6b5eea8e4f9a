//! Titles of conversations: the first words at once, and a better one from the model when it has
//! nothing else to do.

use jiff::Timestamp;
use uuid::Uuid;

use super::store::{self, Conversation, Turn};
use super::tokens;
use crate::app::App;
use crate::billing::{self, Moment};
use crate::error::{Error, Result};
use crate::outside::{ChatMessage, ChatRequest, ModelInfo, Piece, ProviderKind, Purpose, Role};

const MOST_CHARS: usize = 60;
const UNTITLED: &str = "New conversation";

/// What the model is asked; its answer is one short line or it is not used.
const REQUEST: &str = "Write a title of at most six words for the conversation below, in its language. \
Answer with the title alone, without quotation marks.";

pub fn new_conversation(app: &App, text: &str, now: Timestamp) -> Conversation {
    Conversation {
        id: app.ids.next(),
        title: first_words(text),
        title_is_first_words: true,
        model: None,
        created_at: now,
        updated_at: now,
        ended_at: None,
        newest: None,
        use_memory: true,
    }
}

/// The first line's words, as many as fit, without Markdown's marks.
pub fn first_words(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let mut title = String::new();
    for word in line
        .trim_start_matches(['#', '>', '-', '*', ' '])
        .split_whitespace()
    {
        if title.chars().count() + word.chars().count() > MOST_CHARS {
            if title.is_empty() {
                title.extend(word.chars().take(MOST_CHARS));
            }
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    if title.is_empty() {
        UNTITLED.into()
    } else {
        title
    }
}

/// A title a person wrote: one line, not empty, not too long.
pub fn checked(title: &str) -> Result<String> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(Error::field(
            "title_empty",
            "title",
            "Give it at least one word.",
        ));
    }
    if title.chars().count() > 200 {
        return Err(Error::field(
            "title_too_long",
            "title",
            "Use at most 200 characters.",
        ));
    }
    Ok(title)
}

/// What a model said, if it can serve as a title.
fn usable(said: &str) -> Option<String> {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = line
        .trim_start_matches("Title:")
        .trim_matches(|c: char| c.is_whitespace() || "\"'“”*#.".contains(c));
    let fits = (3..=80).contains(&line.chars().count()) && line.split_whitespace().count() <= 10;
    fits.then(|| line.to_owned())
}

/// Asks an idle model for a title and keeps it, unless the person renamed the conversation
/// meanwhile. Never in the way: nothing happens when the model is busy, a toy, or away.
pub async fn improve(
    app: &App,
    user: Uuid,
    turn: &Turn,
    model: &ModelInfo,
    exchange: (&str, &str),
) {
    if !app.config.chat.model_titles || model.provider == ProviderKind::Demo || !app.models.idle() {
        return;
    }
    let asked = tokio::select! {
        biased;
        () = app.tasks.drain.cancelled() => return,
        asked = ask(app, user, model, exchange) => asked,
    };
    let Some(Asked { said, tokens }) = asked else {
        return;
    };
    let (inside, turn) = (app.clone(), turn.clone());
    let stored = app.store.write(move |tx| {
        let source = Some(turn.id);
        billing::book_background(tx, Moment::now(&inside), (user, source), tokens)?;
        let Some(title) = said.as_deref().and_then(usable) else {
            return Ok(());
        };
        // What was used is booked also when the conversation was deleted meanwhile.
        let Ok(mut conversation) = store::conversation(tx, user, turn.session) else {
            return Ok(());
        };
        if conversation.title_is_first_words {
            conversation.title = title;
            conversation.title_is_first_words = false;
            store::put_conversation(tx, user, &conversation)?;
        }
        Ok::<_, Error>(())
    });
    if let Err(error) = stored.await {
        tracing::debug!(%error, "the conversation's title was not changed");
    }
}

/// What asking came to.
struct Asked {
    /// None when the answer broke off.
    said: Option<String>,
    /// As reported, otherwise by our count.
    tokens: u64,
}

/// None when the model was not reached.
async fn ask(
    app: &App,
    user: Uuid,
    model: &ModelInfo,
    (question, answer): (&str, &str),
) -> Option<Asked> {
    let head = |text: &str| text.chars().take(600).collect::<String>();
    let told = format!(
        "{REQUEST}\n\nPerson: {}\n\nNova: {}",
        head(question),
        head(answer)
    );
    let prompt = (tokens::estimate(&told) + tokens::PER_MESSAGE) as u64;
    let request = ChatRequest {
        model: model.clone(),
        messages: vec![ChatMessage {
            role: Role::User,
            content: told,
        }],
        max_tokens: Some(40),
        person: user,
        purpose: Purpose::Background,
        temperature: Some(0.2),
        schema: None,
        correlation_id: None,
    };
    let mut stream = app.models.chat(request).await.ok()?;
    let (mut said, mut counter, mut stats) = (String::new(), tokens::Counter::default(), None);
    let whole = loop {
        match stream.next().await {
            Some(Ok(Piece::Text(text))) => {
                counter.push(&text);
                said.push_str(&text);
            }
            Some(Ok(Piece::Thinking(text))) => counter.push(&text),
            Some(Ok(Piece::Queued { .. })) => {}
            Some(Ok(Piece::Done(done))) => {
                stats = Some(done);
                break true;
            }
            // Before the first word nothing was read as far as we know.
            Some(Err(_)) | None if counter.tokens() == 0 => return None,
            Some(Err(_)) => break false,
            None => break true,
        }
    };
    let reported = |tokens: Option<u32>| tokens.filter(|n| *n > 0).map(u64::from);
    let read = reported(stats.and_then(|stats| stats.prompt_tokens)).unwrap_or(prompt);
    let wrote = reported(stats.and_then(|stats| stats.output_tokens));
    Some(Asked {
        said: Some(said).filter(|_| whole),
        tokens: read + wrote.unwrap_or(counter.tokens()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation always has a readable title, without asking anybody.
    #[test]
    fn first_words_make_a_title() {
        assert_eq!(first_words("# What is  a\nsecond line"), "What is a");
        assert_eq!(first_words(" \n "), UNTITLED);
        let long = first_words(&"word ".repeat(40));
        assert!(
            long.ends_with('…') && long.chars().count() <= MOST_CHARS + 1,
            "{long}"
        );
        assert_eq!(
            first_words(&"x".repeat(500)).chars().count(),
            MOST_CHARS + 1
        );
    }

    /// Small models chat instead of answering; that is no title.
    #[test]
    fn only_short_lines_become_titles() {
        assert_eq!(
            usable("\n\"Tea in the morning.\"\n"),
            Some("Tea in the morning".into())
        );
        assert_eq!(usable("Title: Tea"), Some("Tea".into()));
        assert_eq!(
            usable("Sure! Here is a title for the conversation that you might really like a lot"),
            None
        );
        assert_eq!(usable(""), None);
    }
}
