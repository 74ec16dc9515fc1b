//! What the session asks before somebody is signed in.

use netchat_client::session::{Question, Session};
use netchat_shared::time::Instant;

use super::{Terminal, View};

impl Terminal {
    pub(super) fn handle_question(
        &mut self,
        now: Instant,
        question: Question,
        session: &mut Session,
    ) {
        let is_trust = matches!(question, Question::ServerKey { .. } | Question::Classic);
        if self.me.is_some() && !self.given.is_interactive && !is_trust {
            // What a script says next is meant for the chat: it is no password.
            return self.stop("The server asks for the password again: please start anew.");
        }
        match question {
            Question::ServerPassword { wrong } => {
                if wrong {
                    self.report("Locked: this is not the server's password.".to_owned());
                }
                match self.given.server_password.take() {
                    Some(password) => session.answer_server_password(now, password),
                    None => self.view = View::ServerPassword,
                }
            }
            Question::Name { refused } => {
                if let Some(why) = refused {
                    self.report(why);
                }
                match self.given.name.take() {
                    Some(name) => session.answer_name(now, name),
                    None => self.view = View::Name,
                }
            }
            Question::Password { wrong, .. } => {
                if let Some(word) = self.given.word.take() {
                    return session.answer_word(now, word);
                }
                if wrong {
                    self.report("WRONG: this is not the password of that name.".to_owned());
                }
                self.ask_password(now, "Please enter your password: ", session);
            }
            Question::Word { name, wrong } => {
                if let Some(word) = self.given.word.take() {
                    return session.answer_word(now, word);
                }
                self.report(match wrong {
                    true => {
                        "WRONG: this is not the one-time word of that name, or it has expired."
                            .to_owned()
                    }
                    false => format!(
                        "{name} is an account of an earlier version: to give it a password, ask whoever \
                         runs this server for a one-time word (netchat word {name})."
                    ),
                });
                self.view = View::Word;
            }
            Question::NewPassword { .. } => {
                self.ask_password(now, "Please choose a password: ", session);
            }
            Question::ServerKey { expected, offered, may_accept } => {
                self.report(format!(
                    "This is not the server that is meant: its code is {expected}, and {offered} \
                     answers. Somebody may be pretending to be it; nothing was sent. Ask whoever \
                     runs it."
                ));
                let may_accept = may_accept && self.given.is_interactive;
                self.view = if may_accept { View::ServerKey } else { View::Done };
            }
            Question::Classic => {
                self.report(
                    "This server speaks only the classic protocol: whoever sees the network can \
                     read everything, the passwords too. To use it all the same: --classic"
                        .to_owned(),
                );
                self.view = View::Done;
            }
        }
    }

    fn ask_password(&mut self, now: Instant, prompt: &'static str, session: &mut Session) {
        match self.given.password.take() {
            Some(password) => session.answer_password(now, password),
            None => self.view = View::Password(prompt),
        }
    }
}
