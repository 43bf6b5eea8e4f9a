//! The Llama architecture on candle's tensors: what a token's vector goes through until the next
//! token is known. Root mean square norms, grouped-query attention with rotary positions, a gated
//! feed-forward, and the embedding used again as the output (Touvron et al. 2023; `SmolLM2`).

use std::io::{Read, Seek};

use candle_core::quantized::gguf_file::Content;
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{D, DType, Device, Module, Result, Tensor};

use super::tokens::value;

/// Tokens computed together while reading a prompt. More would need more memory, not less time.
pub(super) const BATCH: usize = 128;
/// What weights become that candle can compute with only slowly. `Q4_0` would take 75 MB less, but
/// is no faster and loses precision that the file has.
const COMPUTABLE: GgmlDType = GgmlDType::Q8_0;

struct Shape {
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    epsilon: f64,
}

struct Layer {
    attention_norm: Tensor,
    query: QMatMul,
    key: QMatMul,
    value: QMatMul,
    output: QMatMul,
    feed_norm: Tensor,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
    /// The keys and values of the tokens so far: head, position, number.
    keys: Tensor,
    values: Tensor,
}

/// The weights, and what attention needs of the tokens so far.
pub(super) struct Llama {
    shape: Shape,
    embedding: QMatMul,
    layers: Vec<Layer>,
    norm: Tensor,
    /// Of each position's angle for each pair of numbers in a head.
    cosines: Tensor,
    sines: Tensor,
    past: usize,
}

impl Llama {
    /// `window`: positions there is room for.
    pub fn load(file: &Content, source: &mut (impl Read + Seek), window: usize) -> Result<Self> {
        let size = |key: &str| Ok::<_, candle_core::Error>(value(file, key)?.to_u32()? as usize);
        let heads = size("llama.attention.head_count")?;
        let shape = Shape {
            heads,
            kv_heads: size("llama.attention.head_count_kv")?,
            head_width: size("llama.embedding_length")? / heads.max(1),
            epsilon: value(file, "llama.attention.layer_norm_rms_epsilon")?
                .to_f32()?
                .into(),
        };
        let (cosines, sines) = turns(
            value(file, "llama.rope.freq_base")?.to_f32()?,
            shape.head_width,
            window,
        )?;
        let mut weights = Weights { file, source };
        let layers = (0..size("llama.block_count")?)
            .map(|at| Layer::load(&mut weights, at, &shape, window))
            .collect::<Result<_>>()?;
        Ok(Self {
            embedding: weights.matrix("token_embd", None)?,
            layers,
            norm: weights.vector("output_norm")?,
            shape,
            cosines,
            sines,
            past: 0,
        })
    }

    /// Forgets what came after the first `tokens`.
    pub fn truncate(&mut self, tokens: usize) {
        self.past = self.past.min(tokens);
    }

    /// Puts tokens after the past; how likely each token is to follow the last of them, as
    /// logarithms up to a constant.
    pub fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let count = tokens.len();
        let place = Place {
            past: self.past,
            count,
            cosines: self.cosines.narrow(0, self.past, count)?,
            sines: self.sines.narrow(0, self.past, count)?,
            unseen: unseen(self.past, count)?,
        };
        let mut stream = self
            .embedding
            .embedding(&Tensor::new(tokens, &Device::Cpu)?)?;
        for layer in &self.layers {
            stream = (&stream + layer.attend(&self.shape, &place, &stream)?)?;
            stream = (&stream + layer.feed(&self.shape, &stream)?)?;
        }
        self.past += count;
        let last = norm(
            &stream.narrow(0, count - 1, 1)?,
            &self.norm,
            self.shape.epsilon,
        )?;
        self.embedding.forward(&last)?.squeeze(0)?.to_vec1()
    }
}

/// Where a batch of tokens stands.
struct Place {
    past: usize,
    count: usize,
    cosines: Tensor,
    sines: Tensor,
    /// Added to what each token sees of the others: minus infinity for those after it.
    unseen: Option<Tensor>,
}

impl Layer {
    fn load<S: Read + Seek>(
        weights: &mut Weights<S>,
        at: usize,
        shape: &Shape,
        window: usize,
    ) -> Result<Self> {
        let room = (shape.kv_heads, window, shape.head_width);
        let name = |part: &str| format!("blk.{at}.{part}");
        Ok(Self {
            attention_norm: weights.vector(&name("attn_norm"))?,
            query: weights.matrix(&name("attn_q"), Some(shape.heads))?,
            key: weights.matrix(&name("attn_k"), Some(shape.kv_heads))?,
            value: weights.matrix(&name("attn_v"), None)?,
            output: weights.matrix(&name("attn_output"), None)?,
            feed_norm: weights.vector(&name("ffn_norm"))?,
            gate: weights.matrix(&name("ffn_gate"), None)?,
            up: weights.matrix(&name("ffn_up"), None)?,
            down: weights.matrix(&name("ffn_down"), None)?,
            keys: Tensor::zeros(room, DType::F32, &Device::Cpu)?,
            values: Tensor::zeros(room, DType::F32, &Device::Cpu)?,
        })
    }

