//! Messages, and the box to write them in.

use leptos::prelude::*;
use netchat_client::session::{Arrival, Content, Event, Failure, Progress};
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::{HistoryFrom, Recipients};
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;
use netchat_shared::sequence::Sequence;
use netchat_web::store::{Draft, Intent, MessageIntent, MessageKey};
use wasm_bindgen_test::wasm_bindgen_test as test;
use web_sys::{KeyboardEvent, KeyboardEventInit};

use crate::page::*;

#[test]
async fn enter_sends_and_what_is_refused_stays_where_it_was_typed() {
    let page = Page::open(with_bob).await;
    page.refusal.set(Some("too long".to_owned()));
    page.type_message("hello").await;
    page.press_enter().await;
    assert_eq!(page.typed(), "hello");
    assert_eq!(page.texts(".box__error"), ["too long"]);
    page.refusal.set(None);
    page.press_enter().await;
    let send = Intent::Send(bob(), "hello".to_owned());
    assert_eq!(page.intents(), [send.clone(), send]);
    page.change(|store| store.set_draft(&bob(), Draft::default())).await;
    assert_eq!((page.typed(), page.texts(".box__error")), (String::new(), vec![String::new()]));
}

#[test]
async fn commands_are_those_of_the_terminal() {
    let page = Page::open(with_bob).await;
    page.type_message("/chat carol").await;
    page.press_enter().await;
    let carol = Conversation::User("carol".parse().unwrap());
    assert_eq!(page.intents(), [Intent::Open(Some(carol))]);
    page.type_message("/nonsense").await;
    page.press_enter().await;
    assert_eq!(page.texts(".box__error"), ["there is no command /nonsense: /help lists them"]);
    assert_eq!(page.intents(), []);
}

#[test]
async fn each_conversation_keeps_its_draft() {
    let page = Page::open(with_bob).await;
    page.type_message("for bob").await;
    page.change(|store| store.open(Some(Conversation::Everyone))).await;
    assert_eq!(page.typed(), "");
    page.change(|store| store.open(Some(bob()))).await;
    assert_eq!(page.typed(), "for bob");
}

#[test]
async fn ones_own_messages_show_how_far_they_got() {
    let page = Page::open(with_bob).await;
    let id = MessageId(1);
    page.change(|store| {
        store.add_own(now().calendar, &bob(), id, &MessageKind::Text, "hello".to_owned());
    })
    .await;
    let row = page.find(".message").unwrap();
    let mut states = vec![page.texts(".receipt")];
    for progress in [Progress::Sent, Progress::Received("bob".parse().unwrap())] {
        page.change(|store| store.fold(now(), Event::Progress(id, progress))).await;
        states.push(page.texts(".receipt"));
    }
    assert_eq!(states, [["Waiting"], ["Sent"], ["Received"]]);
    assert!(page.find(".message").unwrap().is_same_node(Some(&row)), "the row is not drawn anew");
}

#[test]
async fn a_failed_message_says_why_beside_send_again() {
    let page = Page::open(with_bob).await;
    let id = MessageId(1);
    page.change(|store| {
        store.add_own(now().calendar, &bob(), id, &MessageKind::Text, "hello".to_owned());
        store.fold(now(), Event::Progress(id, Progress::Failed(Failure::Lost, None)));
    })
    .await;
    let state = page.texts(".message__failed").remove(0);
    assert!(state.starts_with("Lost: the recipient did not acknowledge it"), "{state}");
    page.click("Send again").await;
    let again = [Intent::Message(MessageKey(1), MessageIntent::SendAgain)];
    assert_eq!(page.intents(), again);
}

#[test]
async fn a_corrupted_message_is_never_shown_as_text() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), arrived(Content::Corrupted))).await;
    assert!(page.texts(".message__gone")[0].contains("damaged"));
    assert!(page.find(".message__text").is_none());
}

#[test]
async fn nothing_in_a_text_or_a_name_becomes_markup() {
    let page = Page::open(with_bob).await;
    let payloads = [
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'>",
        "<svg onload='window.hacked = 1'>",
        "javascript:window.hacked=1",
        "https://a.b/\" onmouseover=\"window.hacked=1",
        "<a href='javascript:window.hacked=1'>x</a>",
    ];
    page.change(|store| {
        payloads.iter().for_each(|payload| store.fold(now(), text(payload)));
    })
    .await;
    assert_eq!(page.texts(".message__text"), payloads);
    page.change(|store| store.fold(now(), online(&["<img src=x>"]))).await;
    let foreign = ".message__text :not(a), .message__text [onmouseover], .chat img, .chat script";
    assert!(page.find(foreign).is_none());
    assert!(page.find("a[href^='javascript']").is_none());
    assert!(js_sys::Reflect::get(&window(), &"hacked".into()).unwrap().is_undefined());
}

#[test]
async fn only_some_messages_are_drawn_however_many_there_are() {
    let page = Page::open(with_bob).await;
    page.change(|store| (0..500).for_each(|n| store.fold(now(), text(&n.to_string())))).await;
    assert_eq!(page.texts(".message").len(), 150);
    assert_eq!(page.texts(".message__text").last().unwrap(), "499");
}

