//! Stands in for the demonstration model in builds without it, so that nothing else needs to know.

use std::convert::Infallible;

use crate::clock::Clock;
use crate::config;

use super::model::{ChatRequest, ModelInfo, Piece};
use super::problem::Fault;
use super::queue::{Line, Place};

/// No value of this type exists.
#[derive(Clone)]
pub(super) struct Demo(Infallible);

impl Demo {
    pub const BUILT_IN: bool = false;

    pub fn find(_config: &config::Model, _clock: Clock) -> Option<Self> {
        None
    }

    pub fn is_there(&self) -> bool {
        match self.0 {}
    }

    pub fn info(&self) -> ModelInfo {
        match self.0 {}
    }

    pub fn line(&self) -> &Line {
        match self.0 {}
    }

    pub fn rest(&self) {
        match self.0 {}
    }

    pub fn answer(&self, _request: ChatRequest) -> DemoAnswer {
        match self.0 {}
    }
}

pub(super) struct DemoAnswer(Infallible);

impl DemoAnswer {
    #[expect(clippy::unused_async, reason = "has the form of what it stands in for")]
    pub async fn next(&mut self, _place: &mut Option<Place>) -> Result<Piece, Fault> {
        match self.0 {}
    }
}
