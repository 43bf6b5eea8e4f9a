//! The people who have accounts here, for administrators and for whoever has a shell: look at them, and
//! change what they may do.
//!
//! Must stay true: nobody's words are here, and no password is chosen for anybody; every change is
//! stored with its event; there is always somebody who can administer.

pub(super) mod change;
mod count;
pub(super) mod list;
mod shell;

pub use change::{Act, Change, account as open_account, must_be_another};
pub use count::{Accounts, count};
pub use shell::{Account, accounts, set};

use crate::app::App;
use crate::error::{Error, Result};

/// Passes when there is a plan of this name.
///
/// # Errors
/// `plan_unknown`.
pub fn known_plan(app: &App, name: &str) -> Result<()> {
    let plans = &app.config.plans;
    if plans.get(name).is_some() {
        return Ok(());
    }
    let message = format!(
        "There is no such plan; there are {}.",
        plans.names().join(", ")
    );
    Err(Error::field("plan_unknown", "plan", message))
}
