//! How the demonstration model computes: a small chat model of the Llama family, read from a GGUF
//! file, on one thread, without a library beneath it. It exists so that a newcomer sees an answer
//! before anything else is installed; real answers come from a model server.
//!
//! Who may enter: `outside/demo.rs`. No tokio, no axum, no word of the product.
//!
//! Must stay true: it runs only on the thread that calls it; it stops when it is told to; text from
//! a person never becomes a control token.
//!
//! Why not an ML library: candle, the smallest that fits, compiles about 140 crates for four
//! minutes, writes 43 tokens a second where this writes 55, and peaks at 800 MB with a long prompt.
//! This compiles in 5 seconds and stays under 260 MB.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod gguf;
mod llama;
mod matrix;
mod sample;
mod tokens;

use std::fmt;
use std::path::Path;

use llama::{BATCH, Llama, Past, Room};
use sample::Sampler;
use tokens::Tokenizer;

/// Why the weights could not be used.
#[derive(Debug)]
pub enum LoadError {
    Read(std::io::Error),
    Missing(String),
    Form(&'static str),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(cause) => write!(f, "the weights cannot be read: {cause}"),
            Self::Missing(what) => write!(f, "the weights lack {what}"),
            Self::Form(what) => write!(
                f,
                "the weights are of a form this build does not know: {what}"
            ),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<std::io::Error> for LoadError {
    fn from(cause: std::io::Error) -> Self {
        Self::Read(cause)
    }
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    System,
    User,
    Assistant,
}

impl Speaker {
    fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Tokens of prompt and answer together, at most.
    pub window: usize,
    /// Tokens of the answer, at most.
    pub longest: usize,
    /// 0 = always the likeliest token.
    pub temperature: f32,
    /// Same seed, same answer.
    pub seed: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model was done.
    Stop,
    /// It met `longest` or the end of the window.
    Length,
    /// The caller wanted no more.
    Told,
    /// The prompt alone is longer than the window; nothing was computed.
    PromptTooLong,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub ending: Ending,
    pub prompt_tokens: usize,
    pub output_tokens: usize,
}

/// A loaded model, with the conversation it has read last.
pub struct Demo {
    llama: Llama,
    tokenizer: Tokenizer,
    control: Control,
    past: Past,
    /// The tokens that `past` stands for. A prompt that begins like them is not read again.
    read: Vec<u32>,
    room: Room,
}

/// The tokens of the chat form `ChatML`.
#[derive(Clone, Copy)]
struct Control {
    begin: u32,
    end: u32,
}

impl Demo {
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let (llama, file) = Llama::load(path)?;
        let id = |key: &str| {
            let id = u32::try_from(file.whole(key)?).ok();
            let known = id.filter(|&id| (id as usize) < llama.vocabulary());
            known.ok_or(LoadError::Form("a control token out of range"))
        };
        let control = Control {
            begin: id("tokenizer.ggml.bos_token_id")?,
            end: id("tokenizer.ggml.eos_token_id")?,
        };
        if file.texts("tokenizer.ggml.tokens")?.len() != llama.vocabulary() {
            return Err(LoadError::Form("more or fewer tokens than vectors"));
        }
        Ok(Self {
            tokenizer: Tokenizer::of(&file)?,
            past: Past::new(&llama),
            llama,
            control,
            read: vec![],
            room: Room::default(),
        })
    }

    /// How many tokens the conversation has as a prompt.
    pub fn count(&self, conversation: &[(Speaker, &str)]) -> usize {
        self.prompt(conversation).len()
    }

    /// Answers a conversation. `say` gets the text as it comes and returns whether to go on;
    /// `wanted` is asked now and then while the prompt is read.
    pub fn answer(
        &mut self,
        conversation: &[(Speaker, &str)],
        manner: Manner,
        wanted: impl Fn() -> bool,
        mut say: impl FnMut(&str) -> bool,
    ) -> Outcome {
        let prompt = self.prompt(conversation);
        let outcome = |ending, output_tokens| Outcome {
            ending,
            prompt_tokens: prompt.len(),
            output_tokens,
        };
        if prompt.len() >= manner.window {
            return outcome(Ending::PromptTooLong, 0);
        }
        if !self.take_in(&prompt, &wanted) {
            return outcome(Ending::Told, 0);
        }
        let mut sampler = Sampler::new(manner.temperature, manner.seed);
        let mut pending = vec![];
        let longest = manner.longest.min(manner.window - prompt.len());
        for written in 0..longest {
            let token = sampler.choose(&mut self.room.scores, &self.read[prompt.len()..]);
            if token == self.control.end {
                return outcome(Ending::Stop, written);
            }
            pending.extend_from_slice(self.tokenizer.bytes_of(token));
            if !say_whole_letters(&mut pending, &mut say) {
                return outcome(Ending::Told, written + 1);
            }
            self.llama.read(&[token], &mut self.past, &mut self.room);
            self.read.push(token);
        }
        outcome(Ending::Length, longest)
    }

    /// Reads what of the prompt has not been read before; false when nobody wants it any more.
    fn take_in(&mut self, prompt: &[u32], wanted: &impl Fn() -> bool) -> bool {
        let known = self
            .read
            .iter()
            .zip(prompt)
            .take_while(|(a, b)| a == b)
            .count();
        // The last token is read anew in any case: what follows it is the question.
        let known = known.min(prompt.len().saturating_sub(1));
        self.read.truncate(known);
        self.past.truncate(known);
        for batch in prompt[known..].chunks(BATCH) {
            if !wanted() {
                return false;
            }
            self.llama.read(batch, &mut self.past, &mut self.room);
            self.read.extend_from_slice(batch);
        }
        true
    }

    /// The form the model was trained with, `ChatML`, up to where it answers.
    fn prompt(&self, conversation: &[(Speaker, &str)]) -> Vec<u32> {
        let mut tokens = vec![];
        for (speaker, text) in conversation {
            tokens.push(self.control.begin);
            self.tokenizer
                .encode(&format!("{}\n{text}", speaker.word()), &mut tokens);
            tokens.push(self.control.end);
            self.tokenizer.encode("\n", &mut tokens);
        }
        tokens.push(self.control.begin);
        self.tokenizer.encode("assistant\n", &mut tokens);
        tokens
    }
}

/// Says what is whole of `pending`; a letter may be spread over several tokens.
fn say_whole_letters(pending: &mut Vec<u8>, say: &mut impl FnMut(&str) -> bool) -> bool {
    let whole = match std::str::from_utf8(pending) {
        Ok(text) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // Bytes that no further byte can repair are shown as such.
        Err(_) => pending.len(),
    };
    let text: Vec<u8> = pending.drain(..whole).collect();
    text.is_empty() || say(&String::from_utf8_lossy(&text))
}
