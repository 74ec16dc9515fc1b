//! The gateway between browsers and a UDP socket that the test holds.

#![expect(clippy::unwrap_used, reason = "tests")]

mod gateway {
    /// Certificates by themselves.
    mod acme;
    /// A certificate authority that runs in the test.
    mod authority;
    /// A gateway that runs in the test.
    mod front;
    /// What the server is told of browsers.
    mod introduction;
    /// Who may ask, and what browsers are told.
    mod site;
    /// Certificates from files.
    mod tls;
    /// RFC 6455, case by case.
    mod websocket_rfc;
}
