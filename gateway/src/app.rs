//! What the gateway answers over HTTP: the web client, `/ws`, `/healthz`.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use memory_serve::{CacheControl, MemoryServe};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::admission::{Admission, Denied};
use crate::bridge::{bridge, connect};
use crate::limits::{
    FRAME_BYTES_MAX, READ_BUFFER_BYTES, WRITE_BUFFER_BYTES, WRITE_BUFFER_BYTES_MAX,
};
use crate::origin::OriginRule;

/// Nothing but the client's own files runs, and it talks to nobody but this gateway.
const SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every request needs.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) server: SocketAddr,
    pub(crate) origins: OriginRule,
    pub(crate) admission: Admission,
    /// Cancelled when the gateway stops.
    pub(crate) stopping: CancellationToken,
    /// Each session holds a token of it, so that a stopping gateway can wait for them.
    pub(crate) sessions: TaskTracker,
}

impl App {
    pub(crate) fn into_router(self) -> Router {
        // The names of all other files hold their hash.
        let client = client()
            .index_file(Some("/index.html"))
            .html_cache_control(CacheControl::NoCache)
            .cache_control(CacheControl::Long)
            .into_router();
        Router::new()
            .route("/ws", get(open_session))
            .route("/healthz", get(async || "ok\n"))
            .with_state(self)
            .merge(client)
            .layer(map_response(add_security_headers))
    }
}

/// The files of the web client, put into the binary by the build script.
#[expect(unused_qualifications, reason = "in the code that the macro generates")]
fn client() -> MemoryServe {
    memory_serve::load!()
}

async fn open_session(
    State(app): State<App>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !app.origins.allows(&headers) {
        warn!(%client, "refused: a page of another origin");
        return refuse(StatusCode::FORBIDDEN, "This page may not connect here.\n");
    }
    let permit = match app.admission.enter(client.ip()).await {
        Ok(permit) => permit,
        Err(Denied::Full) => {
            warn!(%client, "refused: too many sessions");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway is full.\n");
        }
        Err(Denied::TooManyFromAddress) => {
            warn!(%client, "refused: too many sessions from one address");
            return refuse(StatusCode::TOO_MANY_REQUESTS, "Too many sessions from one address.\n");
        }
    };
    let server = match connect(app.server).await {
        Ok(server) => server,
        Err(error) => {
            warn!(%client, %error, "refused: no UDP socket");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway has no socket left.\n");
        }
    };
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_upgrade(move |browser| async move {
            let _held = (permit, app.sessions.token());
            bridge(browser, server, app.stopping).await;
        })
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, why).into_response()
}

async fn add_security_headers(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (CONTENT_SECURITY_POLICY, SECURITY_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
