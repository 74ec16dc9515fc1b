//! Names of before they were compared: each gets its keys, unless an earlier one has the same.

use netchat_core::names::NameKeys;
use rusqlite::{Connection, params};

/// Fills the keys of all names (schema-3.sql).
pub(super) fn fill(connection: &Connection) -> rusqlite::Result<()> {
    fill_from(
        connection,
        "SELECT id, name FROM user WHERE password_hash IS NOT NULL ORDER BY id",
        [
            "UPDATE OR IGNORE user SET folded = ?2 WHERE id = ?1",
            "UPDATE OR IGNORE user SET look = ?2 WHERE id = ?1",
        ],
    )?;
    fill_from(
        connection,
        "SELECT id, group_name FROM conversation WHERE group_name IS NOT NULL ORDER BY id",
        [
            "UPDATE OR IGNORE conversation SET folded = ?2 WHERE id = ?1",
            "UPDATE OR IGNORE conversation SET look = ?2 WHERE id = ?1",
        ],
    )
}

fn fill_from(
    connection: &Connection,
    names: &'static str,
    [set_folded, set_look]: [&'static str; 2],
) -> rusqlite::Result<()> {
    let mut names = connection.prepare(names)?;
    let mut rows = names.query([])?;
    while let Some(row) = rows.next()? {
        let id: u32 = row.get(0)?;
        let keys = NameKeys::of(row.get_ref(1)?.as_str()?);
        connection.prepare_cached(set_folded)?.execute(params![id, keys.folded()])?;
        connection.prepare_cached(set_look)?.execute(params![id, keys.look()])?;
    }
    Ok(())
}
