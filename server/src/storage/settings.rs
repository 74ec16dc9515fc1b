//! What clients keep for their users: one text for each, in place of the one before.

use netchat_core::storage::{Change, Origin, Placed, Refused, Sequence, UserId};
use netchat_shared::extended::{KeptSettings, SettingsText};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, params};

use super::writes::{Commit, run};

impl Commit<'_> {
    pub(super) fn append_settings(
        &mut self,
        origin: Origin,
        user: UserId,
        based_on: Option<Sequence>,
        text: &SettingsText,
    ) -> rusqlite::Result<Placed> {
        let before: Option<(u64, usize)> = self
            .connection
            .prepare_cached("SELECT seq, octet_length(text) FROM settings WHERE user = ?1")?
            .query_row([user.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if before.map(|(seq, _)| Sequence(seq)) != based_on {
            return Ok(Placed::Outdated);
        }
        let before = before.map(|(_, bytes)| bytes);
        let bytes = text.as_str().len();
        if !self.usage.has_room_instead(user, before, bytes) {
            return Ok(Placed::Refused(Refused::QuotaReached));
        }
        run(
            self.connection,
            "INSERT INTO settings (user, seq, text) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seq = excluded.seq, text = excluded.text",
            params![user.0, self.head.sequence.next().0, text.as_str()],
        )?;
        if let Some(before) = before {
            self.usage.remove_message(user, before);
        }
        self.usage.add_message(user, bytes);
        Ok(Placed::At(self.log(origin, Change::Settings(user, text.clone()))))
    }
}

pub(super) fn load(
    connection: &Connection,
    user: UserId,
) -> rusqlite::Result<Option<KeptSettings>> {
    let read = |row: &Row<'_>| {
        let text = row.get_ref(1)?.as_str()?.parse();
        let text =
            text.map_err(|error| Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))?;
        Ok(KeptSettings { sequence: Sequence(row.get(0)?), text })
    };
    connection
        .prepare_cached("SELECT seq, text FROM settings WHERE user = ?1")?
        .query_row([user.0], read)
        .optional()
}