#[test]
async fn several_people_are_written_to_from_a_dialog() {
    let page = Page::open(with_bob).await;
    page.type_message("/chat bob;carol").await;
    page.press_enter().await;
    let error = page.texts(".box__error");
    assert_eq!(error, ["to write to several people, use “Message several”"]);
    page.click("Message several").await;
    page.fill_in_dialog("Message several", "To", "bob, carol").await;
    page.fill_in_dialog("Message several", "Text", "hi").await;
    page.click("Send to each").await;
    let intent = Intent::SendToEach("bob, carol".to_owned(), "hi".to_owned());
    assert_eq!(page.intents(), [intent]);
}

#[test]
async fn a_broadcast_shows_by_whom_it_was_received() {
    let page = Page::open(with_bob).await;
    let id = MessageId(9);
    let recipients = ["bob", "carol", "dan"].map(|name| name.parse().unwrap());
    let place = stored(3, &Conversation::Everyone, "").stored.unwrap();
    page.change(|store| {
        store.open(Some(Conversation::Everyone));
        store.add_own(
            now().calendar,
            &Conversation::Everyone,
            id,
            &MessageKind::Text,
            "hear".to_owned(),
        );
        let progress = Progress::Stored(place, Recipients::new(3, recipients));
        store.fold(now(), Event::Progress(id, progress));
    })
    .await;
    assert_eq!(page.texts(".receipt .visually-hidden"), ["Sent to 3"]);
    page.change(|store| {
        for progress in [
            Progress::Received("bob".parse().unwrap()),
            Progress::Failed(Failure::Corrupted, "dan".parse().ok()),
        ] {
            store.fold(now(), Event::Progress(id, progress));
        }
    })
    .await;
    assert_eq!(page.texts(".receipt .visually-hidden"), ["Received by 1 of 3"]);
    page.find(".receipt").unwrap().click();
    settle().await;
    let by_name = page.texts("aside [aria-label=Receipts] li");
    assert_eq!(by_name, ["bob received", "carol waiting", "dan corrupted"]);
}

#[test]
async fn what_is_unread_is_counted_in_the_list_and_marked_in_the_log() {
    let page = Page::open(with_bob).await;
    page.change(|store| {
        store.fold(now(), Event::Arrived(stored(1, &group(), "seen")));
        store.open(Some(group()));
        store.read_in_front();
        store.open(Some(bob()));
        for (sequence, text) in [(2, "new"), (3, "newer")] {
            store.fold(now(), Event::Arrived(stored(sequence, &group(), text)));
        }
    })
    .await;
    assert_eq!(page.texts("nav .badge"), ["2 unread"]);
    page.change(|store| {
        store.open(Some(group()));
        store.read_in_front();
    })
    .await;
    assert!(page.find("nav .badge").is_none());
    let rows = page.texts(".log__rows > li");
    let at = rows.iter().position(|row| row == "New messages").unwrap();
    assert!(rows[at - 1].contains("seen") && rows[at + 1].contains("new"), "{rows:?}");
}

#[test]
async fn earlier_messages_are_asked_of_the_server_when_the_page_has_no_more() {
    let page = Page::open(with_bob).await;
    let history = |orders: std::ops::Range<u64>| {
        let messages = orders.map(|sequence| stored(sequence, &bob(), &sequence.to_string()));
        Event::History(bob(), HistoryFrom::Before(None), messages.collect(), true)
    };
    page.change(|store| store.fold(now(), history(100..150))).await;
    page.change(|store| {
        store.show_earlier();
        let wanted = store.page_to_read().map(|(_, from)| from);
        assert_eq!(wanted, Some(HistoryFrom::Before(Some(Sequence(100)))));
    })
    .await;
    page.change(|store| store.fold(now(), history(50..100))).await;
    let texts = page.texts(".message__text");
    assert_eq!((texts.len(), texts[0].as_str(), texts[99].as_str()), (100, "50", "149"));
    // What stood first stands in the middle now: its sender is not named again.
    assert_eq!(page.texts(".message--first").len(), 1);
}

#[test]
async fn what_is_said_about_a_message_stands_with_it() {
    let page = Page::open(with_bob).await;
    let of = Sequence(1);
    page.change(|store| {
        store.fold(now(), Event::Arrived(stored(1, &bob(), "teh")));
        for (sequence, kind, content) in [
            (2, MessageKind::Edit(of), Content::Text("the".to_owned())),
            (3, MessageKind::Reaction(of), Content::Reaction("👍".parse().unwrap())),
        ] {
            let change = Arrival { kind, content, ..stored(sequence, &bob(), "") };
            store.fold(now(), Event::Arrived(change));
        }
    })
    .await;
    assert_eq!(page.texts(".message__text"), ["the"]);
    assert_eq!(page.texts(".message__edited"), ["edited"]);
    assert_eq!(page.texts(".message__signs li"), ["👍 1"]);
    page.change(|store| {
        let (kind, content) = (MessageKind::Deletion(of), Content::TakenBack);
        let deletion = Arrival { kind, content, ..stored(4, &bob(), "") };
        store.fold(now(), Event::Arrived(deletion));
    })
    .await;
    assert_eq!(page.texts(".message__body"), ["Message taken back"]);
}

