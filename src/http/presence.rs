//! Doors: whoever serves a long connection holds one for the sign-in or token it was opened with, and
//! whoever ends that closes it, so that nothing goes on being served, and no body is read to its end.
//!
//! Must stay true: a door is taken before storage is asked whether the sign-in lives; so an end that
//! comes between the two is not missed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Closes when its sign-in or token ends.
#[derive(Clone, Debug)]
pub struct Door(Arc<CancellationToken>);

impl Door {
    /// Returns once it is closed.
    pub async fn closed(&self) {
        self.0.cancelled().await;
    }

    pub fn is_closed(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// The open doors, by the id of what they were opened with.
#[derive(Debug, Default)]
pub struct Presence(Mutex<HashMap<Uuid, Weak<CancellationToken>>>);

impl Presence {
    fn doors(&self) -> MutexGuard<'_, HashMap<Uuid, Weak<CancellationToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The door of a sign-in or token; the same one for as long as anybody holds it.
    pub fn door(&self, id: Uuid) -> Door {
        let mut doors = self.doors();
        if let Some(door) = doors.get(&id).and_then(Weak::upgrade) {
            return Door(door);
        }
        let door = Arc::new(CancellationToken::new());
        doors.insert(id, Arc::downgrade(&door));
        Door(door)
    }

    /// Ends what is served through these.
    pub fn close(&self, ids: impl IntoIterator<Item = Uuid>) {
        let mut doors = self.doors();
        for id in ids {
            if let Some(door) = doors.remove(&id).and_then(|door| door.upgrade()) {
                door.cancel();
            }
        }
    }

    /// Forgets the doors that nobody holds.
    pub fn sweep(&self) {
        self.doors().retain(|_, door| door.strong_count() > 0);
    }
}
