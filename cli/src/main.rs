//! `netchat`: the terminal client, and the whole system in one process.

mod chat;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// NetChat: chat in the terminal and in the browser, over UDP.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Chat in this terminal; as a tool where there is none
    Chat(chat::ChatArguments),
    /// Start server and gateway, and say which address to open
    Up(up::UpArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Chat(arguments) => chat::run(arguments).await,
        Command::Up(arguments) => up::run(arguments).await,
    }
}
