//! What the service answers: work for its users, health and numbers for its watchers, a share for its operators.

use super::page;
use super::trouble::Trouble;
use super::world::{Shared, lock};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Between two looks whether the page may answer again.
const SILENT_POLL: Duration = Duration::from_millis(100);

/// All routes.
pub fn router(world: Shared) -> Router {
    Router::new()
        .route("/", get(work))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/admin/share", get(share).post(set_share))
        .route("/inbox", get(inbox))
        .route("/inbox/{channel}", post(take))
        .with_state(world)
}

/// One request of a user: the router picks an arm by weight, the arm works, and the answer is counted.
async fn work(State(world): State<Shared>) -> Response {
    let (began, fate) = (Instant::now(), lock(&world).next());
    tokio::time::sleep(fate.takes).await;
    let mut world = lock(&world);
    world.count(fate.arm, fate.fails, began.elapsed().as_secs_f64());
    let arm = &world.arms()[fate.arm as usize];
    let status = if fate.fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    (status, [("x-arm", arm.name), ("x-version", arm.version)], if fate.fails { "error\n" } else { "ok\n" })
        .into_response()
}

async fn health(State(world): State<Shared>) -> Response {
    let mut world = lock(&world);
    let (status, word) = match world.is_sick() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "sick"),
        false => (StatusCode::OK, "ok"),
    };
    let (share, uptime) = (world.share(), world.uptime().as_secs());
    let [stable, canary] = world.arms();
    reply(
        status,
        &json!({
            "status": word,
            "service": "demo-shop",
            "version": stable.version,
            "canary": { "version": canary.version, "share": share },
            "uptime_seconds": uptime,
        }),
    )
}

/// The page; while it is silent its readers wait until they give up.
async fn metrics(State(world): State<Shared>) -> Response {
    while lock(&world).troubles().size(Trouble::Silence) > 0.0 {
        tokio::time::sleep(SILENT_POLL).await;
    }
    ([(CONTENT_TYPE, page::CONTENT_TYPE)], page::page(&mut lock(&world))).into_response()
}

async fn share(State(world): State<Shared>) -> Response {
    reply(StatusCode::OK, &json!({ "canary": lock(&world).share() }))
}

/// Sets the share. The same idempotency key gets the same answer, and changes nothing a second time.
async fn set_share(State(world): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get("idempotency-key").and_then(|k| k.to_str().ok());
    let mut world = lock(&world);
    if let Some(answer) = key.and_then(|k| world.answer_to(k)) {
        let mut response = text(StatusCode::OK, answer);
        response.headers_mut().insert("idempotency-replayed", axum::http::HeaderValue::from_static("true"));
        return response;
    }
    let wanted = serde_json::from_slice::<Value>(&body).ok().and_then(|v| v.get("canary")?.as_u64());
    let Some(percent) = wanted.and_then(|p| u8::try_from(p).ok()).filter(|p| *p <= 100) else {
        return reply(
            StatusCode::BAD_REQUEST,
            &json!({ "error": "want {\"canary\": 0..100}, a whole number" }),
        );
    };
    let was = world.set_share(percent);
    let answer = json!({ "canary": percent, "was": was }).to_string();
    if let Some(key) = key {
        world.keep_answer(key.to_string(), answer.clone());
    }
    text(StatusCode::OK, answer)
}

/// Stands in for a chat's webhook or a pager: takes what people are told. The same idempotency key is one message.
async fn take(
    State(world): State<Shared>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return reply(StatusCode::BAD_REQUEST, &json!({ "error": "want JSON" }));
    };
    let key = headers.get("idempotency-key").and_then(|k| k.to_str().ok());
    let taken = lock(&world).take(channel, key, message);
    reply(StatusCode::ACCEPTED, &json!({ "status": "success", "messages": taken }))
}

/// What it took, oldest first.
async fn inbox(State(world): State<Shared>) -> Response {
    let taken: Vec<Value> = lock(&world)
        .inbox()
        .map(|(channel, _, message)| json!({ "channel": channel, "message": message }))
        .collect();
    reply(StatusCode::OK, &Value::Array(taken))
}

fn reply(status: StatusCode, body: &Value) -> Response {
    text(status, body.to_string())
}

fn text(status: StatusCode, mut body: String) -> Response {
    body.push('\n');
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
