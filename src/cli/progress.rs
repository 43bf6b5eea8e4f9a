//! How far a long command is, for whoever waits: one line that is rewritten on a terminal, otherwise a
//! line every ten seconds. On standard error, so that what a command says can be read by a program.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use crate::clock::Clock;
use crate::ops::{Step, Steps};

const LINE_EVERY: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub struct Shown {
    clock: Clock,
    terminal: bool,
    since: Duration,
    last: Option<Step>,
}

impl Shown {
    pub fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            terminal: std::io::stderr().is_terminal(),
            since: clock.monotonic(),
            last: None,
        }
    }

    pub fn show(&mut self, step: &Step) {
        if step.step.is_empty() || self.last.as_ref() == Some(step) {
            return;
        }
        let mut screen = std::io::stderr();
        // Progress that cannot be shown must not stop the work.
        if self.terminal {
            let _ = write!(screen, "\r\x1b[K{}", line(step));
            let _ = screen.flush();
        } else {
            let now = self.clock.monotonic();
            if now.saturating_sub(self.since) < LINE_EVERY {
                return;
            }
            self.since = now;
            let _ = writeln!(screen, "{}", line(step));
        }
        self.last = Some(step.clone());
    }

    /// Leaves an empty line for what comes next.
    pub fn end(&self) {
        if self.terminal && self.last.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// Shows how far work in this process is until it is done.
    pub async fn watch<T>(&mut self, steps: &Steps, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let clock = self.clock.clone();
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = clock.sleep(LOOK_EVERY) => self.show(&steps.newest()),
            }
        };
        self.end();
        done
    }
}

fn line(step: &Step) -> String {
    match (step.done, step.total) {
        (0, 0) => format!("{} …", step.step),
        (done, 0) => format!("{}: {done}", step.step),
        (done, total) => {
            let percent = u128::from(done.min(total)) * 100 / u128::from(total);
            format!("{}: {percent} % ({done} of {total})", step.step)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told is a share where the whole is known.
    #[test]
    fn lines_say_how_far_it_is() {
        let step = |done, total| Step {
            step: "copying".into(),
            done,
            total,
        };
        assert_eq!(line(&step(0, 0)), "copying …");
        assert_eq!(line(&step(5, 0)), "copying: 5");
        assert_eq!(
            line(&step(u64::MAX, u64::MAX)),
            format!("copying: 100 % ({0} of {0})", u64::MAX)
        );
    }
}
