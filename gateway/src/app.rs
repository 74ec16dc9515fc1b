//! What the gateway answers over HTTP: the web client, `/ws`, `/healthz`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{Request, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use memory_serve::{CacheControl, MemoryServe};
use netchat_shared::via::GatewayKey;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::admission::{Admission, Denied, Permit};
use crate::bridge::{bridge, connect};
use crate::connection::Visitor;
use crate::headers::add_security_headers;
use crate::introducer::Introducer;
use crate::proxies::TrustedProxies;
use crate::site::{Site, SiteError};
use crate::source::Source;
use crate::stream::Stream;
use crate::websocket::{HandshakeError, accept};

/// Tells that the gateway runs, to whoever asks under whatever name.
const HEALTH: &str = "/healthz";

/// What every request needs.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) server: SocketAddr,
    /// What the server knows its gateways by.
    pub(crate) key: Option<GatewayKey>,
    pub(crate) proxies: Arc<TrustedProxies>,
    pub(crate) site: Arc<Site>,
    /// Browsers come over TLS.
    pub(crate) is_tls: bool,
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
            .route(HEALTH, get(async || "ok\n"))
            .with_state(self.clone())
            .merge(client)
            .layer(from_fn_with_state(self, guard))
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
    let browser = app.proxies.browser(peer, request.headers());
    if let Err(error) = app.site.check_page(request.headers()) {
        warn!(client = %browser, "refused: a page of another origin");
        return refuse_site(&error);
    }
    let accepted = match accept(request.method(), request.version(), request.headers()) {
        Ok(accepted) => accepted,
        Err(error) => return refuse_handshake(error),
    };
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse_handshake(HandshakeError::NoUpgrade);
    };
    let permit = match app.admission.enter(Source::of(browser)).await {
        Ok(permit) => permit,
        Err(Denied::Full) => {
            warn!(client = %browser, "refused: too many sessions");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway is full.\n");
        }
        Err(Denied::TooManyFromSource) => {
            warn!(client = %browser, "refused: too many sessions from one address");
            return refuse(StatusCode::TOO_MANY_REQUESTS, "Too many sessions from one address.\n");
        }
    };
    let server = match connect(app.server).await {
        Ok(server) => server,
        Err(error) => {
            warn!(client = %browser, %error, "refused: no UDP socket");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "The gateway has no socket left.\n");
        }
    };
    let introducer = Introducer::new(app.key, browser);
    app.tasks.spawn(run_session(upgrade, server, introducer, permit, app.stopping));
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket")];
    (StatusCode::SWITCHING_PROTOCOLS, headers, [(SEC_WEBSOCKET_ACCEPT, accepted)]).into_response()
}

/// Takes the connection over when the answer has been sent.
async fn run_session(
    upgrade: OnUpgrade,
    server: UdpSocket,
    introducer: Introducer,
    permit: Permit,
    stopping: CancellationToken,
) {
    // An error: the browser has gone before.
    let Ok(upgraded) = upgrade.await else { return };
    if let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Stream>>() {
        bridge(io.into_inner(), read_buf, server, introducer, stopping).await;
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

/// A page of another name gets nothing at all; everything else tells its security policy.
async fn guard(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    let is_kept_for_long = has_hash(request.uri().path());
    let mut response = match app.site.check_host(request.headers()) {
        Err(error) if request.uri().path() != HEALTH => refuse_site(&error),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !is_kept_for_long && headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    add_security_headers(headers, app.is_tls);
    response
}

/// Whether the name of a file or of its folder holds a hash of what is in it, as trunk writes it: behind
/// the last dash, before whatever follows. Other files change under their names.
fn has_hash(path: &str) -> bool {
    let Some((_, behind)) = path.rsplit_once('-') else { return false };
    let hash = behind.split(['.', '_', '/']).next().unwrap_or_default();
    (HASH_DIGITS_MIN..=HASH_DIGITS_MAX).contains(&hash.len())
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Trunk writes a hash of 64 bits without zeros in front.
const HASH_DIGITS_MIN: usize = 12;
const HASH_DIGITS_MAX: usize = 16;

fn refuse_site(error: &SiteError) -> Response {
    let status = match error {
        SiteError::NoHost => StatusCode::BAD_REQUEST,
        SiteError::OtherHost(_) => StatusCode::MISDIRECTED_REQUEST,
        SiteError::OtherPage => StatusCode::FORBIDDEN,
    };
    (status, format!("{error}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_whose_names_hold_a_hash_are_kept_for_long() {
        for name in [
            "/boot-99b5f52197311ecd.js",
            "/netchat-web-f04881439b4204ad_bg.wasm",
            "/netchat-web-0f048814b4204ad1/client.js",
            "/style-f754baad45149f6.css",
        ] {
            assert!(has_hash(name), "{name}");
        }
        for name in ["/", "/sw.js", "/manifest.webmanifest", "/icon-maskable.svg", "/a-deadbeef.js"]
        {
            assert!(!has_hash(name), "{name}");
        }
    }
}
