//! What the fake model server is told to say, and when.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Holds pieces back until the test releases them.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets so many more pieces through.
    pub fn release(&self, pieces: usize) {
        self.0.add_permits(pieces);
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.0.close();
    }

    pub(super) async fn pass(&self) {
        // A closed semaphore is an open gate.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}

#[derive(Clone)]
pub(super) enum Step {
    Thinking(String),
    Text(String),
    /// Bytes as they are, whatever they mean.
    Raw(Vec<u8>),
    Wait(Gate),
    Forever,
}

#[derive(Clone)]
pub(super) enum End {
    Done,
    /// A line with an error, and no more.
    Error(String),
    /// The stream ends politely, without its end mark.
    Cut,
    /// The connection breaks.
    Broken,
}

/// One answer: `Script::says(["Hel", "lo"]).thinking(["Hm"]).gated(&gate)`.
#[derive(Clone)]
pub struct Script {
    pub(super) status: Option<(u16, String)>,
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
    pub(super) done_reason: Option<&'static str>,
    /// Tokens of the prompt and of the answer, as the server counts them.
    pub(super) counts: Option<(u32, u32)>,
    pub(super) load_ms: u64,
}

impl Script {
    pub fn says<T: Into<String>>(pieces: impl IntoIterator<Item = T>) -> Self {
        let texts = pieces.into_iter().map(|piece| Step::Text(piece.into()));
        Self::of(texts.collect())
    }

    /// The bytes of the body, in these chunks. Nothing is added at the end.
    pub fn raw<T: Into<Vec<u8>>>(chunks: impl IntoIterator<Item = T>) -> Self {
        let chunks = chunks.into_iter().map(|chunk| Step::Raw(chunk.into()));
        Self::of(chunks.collect()).cut()
    }

    /// Fails before the first byte. Ollama's body is `{"error": text}`; an empty text is no body,
    /// as after its host check.
    pub fn status(status: u16, text: &str) -> Self {
        let mut script = Self::of(vec![]);
        script.status = Some((status, text.into()));
        script
    }

    /// Accepts the request and never answers.
    pub fn hang() -> Self {
        Self::of(vec![Step::Forever])
    }

    fn of(steps: Vec<Step>) -> Self {
        Self {
            status: None,
            steps,
            end: End::Done,
            done_reason: Some("stop"),
            counts: None,
            load_ms: 0,
        }
    }

    /// Puts thinking before what it says.
    pub fn thinking<T: Into<String>>(mut self, pieces: impl IntoIterator<Item = T>) -> Self {
        let thoughts = pieces.into_iter().map(|piece| Step::Thinking(piece.into()));
        self.steps.splice(0..0, thoughts);
        self
    }

    /// Holds every piece back, and the end, until the gate lets it through.
    pub fn gated(mut self, gate: &Gate) -> Self {
        let steps = std::mem::take(&mut self.steps);
        for step in steps {
            self.steps.extend([Step::Wait(gate.clone()), step]);
        }
        self.steps.push(Step::Wait(gate.clone()));
        self
    }

    pub fn done_reason(mut self, reason: Option<&'static str>) -> Self {
        self.done_reason = reason;
        self
    }

    pub fn counts(mut self, prompt: u32, output: u32) -> Self {
        self.counts = Some((prompt, output));
        self
    }

    pub fn load_ms(mut self, load_ms: u64) -> Self {
        self.load_ms = load_ms;
        self
    }

    /// After its pieces: an error line.
    pub fn error_midstream(mut self, text: &str) -> Self {
        self.end = End::Error(text.into());
        self
    }

    /// After its pieces: the end, without `done`.
    pub fn cut(mut self) -> Self {
        self.end = End::Cut;
        self
    }

    /// After its pieces: the connection breaks.
    pub fn drop_connection(mut self) -> Self {
        self.end = End::Broken;
        self
    }

    /// After its pieces: bytes that are no JSON.
    pub fn garbage(mut self) -> Self {
        let garbage = b"{\"model\": \"x\", \"message\": {\"role\": \n\xff\xfe not json\n";
        self.steps.push(Step::Raw(garbage.to_vec()));
        self.cut()
    }

    /// After its pieces: silence.
    pub fn stall(mut self) -> Self {
        self.steps.push(Step::Forever);
        self
    }
}
