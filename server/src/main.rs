//! `netchat-server`: the server as a program of its own.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use netchat_process::{fail, hide_secrets, init_log, parse_arguments, say, shutdown_signal};
use netchat_server::{OneTimeWord, SERVER_PASSWORD, Server, ServerConfig, default_listen_address};

/// The NetChat server: accounts, messages, groups and receipts over UDP.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The address to listen on (UDP); port 0 takes any free one
    #[arg(long, env = "NETCHAT_LISTEN", default_value_t = default_listen_address(), value_name = "ADDRESS")]
    listen: SocketAddr,

    #[command(flatten)]
    server: ServerConfig,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What it does beside serving.
#[derive(Debug, Subcommand)]
enum Command {
    /// Show a one-time word, with which somebody who can't sign in sets their password anew: once, until
    /// the end of the next day (UTC)
    Word(OneTimeWord),
}

/// What the program is called in what it says.
const NAME: &str = "netchat-server";

fn main() -> ExitCode {
    hide_secrets(&[SERVER_PASSWORD]);
    run()
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> ExitCode {
    let mut arguments: Arguments = parse_arguments(NAME);
    if let Err(error) = init_log() {
        return fail(NAME, &error);
    }
    if let Some(Command::Word(word)) = &arguments.command {
        return match word.word() {
            Ok(word) => {
                say(&word.reveal());
                ExitCode::SUCCESS
            }
            Err(error) => fail(NAME, &error),
        };
    }
    if let Err(error) = arguments.server.read_password() {
        return fail(NAME, &error);
    }
    let server = match Server::bind(arguments.listen, &arguments.server) {
        Ok(server) => server,
        Err(error) => return fail(NAME, &error),
    };
    say(&format_args!("netchat-server: listening on {} (UDP)", server.local_address()));
    say(&format_args!("netchat-server: clients should see the code {}", server.code()));
    match server.run(shutdown_signal()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(NAME, &error),
    }
}
