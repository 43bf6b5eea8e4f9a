//! What an API token may be allowed to do, as words and as types.

/// All scopes there are (API.md).
pub const SCOPES: [&str; 7] = [
    ChatRead::NAME,
    ChatWrite::NAME,
    MemoryRead::NAME,
    MemoryWrite::NAME,
    UsageRead::NAME,
    OpenAi::NAME,
    McpUse::NAME,
];

/// A scope in the type of a handler's caller: `Caller<ChatRead>`.
pub trait Scope: Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether a token needs this scope; only knowing oneself needs none.
    const NEEDED: bool = true;
}

macro_rules! scopes {
    ($($name:ident = $word:literal),*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl Scope for $name {
            const NAME: &'static str = $word;
        }
    )*};
}

scopes! {
    ChatRead = "chat:read",
    ChatWrite = "chat:write",
    MemoryRead = "memory:read",
    MemoryWrite = "memory:write",
    UsageRead = "usage:read",
    OpenAi = "openai",
    McpUse = "mcp"
}

/// Any good token will do.
#[derive(Clone, Copy, Debug)]
pub enum Anything {}

impl Scope for Anything {
    const NAME: &'static str = "";
    const NEEDED: bool = false;
}
