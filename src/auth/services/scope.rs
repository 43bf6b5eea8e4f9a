//! What a service may be allowed to do here, as words and as types.

/// A scope in the type of a handler's caller: `ServiceCaller<ReadMetrics>`.
pub trait ServiceScope: Send + Sync + 'static {
    const NAME: &'static str;
}

macro_rules! scopes {
    ($($name:ident = $word:literal),*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl ServiceScope for $name {
            const NAME: &'static str = $word;
        }
    )*};
}

scopes! {
    ReadMetrics = "metrics:read",
    RunBackup = "backup:run",
    ReadUsage = "usage:read",
    RunJobs = "jobs:run"
}
