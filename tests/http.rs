//! What every answer has in common: errors, ids, headers, and the page.

mod bodies;
mod connections;
mod headers;
mod page;
