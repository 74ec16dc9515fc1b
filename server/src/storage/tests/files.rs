//! The file: who may open it, what became of it elsewhere, and what earlier programs left.

use netchat_shared::extended::{KeptSettings, SettingsText};

use super::*;

#[test]
fn migrations_are_valid() {
    super::super::database::validate_migrations().unwrap();
}

#[test]
fn a_second_server_is_refused_whatever_leads_to_the_file() {
    let mut fixture = Fixture::new();
    let folder = fixture.folder.path().to_owned();
    let (symbolic, hard) = (folder.join("symbolic.db"), folder.join("hard.db"));
    std::os::unix::fs::symlink(fixture.path(), &symbolic).unwrap();
    std::fs::hard_link(fixture.path(), &hard).unwrap();
    for path in [fixture.path(), symbolic.clone(), hard] {
        let second = Database::open(&path);
        assert!(matches!(second, Err(DatabaseError::InUse(refused)) if refused == path));
    }
    let generation = fixture.snapshot().generation;
    fixture.close();
    let through_link = Database::open(&symbolic).unwrap();
    assert_eq!(through_link.snapshot().unwrap().generation, generation);
    drop(through_link);
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["hard.db", "netchat.db", "netchat.db-mark", "symbolic.db"]);
}

#[test]
fn a_restored_backup_is_another_log() {
    let mut fixture = Fixture::with_people();
    fixture.say(ALICE, EVERYONE);
    fixture.close();
    let backup = std::fs::read(fixture.path()).unwrap();
    fixture.open();
    let before = fixture.snapshot();
    let last = fixture.say(ALICE, EVERYONE);
    fixture.close();
    std::fs::write(fixture.path(), &backup).unwrap();
    fixture.open();
    let restored = fixture.snapshot();
    assert_ne!(restored.generation, before.generation);
    assert_eq!(restored.users, before.users);
    assert_eq!(fixture.say(ALICE, EVERYONE), last.next(), "no place is given twice");
    fixture.open();
    assert_eq!(fixture.snapshot().generation, restored.generation, "once is enough");
    fixture.close();
    std::fs::write(fixture.path(), &backup).unwrap();
    fixture.open();
    assert_ne!(fixture.snapshot().generation, restored.generation, "the mark is of another log");
}

#[test]
fn a_copy_from_elsewhere_is_another_log() {
    let mut fixture = Fixture::with_people();
    let generation = fixture.snapshot().generation;
    fixture.open();
    assert_eq!(fixture.snapshot().generation, generation);
    fixture.close();
    std::fs::remove_file(fixture.folder.path().join("netchat.db-mark")).unwrap();
    fixture.open();
    assert_ne!(fixture.snapshot().generation, generation);
    assert_eq!(fixture.snapshot().head, Sequence(3));
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let mut fixture = Fixture::new();
    fixture.close();
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.pragma_update(None, "user_version", 1_000).unwrap();
    drop(connection);
    let error = fixture.try_open().unwrap_err();
    assert!(matches!(error, DatabaseError::Newer(_)));
    let text = error.to_string();
    assert!(text.contains("made by a newer NetChat") && !text.contains('\n'), "{text}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netchat.db");
    std::fs::write(&path, "not a database, but long enough to be read as one".repeat(50)).unwrap();
    let error = Database::open(&path).unwrap_err().to_string();
    assert!(error.contains("netchat.db") && !error.contains('\n'), "{error}");
}

/// A database as an earlier program left it.
fn with_schema_1(more: &str) -> Fixture {
    with_schema(1, more)
}

fn with_schema(version: usize, more: &str) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.close();
    for suffix in ["", "-mark"] {
        let name = format!("netchat.db{suffix}");
        std::fs::remove_file(fixture.folder.path().join(name)).unwrap();
    }
    let mut connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.execute_batch(include_str!("../schema-1-example.sql")).unwrap();
    super::super::database::migrate_to(&mut connection, version);
    connection.execute_batch(more).unwrap();
    drop(connection);
    fixture.open();
    fixture
}

