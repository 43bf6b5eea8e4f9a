//! The line in front of a model server. A server works on few answers at once and keeps everybody
//! else waiting without a word; here they wait in a fair order and are told their place in it.
//!
//! Must stay true: persons take turns, whoever asked how often; within a person first come, first
//! served; background work runs only when no person waits; who stops waiting leaves the line.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use super::model::Purpose;

/// Waiting requests, background included; the next one is turned away.
pub(super) const LONGEST_LINE: usize = 512;

/// Who is next: the rules, without time or tasks.
#[derive(Debug)]
struct Order {
    /// Answers at once; 0 = no bound.
    at_once: usize,
    running: usize,
    next_number: u64,
    /// Persons in the order of their turns. Each has at least one number waiting.
    turns: VecDeque<Uuid>,
    waiting: HashMap<Uuid, VecDeque<u64>>,
    background: VecDeque<u64>,
    /// Called up, and not yet noticed by who waits.
    called: Vec<u64>,
}

impl Order {
    fn new(at_once: usize) -> Self {
        Self {
            at_once,
            running: 0,
            next_number: 0,
            turns: VecDeque::new(),
            waiting: HashMap::new(),
            background: VecDeque::new(),
            called: Vec::new(),
        }
    }

    fn length(&self) -> usize {
        self.background.len() + self.waiting.values().map(VecDeque::len).sum::<usize>()
    }

    /// A number in the line, possibly called up at once; `None` when the line is full.
    fn enter(&mut self, person: Uuid, purpose: Purpose) -> Option<u64> {
        if self.length() >= LONGEST_LINE {
            return None;
        }
        let number = self.next_number;
        self.next_number += 1;
        match purpose {
            Purpose::Background => self.background.push_back(number),
            Purpose::Answer => {
                let numbers = self.waiting.entry(person).or_default();
                if numbers.is_empty() {
                    self.turns.push_back(person);
                }
                numbers.push_back(number);
            }
        }
        self.call_up();
        Some(number)
    }

    /// Calls up as many as there is room for.
    fn call_up(&mut self) {
        while self.at_once == 0 || self.running < self.at_once {
            let Some(number) = self.take_next() else {
                return;
            };
            self.running += 1;
            self.called.push(number);
        }
    }

    fn take_next(&mut self) -> Option<u64> {
        let Some(person) = self.turns.pop_front() else {
            return self.background.pop_front();
        };
        let numbers = self.waiting.get_mut(&person)?;
        let number = numbers.pop_front();
        if numbers.is_empty() {
            self.waiting.remove(&person);
        } else {
            self.turns.push_back(person);
        }
        number
    }

    /// True once, when the number has been called up: the caller now holds the place.
    fn take_call(&mut self, number: u64) -> bool {
        let at = self.called.iter().position(|&called| called == number);
        at.is_some_and(|at| {
            self.called.swap_remove(at);
            true
        })
    }

    /// How many are called up before this number, itself included: the rounds are played through.
    fn position(&self, number: u64) -> usize {
        let mut before = 0;
        let mut round = 0;
        loop {
            let mut anybody = false;
            for person in &self.turns {
                let Some(&in_turn) = self.waiting.get(person).and_then(|n| n.get(round)) else {
                    continue;
                };
                anybody = true;
                before += 1;
                if in_turn == number {
                    return before;
                }
            }
            if !anybody {
                break;
            }
            round += 1;
        }
        let behind = self.background.iter().position(|&n| n == number);
        before + behind.map_or(0, |behind| behind + 1)
    }

    /// Leaves the line, called up or not.
    fn leave(&mut self, number: u64) {
        if self.take_call(number) {
            self.finish();
            return;
        }
        self.background.retain(|&n| n != number);
        self.waiting.retain(|_, numbers| {
            numbers.retain(|&n| n != number);
            !numbers.is_empty()
        });
        let waiting = &self.waiting;
        self.turns.retain(|person| waiting.contains_key(person));
    }

    fn finish(&mut self) {
        self.running = self.running.saturating_sub(1);
        self.call_up();
    }

    fn is_idle(&self) -> bool {
        self.running == 0 && self.length() == 0
    }
}

/// The line of one server.
#[derive(Clone)]
pub(super) struct Line(Arc<Shared>);

struct Shared {
    order: Mutex<Order>,
    changed: watch::Sender<()>,
    /// How many who wait for an answer are in the line or being answered.
    people: watch::Sender<usize>,
}

/// Somebody who waits for an answer, from the line to its end.
struct Person(Line);

impl Drop for Person {
    fn drop(&mut self) {
        let people = &self.0.0.people;
        people.send_modify(|people| *people = people.saturating_sub(1));
    }
}