    /// Each head weighs the tokens up to its own by how well their keys answer its query.
    fn attend(&self, shape: &Shape, place: &Place, stream: &Tensor) -> Result<Tensor> {
        let Shape {
            heads,
            kv_heads,
            head_width,
            epsilon,
        } = *shape;
        let (count, seen) = (place.count, place.past + place.count);
        let normed = norm(stream, &self.attention_norm, epsilon)?;
        let split = |matrix: &QMatMul, heads: usize| {
            let vectors = matrix.forward(&normed)?;
            let vectors = vectors.reshape((count, heads, head_width))?;
            vectors.transpose(0, 1)?.contiguous()
        };
        #[expect(clippy::cast_precision_loss, reason = "a head is a few hundred wide")]
        let scale = 1.0 / (head_width as f64).sqrt();
        let query = (rotate(&split(&self.query, heads)?, place)? * scale)?;
        let key = rotate(&split(&self.key, kv_heads)?, place)?;
        self.keys.slice_set(&key, 1, place.past)?;
        let value = split(&self.value, kv_heads)?;
        self.values.slice_set(&value, 1, place.past)?;
        let keys = self.keys.narrow(1, 0, seen)?;
        let values = self.values.narrow(1, 0, seen)?;
        // Neighbouring heads share their keys and values: one matrix product for all of them.
        let shared = (kv_heads, heads / kv_heads * count, head_width);
        let scores = query.reshape(shared)?.matmul(&keys.transpose(1, 2)?)?;
        let scores = scores.reshape((heads, count, seen))?;
        let scores = match &place.unseen {
            Some(unseen) => scores.broadcast_add(unseen)?,
            None => scores,
        };
        let chances = softmax(&scores)?.reshape((shared.0, shared.1, seen))?;
        let attended = chances.matmul(&values)?;
        let attended = attended.reshape((heads, count, head_width))?;
        let attended = attended.transpose(0, 1)?;
        self.output
            .forward(&attended.reshape((count, heads * head_width))?)
    }

    fn feed(&self, shape: &Shape, stream: &Tensor) -> Result<Tensor> {
        let normed = norm(stream, &self.feed_norm, shape.epsilon)?;
        let gate = self.gate.forward(&normed)?.silu()?;
        self.down.forward(&(gate * self.up.forward(&normed)?)?)
    }
}

fn norm(vectors: &Tensor, weights: &Tensor, epsilon: f64) -> Result<Tensor> {
    let mean = vectors.sqr()?.mean_keepdim(D::Minus1)?;
    let size = (mean + epsilon)?.sqrt()?;
    vectors.broadcast_div(&size)?.broadcast_mul(weights)
}

/// Turns each pair of numbers by its angle; a pair stands half a head apart.
fn rotate(vectors: &Tensor, place: &Place) -> Result<Tensor> {
    let halves = vectors.chunk(2, D::Minus1)?;
    let (x, y) = (&halves[0], &halves[1]);
    let (cosines, sines) = (&place.cosines, &place.sines);
    let left = (x.broadcast_mul(cosines)? - y.broadcast_mul(sines)?)?;
    let right = (x.broadcast_mul(sines)? + y.broadcast_mul(cosines)?)?;
    Tensor::cat(&[left, right], D::Minus1)
}

fn softmax(scores: &Tensor) -> Result<Tensor> {
    let most = scores.max_keepdim(D::Minus1)?;
    let chances = scores.broadcast_sub(&most)?.exp()?;
    chances.broadcast_div(&chances.sum_keepdim(D::Minus1)?)
}

/// Cosine and sine of what each pair of a head is turned by at each position.
fn turns(base: f32, head_width: usize, window: usize) -> Result<(Tensor, Tensor)> {
    #[expect(clippy::cast_precision_loss, reason = "some thousand at most")]
    let angles = (0..window).flat_map(|position| {
        let half = head_width / 2;
        (0..half).map(move |pair| position as f32 / base.powf(pair as f32 / half as f32))
    });
    let shape = (window, head_width / 2);
    let angles = Tensor::from_vec(angles.collect::<Vec<f32>>(), shape, &Device::Cpu)?;
    Ok((angles.cos()?, angles.sin()?))
}

fn unseen(past: usize, count: usize) -> Result<Option<Tensor>> {
    if count == 1 {
        return Ok(None);
    }
    let seen = past + count;
    let of = |at: usize| {
        if at % seen > past + at / seen {
            f32::NEG_INFINITY
        } else {
            0.0
        }
    };
    let mask = (0..count * seen).map(of).collect();
    Tensor::from_vec(mask, (count, seen), &Device::Cpu).map(Some)
}

struct Weights<'a, S> {
    file: &'a Content,
    source: &'a mut S,
}

impl<S: Read + Seek> Weights<'_, S> {
    fn tensor(&mut self, name: &str) -> Result<QTensor> {
        let name = format!("{name}.weight");
        self.file.tensor(self.source, &name, &Device::Cpu)
    }

    fn vector(&mut self, name: &str) -> Result<Tensor> {
        self.tensor(name)?.dequantize(&Device::Cpu)
    }

    /// `turned`: of how many heads the rows are that will be rotated. GGUF stores such rows with
    /// the two of a pair as neighbours; here they come to stand half a head apart, as whole blocks.
    fn matrix(&mut self, name: &str, turned: Option<usize>) -> Result<QMatMul> {
        let stored = self.tensor(name)?;
        let kind = match stored.dtype() {
            GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 => COMPUTABLE,
            kind => kind,
        };
        if kind == stored.dtype() && turned.is_none() {
            return QMatMul::from_qtensor(stored);
        }
        let mut numbers = stored.dequantize(&Device::Cpu)?;
        if let Some(heads) = turned {
            let (rows, columns) = numbers.dims2()?;
            let pairs = numbers.reshape((heads, rows / heads / 2, 2, columns))?;
            numbers = pairs.transpose(1, 2)?.reshape((rows, columns))?;
        }
        QMatMul::from_qtensor(QTensor::quantize(&numbers, kind)?)
    }
}