/// What is in schema-1-example.sql: alice, bob, carol and dave; a group from which carol has gone;
/// messages 1 to 6, of which dave, who came after the first, has missed 5 and 6.
#[test]
fn a_database_of_schema_1_goes_on_as_it_was() {
    let mut fixture = with_schema_1("");
    let dave = UserId(4);
    let snapshot = fixture.snapshot();
    assert_eq!(snapshot.head, Sequence(6));
    let counted = "SELECT sum(coalesce(octet_length(body), 0) + 256) FROM message";
    let stored = fixture.count("SELECT sum(bytes) FROM stored");
    assert_eq!(stored, fixture.count(counted), "what was stored before counts");
    let users: Vec<_> = snapshot
        .users
        .iter()
        .map(|(user, received)| (user.name.as_str(), user.since.0, received.0))
        .collect();
    assert_eq!(users, [("alice", 0, 6), ("bob", 0, 6), ("carol", 0, 0), ("dave", 1, 3)]);
    let garden = ConversationId(2);
    assert_eq!(snapshot.groups.len(), 1);
    assert_eq!(snapshot.groups[0].members, [(ALICE, Sequence(1)), (BOB, Sequence(1))]);
    let directs = [(ConversationId(1), ALICE, BOB), (ConversationId(3), ALICE, dave)];
    assert_eq!(snapshot.directs, directs);
    assert_eq!(fixture.backlog(BOB, 0), (vec![1, 2, 3, 4, 6], 6));
    assert_eq!(fixture.backlog(dave, 0), (vec![3], 6));
    let (lines, _) = fixture.history(ALICE, ConversationId(3), None, 10);
    assert_eq!(lines[0].failures, [(dave, netchat_core::storage::DeliveryFailure::Lost)]);
    let (lines, _) = fixture.history(CAROL, ConversationId::EVERYONE, None, 10);
    assert_eq!(places(&lines), [6, 3]);
    let message = Arc::clone(&lines[1].message);
    let again = Draft::Message(MessageDraft {
        to: EVERYONE,
        sender: message.sender,
        id: message.id,
        kind: MessageKind::Text,
        body: message.body.clone(),
    });
    assert_eq!(fixture.append_one(again), Placed::Known(message));
    fixture.seconds = 1_000_000_000_000;
    assert_eq!(fixture.say(BOB, EVERYONE), Sequence(7));
    fixture.send(BOB, Target::Known(garden), MessageKind::Reply(Sequence(2)), "cg==");
    assert_eq!(fixture.place(join(garden, CAROL)), Sequence(9));
    fixture.add_user("erin", true);
    assert_eq!(fixture.snapshot().users.last().unwrap().0.id, UserId(5));
    let generation = fixture.snapshot().generation;
    fixture.open();
    assert_eq!(fixture.snapshot().generation, generation);
}

#[test]
fn the_head_of_schema_1_is_the_latest_place_of_anything() {
    let guest = "INSERT INTO user VALUES (5, 'erin', NULL, '127.0.0.1:1', 1, 1, 9, 9);
         INSERT INTO member VALUES (2, 5, 9); INSERT INTO member VALUES (0, 5, 9);";
    let mut fixture = with_schema_1(guest);
    assert_eq!(fixture.snapshot().head, Sequence(9), "messages up to there were purged");
    assert_eq!(fixture.snapshot().groups[0].members.len(), 2, "the guest has gone");
    let gone =
        "DELETE FROM failure; DELETE FROM message; UPDATE user SET received = 8 WHERE id = 1;";
    assert_eq!(with_schema_1(gone).snapshot().head, Sequence(8));
    assert_eq!(with_schema_1("UPDATE member SET since = 12").snapshot().head, Sequence(12));
}