#[test]
async fn what_only_a_newer_version_can_show_is_said_so() {
    let page = Page::open(with_bob).await;
    page.change(|store| store.fold(now(), arrived(Content::Unknown))).await;
    assert!(page.texts(".message__gone")[0].contains("newer version"));
}

#[test]
async fn what_is_marked_in_a_text_is_shown_so_and_a_long_one_is_folded() {
    let page = Page::open(with_bob).await;
    let said =
        "see *this* and _that_, @alice: `code` https://a.b/(c).\n```\nlet x;\n```\n> so he said";
    page.change(|store| store.fold(now(), text(said))).await;
    let found = ["strong", "em", "code", ".mention--me", "pre", "blockquote", "a"]
        .map(|selector| page.texts(&format!(".message__body {selector}")).join("|"));
    let shown = ["this", "that", "code", "@alice", "let x;", "so he said", "https://a.b/(c)"];
    assert_eq!(found.map(|text| text.trim().to_owned()), shown.map(str::to_owned));
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    page.change(|store| store.fold(now(), text(&long))).await;
    let lines = || page.texts(".message__text").last().unwrap().trim().lines().count();
    assert_eq!(lines(), 20);
    page.click("Show all").await;
    let asked = [Intent::Message(MessageKey(2), MessageIntent::Unfold)];
    assert_eq!(page.intents(), asked);
}

#[test]
async fn names_and_commands_are_completed_where_they_are_typed() {
    let page = Page::open(with_bob).await;
    page.type_message("hi @b").await;
    assert_eq!(page.texts(".completions li span"), ["@bob"]);
    page.press_enter().await;
    assert_eq!((page.typed(), page.intents()), ("hi @bob ".to_owned(), vec![]));
    page.type_message("/quitg").await;
    assert_eq!(page.texts(".completions li span"), ["/quitgroup NAME"]);
    page.type_message("hi there").await;
    assert!(page.find(".completions").unwrap().hidden());
    page.press_enter().await;
    assert_eq!(page.intents(), [Intent::Send(bob(), "hi there".to_owned())]);
}

#[test]
async fn w8_what_an_input_method_takes_sends_nothing() {
    let page = Page::open(with_bob).await;
    page.type_message("にほ").await;
    let options = KeyboardEventInit::new();
    options.set_key("Enter");
    // As Safari ends a composition: no longer composing, and known by the code alone.
    options.set_key_code(229);
    options.set_bubbles(true);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &options).unwrap();
    page.find("textarea[aria-label='Message']").unwrap().dispatch_event(&event).unwrap();
    settle().await;
    assert_eq!((page.intents(), page.typed()), (vec![], "にほ".to_owned()));
    page.press_enter().await;
    assert_eq!(page.intents(), [Intent::Send(bob(), "にほ".to_owned())]);
}

#[test]
async fn w12_help_is_a_sheet_and_nothing_is_sent_of_nothing() {
    let page = Page::open(with_bob).await;
    page.press_enter().await;
    assert_eq!((page.intents(), page.texts(".box__error")), (vec![], vec![String::new()]));
    page.type_message("/help").await;
    page.press_enter().await;
    assert!(page.is_open("Keys and commands"));
    assert!(page.texts("dialog dt").iter().any(|command| command.starts_with("/quitgroup")));
    page.click("Close").await;
    assert!(page.find("dialog[aria-label='Keys and commands']").is_none());
}

#[test]
async fn messages_are_changed_by_commands() {
    let page = Page::open(with_bob).await;
    for (typed, intent) in [
        ("/edit better", Intent::EditLast(bob(), "better".to_owned())),
        ("/delete", Intent::DeleteLast(bob())),
        ("/react 👍", Intent::ReactToLast(bob(), "👍".parse().unwrap())),
        ("/reply yes", Intent::Reply(bob(), "yes".to_owned())),
    ] {
        page.type_message(typed).await;
        page.press_enter().await;
        assert_eq!(page.intents(), [intent]);
    }
}

#[test]
async fn what_arrives_in_front_is_read_out_each_time_and_nothing_else_is() {
    let page = Page::open(with_bob).await;
    let heard = || page.texts("[aria-label='New message']").remove(0);
    assert_eq!(heard(), "");
    page.change(|store| store.fold(now(), text("hi"))).await;
    let first = heard();
    assert_eq!(first.trim(), "bob: hi");
    page.change(|store| store.fold(now(), text("hi"))).await;
    assert_eq!(heard().trim(), "bob: hi");
    assert_ne!(heard(), first, "said again, it is read again");
    page.change(|store| {
        store.open(Some(group()));
        let before = vec![stored(3, &group(), "old")];
        store.fold(now(), Event::History(group(), HistoryFrom::Before(None), before, false));
    })
    .await;
    assert_eq!(heard(), "", "what was there before is not news");
}
