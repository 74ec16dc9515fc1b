//! What an event costs the core, so many being online.

use std::time::Duration;

use netchat_shared::body::Body;
use netchat_shared::conversation::Conversation;
use netchat_shared::extended::ClientMessage;
use netchat_shared::kind::MessageKind;
use netchat_shared::message_id::MessageId;

use super::meter::Meter;
use super::world::World;

/// With how many others each has a conversation.
const PARTNERS: u32 = 20;
/// Within how long all come back after the server was away.
const COMING_BACK: Duration = Duration::from_secs(20);
/// How often what is short is repeated.
const REPEATS: u32 = 20;
/// Lines in the conversation that is read back.
const LINES: u32 = 100;
/// How many of them a client asks for.
const PAGE_LINES: u16 = 50;
/// What is said.
const TEXT: &str = "as long as people's messages usually are, which is not very long";

pub(crate) fn bench(online: u32) {
    println!("\n{online} online, each with {PARTNERS} conversation partners");
    println!(
        "  {:<42} {:>13} {:>12} {:>10} {:>12}",
        "", "core time", "longest", "datagrams", "bytes"
    );
    let mut world = World::new(online, PARTNERS);
    let all = 0..online as usize;
    let first = world.measure(|world| world.sign_in(all.clone(), COMING_BACK));
    row("all sign in with a password, within 20 s", first);
    world.restart();
    let again = world.measure(|world| world.sign_in(all.clone(), COMING_BACK));
    row("all sign in again, within 20 s", again);
    world.keep_alive();
    // Each measurement takes in a second of it.
    row("a second in which nothing happens", world.measure(|_| {}));
    one_person(&mut world);
    messages(&mut world);
    world.keep_alive();
    row("a broadcast, until all have it", broadcast(&mut world));
}

fn one_person(world: &mut World) {
    let (mut goes, mut comes) = (Meter::default(), Meter::default());
    for repeat in 0..REPEATS {
        let index = repeat as usize;
        add(&mut goes, world.measure(|world| world.leave(index)));
        add(&mut comes, world.measure(|world| world.come(index)));
        if repeat % 5 == 4 {
            world.keep_alive();
        }
    }
    row("a person goes", goes.per(REPEATS));
    row("a person comes", comes.per(REPEATS));
}

fn messages(world: &mut World) {
    world.keep_alive();
    let to = |name: &str| Conversation::User(name.parse().unwrap());
    let sending = world.measure(|world| {
        for number in 0..LINES {
            send(world, number, to("person1"));
        }
    });
    row("a message to one person, with its receipt", sending.per(LINES));
    world.clients[0].heard = 0;
    let reading = world.measure(|world| {
        let (conversation, before) = (to("person1"), None);
        let page = ClientMessage::History { conversation, before, limit: PAGE_LINES };
        world.clients[0].say(&page);
        world.flush(0);
    });
    assert_eq!(world.clients[0].heard, 1, "the page has an end");
    row(&format!("a page of history, {PAGE_LINES} lines"), reading);
}

fn broadcast(world: &mut World) -> Meter {
    world.clients.iter_mut().for_each(|client| client.heard = 0);
    let meter = world.measure(|world| send(world, LINES, Conversation::Everyone));
    let told = world.clients.iter().filter(|client| client.heard == 1).count();
    assert_eq!(told, world.clients.len() - 1, "everyone else is told, once");
    meter
}

fn send(world: &mut World, number: u32, to: Conversation) {
    let body = Some(Body::new(&"person0".parse().unwrap(), TEXT));
    let (id, kind) = (MessageId(u128::from(number) + 1), MessageKind::Text);
    world.clients[0].say(&ClientMessage::Send { id, to, kind, body });
    world.flush(0);
}

fn row(what: &str, meter: Meter) {
    println!("  {what:<42} {meter}");
}

fn add(sum: &mut Meter, more: Meter) {
    sum.time += more.time;
    sum.longest_turn = sum.longest_turn.max(more.longest_turn);
    sum.datagrams += more.datagrams;
    sum.bytes += more.bytes;
}
