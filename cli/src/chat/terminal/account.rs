//! One's account, as the terminal asks for it.

use super::*;

impl Terminal {
    /// A line of the form in which one changes one's password.
    pub(super) fn fill(
        &mut self,
        now: Instant,
        form: PasswordForm,
        back: Box<View>,
        line: &str,
        session: &mut Session,
    ) {
        match form.fill(line) {
            Filled::Next(form) => self.view = View::ChangingPassword(form, back),
            Filled::Again(form, why) => {
                self.report(why);
                self.view = View::ChangingPassword(form, back);
            }
            Filled::Done(old, new, ends_others) => {
                self.view = *back;
                session.change_password(now, old, new, ends_others);
            }
        }
    }

    /// Ends the session with that number in the list that was shown.
    pub(super) fn end_session(&mut self, now: Instant, number: usize, session: &mut Session) {
        match number.checked_sub(1).and_then(|at| self.sessions.get(at)) {
            Some(one) if one.is_this => self.report("to end this session, type /exit".to_owned()),
            Some(one) => session.end_session(now, one.id),
            None => self.report("list your sessions before: /sessions".to_owned()),
        }
    }
}
