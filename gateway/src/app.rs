//! What the gateway answers over HTTP: the web client, `/ws`, `/healthz`.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{
    CONNECTION, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_VERSION, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Request, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use memory_serve::{CacheControl, MemoryServe};
use tokio::net::{TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::admission::{Admission, Denied, Permit};
use crate::bridge::{bridge, connect};
use crate::connection::Visitor;
use crate::origin::OriginRule;
use crate::source::Source;
use crate::websocket::{HandshakeError, accept};

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
    /// Everything that runs, so that a stopping gateway can wait for it.
    pub(crate) tasks: TaskTracker,
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
    Extension(Visitor { peer }): Extension<Visitor>,
    mut request: Request<Body>,
) -> Response {
    if !app.origins.allows(request.headers()) {
        warn!(client = %peer, "refused: a page of another origin");
        return refuse(StatusCode::FORBIDDEN, "This page may not connect here.\n");
    }
    let accepted = match accept(request.method(), request.version(), request.headers()) {
        Ok(accepted) => accepted,
        Err(error) => return refuse_handshake(error),
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse_handshake(HandshakeError::NoUpgrade);
    };
    let permit = match app.admission.enter(Source::of(peer.ip())).await {
        Ok(permit) => permit,
        Err(Denied::Full) => {
            warn!(client = %peer, "refused: too many sessions");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway is full.\n");
        }
        Err(Denied::TooManyFromSource) => {
            warn!(client = %peer, "refused: too many sessions from one address");
            return refuse(StatusCode::TOO_MANY_REQUESTS, "Too many sessions from one address.\n");
        }
    };
    let server = match connect(app.server).await {
        Ok(server) => server,
        Err(error) => {
            warn!(client = %peer, %error, "refused: no UDP socket");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway has no socket left.\n");
        }
    };
    app.tasks.spawn(run_session(upgrade, server, permit, app.stopping));
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket")];
    (StatusCode::SWITCHING_PROTOCOLS, headers, [(SEC_WEBSOCKET_ACCEPT, accepted)]).into_response()
}

/// Takes the connection over when the answer has been sent.
async fn run_session(
    upgrade: OnUpgrade,
    server: UdpSocket,
    permit: Permit,
    stopping: CancellationToken,
) {
    // An error: the browser has gone before.
    let Ok(upgraded) = upgrade.await else { return };
    if let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() {
        bridge(io.into_inner(), read_buf, server, stopping).await;
    }
    drop(permit);
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    let mut response = (status, why).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn refuse_handshake(error: HandshakeError) -> Response {
    let status = match error {
        HandshakeError::NoUpgrade | HandshakeError::Version => StatusCode::UPGRADE_REQUIRED,
        HandshakeError::Key => StatusCode::BAD_REQUEST,
    };
    let headers = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
    (status, headers, format!("{error}\n")).into_response()
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
