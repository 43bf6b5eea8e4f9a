//! What a person can see and do about what is remembered: one file an act.
//!
//! Must stay true: a stranger's id is not found, like one that nobody has; whatever changes memories does it
//! through `remember`, in a transaction that begins by asking whether the caller still may.

mod change;
mod context;
mod export;
mod forget;
mod import;
mod line;
mod list;
mod one;
mod search;
mod stats;
mod storing;
mod timeline;

pub use change::{__path_change, __path_demote, __path_pin, __path_promote};
pub use change::{change, demote, pin, promote};
pub use context::{__path_context, context};
pub use export::{__path_export, export};
pub use forget::{__path_forget, forget, forget_some_of};
pub use import::{__path_import, import};
pub use list::{__path_list, list};
pub use one::{__path_forget_one, __path_read_one, forget_one, read_one};
pub use search::{__path_search, search};
pub use stats::{__path_stats, stats};
pub use storing::{__path_store, store};
pub use timeline::{__path_timeline, timeline};