#[test]
fn names_of_before_that_are_alike_go_on_and_others_are_held_to_them() {
    let more = "INSERT INTO user VALUES (5, 'Alice', 'hash', '127.0.0.1:1', 1, 1, 6, 6);
         INSERT INTO user VALUES (6, 'b0b', 'hash', '127.0.0.1:1', 1, 1, 6, 6);
         INSERT INTO user VALUES (7, 'BOB', NULL, '127.0.0.1:1', 1, 1, 6, 6);
         INSERT INTO conversation VALUES (4, 'gаrden', NULL, NULL);
         INSERT INTO member VALUES (4, 1, 1);";
    let mut fixture = with_schema_1(more);
    let names: Vec<_> =
        fixture.snapshot().users.iter().map(|(user, _)| user.name.clone()).collect();
    let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["alice", "bob", "carol", "dave", "Alice", "b0b", "BOB"]);
    assert_eq!(fixture.snapshot().groups.len(), 2);
    for name in ["ALICE", "B0B", "bоb", "Carol", "ＤＡＶＥ"] {
        let user = user(name, true);
        assert_eq!(fixture.append_one(user), Placed::Taken, "{name}");
    }
    for name in ["GARDEN", "gаrden", "Gаrden"] {
        let group = group(name, &[ALICE]);
        assert_eq!(fixture.append_one(group), Placed::Taken, "{name}");
    }
    fixture.add_user("erin", true);
    let keys = "SELECT count(*) FROM user WHERE folded IS NULL AND password_hash IS NOT NULL";
    assert_eq!(fixture.count(keys), 1, "Alice alone");
}

#[test]
fn a_group_of_schema_7_counts_for_its_maker_and_who_has_left_it_invites_nobody() {
    let more =
        "INSERT INTO standing VALUES (2, 3, 'invited', 2, 6, 0), (2, 4, 'invited', 3, 6, 1);";
    let groups = with_schema(7, more).snapshot().groups;
    let [garden] = &groups[..] else { panic!("{groups:?}") };
    assert_eq!((garden.creator, garden.maker()), (ALICE, Some(ALICE)));
    assert_eq!(garden.others, [(CAROL, Standing::Invited(BOB))], "carol is no member");
}

#[test]
fn in_a_database_of_schema_9_nobody_keeps_settings_until_they_set_some() {
    let mut fixture = with_schema(9, "");
    let kept = |fixture: &mut Fixture| fixture.page(&Query::Settings(ALICE)).0;
    assert_eq!(kept(&mut fixture), Page::Settings(None));
    let text: SettingsText = "dark".parse().unwrap();
    let draft = Draft::Settings { user: ALICE, based_on: None, text: text.clone() };
    let sequence = fixture.place(draft);
    fixture.open();
    assert_eq!(kept(&mut fixture), Page::Settings(Some(KeptSettings { sequence, text })));
}

#[test]
fn passwords_of_schema_10_were_all_sent_and_stay_as_they_are() {
    let mut fixture = with_schema(10, "");
    let users = fixture.snapshot().users;
    let kept = |id| users.iter().find(|(user, _)| user.id == id).unwrap().0.password.clone();
    let of_alice = kept(ALICE).unwrap();
    assert!(of_alice.was_readable && matches!(of_alice.verifier, Verifier::Hash(_)));
    assert_eq!(fixture.database().password_setup().unwrap(), None);
    fixture.database().keep_password_setup([7; 16]).unwrap();
    fixture.open();
    assert_eq!(fixture.database().password_setup().unwrap(), Some([7; 16]));
}

#[test]
fn groups_of_before_are_open_and_those_that_nobody_is_in_go() {
    let more = "INSERT INTO conversation VALUES (4, 'Empty', NULL, NULL);
         INSERT INTO message VALUES (7, 4, 1, x'00000000000000000000000000000001', 1, x'', 'eA==');";
    let mut fixture = with_schema_1(more);
    let groups = fixture.snapshot().groups;
    let [garden] = &groups[..] else { panic!("{groups:?}") };
    assert_eq!((garden.policy, garden.maker()), (JoinPolicy::Anyone, Some(ALICE)));
    assert_eq!(garden.members, [(ALICE, Sequence(1)), (BOB, Sequence(1))], "everybody stays");
    assert_eq!((&garden.others[..], &garden.former_names[..]), (&[][..], &[][..]));
    fixture.place(group("Empty", &[BOB]));
    let left = "SELECT count(*) FROM message WHERE conversation = 4";
    assert_eq!(fixture.count(left), 1);
    fixture.purge(0, vec![]);
    assert_eq!(fixture.count(left), 0, "however young");
    assert_eq!(fixture.count("SELECT count(*) FROM gone_group"), 0);
}