impl Line {
    /// `at_once` = answers at the same time; 0 = everybody at once.
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Shared {
            order: Mutex::new(Order::new(at_once)),
            changed: watch::Sender::new(()),
            people: watch::Sender::new(0),
        }))
    }

    /// Joins the line; `None` when it is full.
    pub fn enter(&self, person: Uuid, purpose: Purpose) -> Option<Waiting> {
        // Listening begins before the number is drawn, so that no change is missed.
        let changed = self.0.changed.subscribe();
        let number = self.order().enter(person, purpose)?;
        self.0.changed.send_replace(());
        let answer = (purpose == Purpose::Answer).then(|| {
            self.0.people.send_modify(|people| *people += 1);
            Person(self.clone())
        });
        Some(Waiting {
            answer,
            line: self.clone(),
            number,
            changed,
            told: None,
            left: false,
        })
    }

    pub fn is_idle(&self) -> bool {
        self.order().is_idle()
    }

    /// Waits until nobody is in the line or at the server, or until somebody is.
    pub async fn until(&self, idle: bool) {
        let mut changed = self.0.changed.subscribe();
        while self.is_idle() != idle {
            // The sender lives as long as the line we hold, so this never fails.
            let _ = changed.changed().await;
        }
    }

    /// Returns as soon as somebody waits for an answer.
    pub async fn wanted(&self) {
        let mut people = self.0.people.subscribe();
        // The sender lives as long as the line we hold, so this never fails.
        let _ = people.wait_for(|people| *people > 0).await;
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody in the line.
pub(super) struct Waiting {
    line: Line,
    number: u64,
    changed: watch::Receiver<()>,
    told: Option<usize>,
    left: bool,
    answer: Option<Person>,
}

pub(super) enum Turn {
    /// The place in the line has changed; 1 is next.
    Position(usize),
    Now(Place),
}

impl Waiting {
    /// The next news. May be dropped and asked again; not to be asked after `Now`.
    pub async fn next(&mut self) -> Turn {
        loop {
            self.changed.mark_unchanged();
            {
                let mut order = self.line.order();
                if order.take_call(self.number) {
                    self.left = true;
                    return Turn::Now(Place(self.line.clone(), self.answer.take()));
                }
                let position = order.position(self.number);
                if self.told != Some(position) {
                    self.told = Some(position);
                    return Turn::Position(position);
                }
            }
            // The sender lives as long as the line we hold, so this never fails.
            let _ = self.changed.changed().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.left {
            self.line.order().leave(self.number);
            self.line.0.changed.send_replace(());
        }
    }
}

/// The right to use the server, until dropped.
pub(super) struct Place(
    Line,
    #[expect(dead_code, reason = "counts while it lives")] Option<Person>,
);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.order().finish();
        self.0.0.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn persons() -> (Uuid, Uuid, Uuid) {
        (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3))
    }

    /// Finishes one answer after the other and notes who was called up.
    fn calls(order: &mut Order, times: usize) -> Vec<u64> {
        (0..times)
            .filter_map(|_| {
                order.finish();
                order.called.pop()
            })
            .collect()
    }

    /// One person with many questions does not keep the others waiting.
    #[test]
    fn persons_take_turns() {
        let (ada, bob, eve) = persons();
        let mut order = Order::new(1);
        let mut ask = |person| order.enter(person, Purpose::Answer).unwrap();
        let running = ask(ada);
        let [a1, a2, a3] = [ask(ada), ask(ada), ask(ada)];
        let [b1, e1, b2] = [ask(bob), ask(eve), ask(bob)];
        assert!(order.take_call(running));
        let expected = vec![a1, b1, e1, a2, b2, a3];
        let positions: Vec<_> = expected.iter().map(|&n| order.position(n)).collect();
        assert_eq!(positions, [1, 2, 3, 4, 5, 6]);
        assert_eq!(calls(&mut order, 6), expected);
    }

    /// Titles never delay an answer.
    #[test]
    fn background_waits_for_everybody() {
        let (ada, bob, _) = persons();
        let mut order = Order::new(1);
        order.enter(ada, Purpose::Answer).unwrap();
        order.called.clear();
        let title = order.enter(ada, Purpose::Background).unwrap();
        let answer = order.enter(bob, Purpose::Answer).unwrap();
        assert_eq!((order.position(answer), order.position(title)), (1, 2));
        assert_eq!(calls(&mut order, 2), [answer, title]);
    }

    /// Who closes the page frees the place, whether waiting or just called up.
    #[test]
    fn leaving_moves_the_line_up() {
        let (ada, bob, eve) = persons();
        let mut order = Order::new(1);
        let first = order.enter(ada, Purpose::Answer).unwrap();
        let second = order.enter(bob, Purpose::Answer).unwrap();
        let third = order.enter(eve, Purpose::Answer).unwrap();
        order.leave(second);
        assert_eq!(order.position(third), 1);
        order.leave(first);
        assert!(order.take_call(third));
        order.finish();
        assert!(order.is_idle());
    }

    /// The line has an end, and 0 means no line at all.
    #[test]
    fn the_line_is_bounded() {
        let (ada, ..) = persons();
        let mut order = Order::new(1);
        for _ in 0..=LONGEST_LINE {
            assert!(order.enter(ada, Purpose::Answer).is_some());
        }
        assert!(order.enter(ada, Purpose::Answer).is_none());
        let mut open = Order::new(0);
        for _ in 0..2000 {
            assert!(open.enter(ada, Purpose::Answer).is_some());
        }
    }
}
