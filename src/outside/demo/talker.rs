//! The loaded model, answering: reads what is new of a conversation, then writes token by token.
//!
//! Must stay true: the same conversation gets the same answer whatever was read before; it stops
//! when it is told to.

use std::io::{Read, Seek};

use candle_core::Result;
use candle_core::quantized::gguf_file::Content;

use super::llama::{BATCH, Llama};
use super::sample::Sampler;
use super::tokens::Tokenizer;
use crate::outside::model::Role;

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
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
pub(super) enum Ending {
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
pub(super) struct Outcome {
    pub ending: Ending,
    pub prompt_tokens: usize,
    pub output_tokens: usize,
}

pub(super) struct Talker {
    llama: Llama,
    tokenizer: Tokenizer,
    window: usize,
    /// The tokens the model has read. A prompt that begins like them is not read again.
    read: Vec<u32>,
}

impl Talker {
    /// `window`: tokens it will have room for.
    pub fn load(source: &mut (impl Read + Seek), window: usize) -> Result<Self> {
        let file = Content::read(source)?;
        Ok(Self {
            tokenizer: Tokenizer::of(&file)?,
            llama: Llama::load(&file, source, window)?,
            window,
            read: vec![],
        })
    }

    /// Answers a conversation. `say` gets the text as it comes and returns whether to go on;
    /// `wanted` is asked at each token, and now and then while the prompt is read.
    pub fn answer(
        &mut self,
        conversation: &[(Role, &str)],
        manner: Manner,
        wanted: impl Fn() -> bool,
        mut say: impl FnMut(&str) -> bool,
    ) -> Result<Outcome> {
        let prompt = self.tokenizer.prompt(conversation)?;
        let outcome = |ending, output_tokens| Outcome {
            ending,
            prompt_tokens: prompt.len(),
            output_tokens,
        };
        let window = manner.window.min(self.window);
        if prompt.len() >= window {
            return Ok(outcome(Ending::PromptTooLong, 0));
        }
        let Some(mut scores) = self.take_in(&prompt, &wanted)? else {
            return Ok(outcome(Ending::Told, 0));
        };
        let mut sampler = Sampler::new(manner.temperature, manner.seed);
        let mut text_of = self.tokenizer.reader();
        let longest = manner.longest.min(window - prompt.len());
        for written in 1..=longest {
            let token = sampler.choose(&mut scores, &self.read[prompt.len()..]);
            if token == self.tokenizer.end() {
                return Ok(outcome(Ending::Stop, written - 1));
            }
            // Not every token ends a letter and is said.
            if text_of(token)?.is_some_and(|text| !say(&text)) || !wanted() {
                return Ok(outcome(Ending::Told, written));
            }
            if written < longest {
                scores = self.llama.read(&[token])?;
                self.read.push(token);
            }
        }
        Ok(outcome(Ending::Length, longest))
    }

    /// Reads what of the prompt has not been read before; nothing when nobody wants it any more.
    fn take_in(&mut self, prompt: &[u32], wanted: &impl Fn() -> bool) -> Result<Option<Vec<f32>>> {
        let both = self.read.iter().zip(prompt);
        let known = both.take_while(|(a, b)| a == b).count();
        // The last token is read anew in any case: what follows it is the question.
        let known = known.min(prompt.len().saturating_sub(1));
        self.read.truncate(known);
        self.llama.truncate(known);
        let mut scores = None;
        for batch in prompt[known..].chunks(BATCH) {
            if !wanted() {
                return Ok(None);
            }
            scores = Some(self.llama.read(batch)?);
            self.read.extend_from_slice(batch);
        }
        Ok(scores)
    }
}
