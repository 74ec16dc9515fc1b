//! Where lines come from: an editor on a terminal, plain lines otherwise.
//!
//! Reading blocks, so it is done on a thread of its own, one line at a time, each asked for with its
//! prompt.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, ExternalPrinter, Helper};
use tokio::sync::mpsc;

use super::terminal::Prompt;

/// Something that was typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Line(String),
    /// The input ended.
    End,
}

/// A line that is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) prompt: Prompt,
    /// Names to complete.
    pub(crate) names: Vec<String>,
}

/// The reading thread, and a printer that does not tear the line being typed.
pub(crate) struct Input {
    wanted: SyncSender<Wanted>,
    pub(crate) typed: mpsc::Receiver<Typed>,
    pub(crate) printer: Box<dyn ExternalPrinter + Send>,
    pub(crate) is_terminal: bool,
}

impl Input {
    /// Starts reading: with an editor if both ends are a terminal.
    pub(crate) fn start() -> io::Result<Self> {
        let (wanted, requests) = sync_channel(1);
        let (sender, typed) = mpsc::channel(1);
        let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let thread = std::thread::Builder::new().name("input".to_owned());
        let printer: Box<dyn ExternalPrinter + Send> = if is_terminal {
            let config = Config::builder().auto_add_history(true).build();
            let history = MemHistory::with_config(&config);
            let mut editor = Editor::with_history(config, history).map_err(io::Error::other)?;
            editor.set_helper(Some(Names(Vec::new())));
            let printer = editor.create_external_printer().map_err(io::Error::other)?;
            thread.spawn(move || edit_lines(editor, &requests, &sender))?;
            Box::new(printer)
        } else {
            thread.spawn(move || read_lines(&requests, &sender))?;
            Box::new(PlainPrinter)
        };
        Ok(Self { wanted, typed, printer, is_terminal })
    }

    /// Asks for a line. The one asked for before must have come.
    pub(crate) fn want(&self, wanted: Wanted) {
        // Only fails when the thread has ended, and then it has said so.
        let _ = self.wanted.send(wanted);
    }
}

fn edit_lines(
    mut editor: Editor<Names, MemHistory>,
    requests: &Receiver<Wanted>,
    typed: &mpsc::Sender<Typed>,
) {
    while let Ok(Wanted { prompt, names }) = requests.recv() {
        if let Some(helper) = editor.helper_mut() {
            *helper = Names(names);
        }
        let line = if prompt.is_secret {
            rpassword::prompt_password(prompt.text).map_err(ReadlineError::from)
        } else {
            editor.readline(prompt.text)
        };
        let line = line.map_or(Typed::End, Typed::Line);
        let ended = line == Typed::End;
        if typed.blocking_send(line).is_err() || ended {
            return;
        }
    }
}

fn read_lines(requests: &Receiver<Wanted>, typed: &mpsc::Sender<Typed>) {
    let mut lines = io::stdin().lock().lines();
    while let Ok(Wanted { prompt, .. }) = requests.recv() {
        if !prompt.text.is_empty() {
            let _ = PlainPrinter.print(prompt.text.trim_end().to_owned());
        }
        let line = lines.next().and_then(Result::ok).map_or(Typed::End, Typed::Line);
        let ended = line == Typed::End;
        if typed.blocking_send(line).is_err() || ended {
            return;
        }
    }
}

/// Plain lines, flushed at once.
struct PlainPrinter;

impl ExternalPrinter for PlainPrinter {
    fn print(&mut self, line: String) -> rustyline::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", line.trim_end_matches('\n'))?;
        Ok(out.flush()?)
    }
}

/// Completes the names of those who are online.
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..position];
        let start = typed.rfind([' ', ';']).map_or(0, |at| at + 1);
        let matching = self.0.iter().filter(|name| name.starts_with(&typed[start..]));
        Ok((start, matching.cloned().collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}
