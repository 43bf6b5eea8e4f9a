//! Which models there are to talk to, or what is in the way.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, ChatRead};
use crate::http::Json;
use crate::outside::ProviderKind;

#[derive(Serialize, ToSchema)]
pub struct ModelView {
    pub name: String,
    /// The model's own limit, tokens.
    pub context_length: Option<u32>,
    /// The window that is used, tokens.
    pub num_ctx: u32,
    pub thinking: bool,
}

/// What is in the way, and the shell lines that help.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    pub code: &'static str,
    pub error: String,
    pub commands: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Models {
    #[schema(value_type = String, example = "ollama")]
    pub provider: ProviderKind,
    /// The answers come from the demonstration model: a toy for a first look.
    pub demo: bool,
    pub default: Option<String>,
    pub items: Vec<ModelView>,
    pub problem: Option<Problem>,
}

/// The models of the configured server.
#[utoipa::path(get, path = "/api/chat/models", tag = "chat", responses((status = 200, body = Models)))]
pub async fn models(State(app): State<App>, _caller: Caller<ChatRead>) -> Json<Models> {
    let list = app.models.list().await;
    let items = list.items.into_iter().map(|model| ModelView {
        name: model.name,
        context_length: model.context_length,
        num_ctx: model.num_ctx,
        thinking: model.thinking,
    });
    Json(Models {
        provider: list.provider,
        demo: list.demo,
        default: list.default,
        items: items.collect(),
        problem: list.problem.map(|p| Problem {
            code: p.code,
            error: p.message,
            commands: p.commands,
        }),
    })
}
