//! My data: what I write to whoever runs this server, and the end of my account.

mod erasure;
mod everything;
mod feedback;
