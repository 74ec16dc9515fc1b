//! `netchat`: the terminal client, and the whole system in one process.

mod chat;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use netchat_process::{fail, hide_secrets, parse_arguments, say};
use netchat_server::{OneTimeWord, SERVER_PASSWORD};

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
    Up(Box<up::UpArguments>),
    /// Show a one-time word, with which somebody who can't sign in sets their password anew: once, until
    /// the end of the next day (UTC)
    Word(OneTimeWord),
}

fn main() -> ExitCode {
    match std::env::args_os().nth(1).as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("chat") => hide_secrets(&chat::SECRETS),
        Some("up") => hide_secrets(&[SERVER_PASSWORD]),
        _ => {}
    }
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    match parse_arguments::<Arguments>("netchat").command {
        Command::Chat(arguments) => chat::run(arguments).await,
        Command::Up(arguments) => up::run(*arguments).await,
        Command::Word(arguments) => match arguments.word() {
            Ok(word) => {
                say(&word.reveal());
                ExitCode::SUCCESS
            }
            Err(error) => fail("netchat word", &error),
        },
    }
}
