//! Text to tokens and back, in the form of conversation the model was trained with (`ChatML`).
//!
//! Must stay true: text never becomes a control token, whatever it contains.

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::tokenizer::TokenizerFromGguf;
use candle_core::{Error, Result};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use crate::outside::model::Role;

pub(super) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    begin: u32,
    end: u32,
}

impl Tokenizer {
    pub fn of(file: &Content) -> Result<Self> {
        let id = |key: &str| value(file, key)?.to_u32();
        let mut inner = tokenizers::Tokenizer::from_gguf(file)?;
        // candle does not know how SmolLM splits text: each digit alone, then like GPT-2.
        inner.with_pre_tokenizer(Some(Sequence::new(vec![
            PreTokenizerWrapper::Digits(Digits::new(true)),
            PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, true, true)),
        ])));
        // Otherwise "<|im_end|>" in somebody's words would end their turn.
        inner.set_encode_special_tokens(true);
        Ok(Self {
            inner,
            begin: id("tokenizer.ggml.bos_token_id")?,
            end: id("tokenizer.ggml.eos_token_id")?,
        })
    }

    /// The token after which an answer is complete.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// A conversation up to where the model answers.
    pub fn prompt(&self, conversation: &[(Role, &str)]) -> Result<Vec<u32>> {
        let mut tokens = vec![];
        for (role, text) in conversation {
            let speaker = match role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            tokens.push(self.begin);
            self.encode(&format!("{speaker}\n{text}"), &mut tokens)?;
            tokens.push(self.end);
            self.encode("\n", &mut tokens)?;
        }
        tokens.push(self.begin);
        self.encode("assistant\n", &mut tokens)?;
        Ok(tokens)
    }

    /// Turns the tokens of one answer into text, a whole letter at a time.
    pub fn reader(&self) -> impl FnMut(u32) -> Result<Option<String>> {
        let mut stream = self.inner.decode_stream(true);
        move |token| stream.step(token).map_err(Error::wrap)
    }

    fn encode(&self, text: &str, tokens: &mut Vec<u32>) -> Result<()> {
        let encoding = self.inner.encode_fast(text, false).map_err(Error::wrap)?;
        tokens.extend(encoding.get_ids());
        Ok(())
    }
}

/// What the file says of itself under this key.
pub(super) fn value<'a>(file: &'a Content, key: &str) -> Result<&'a Value> {
    let missing = || Error::msg(format!("the file lacks {key}"));
    file.metadata.get(key).ok_or_else(missing)
}
