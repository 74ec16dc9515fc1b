//! RFC 6455 over raw sockets, by the families of cases that the Autobahn test suite has: whatever is
//! sent, the gateway answers as the RFC says, passes on what is right, and closes in order.

use std::fmt::Write as _;
use std::time::Duration;

use netchat_gateway::GatewayConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::front::{Front, PATIENCE, ask};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;

/// What a case sends, and what has to come of it.
struct Case {
    name: String,
    /// Each piece is a write of its own.
    sends: Vec<Vec<u8>>,
    /// What the server gets.
    datagrams: Vec<Vec<u8>>,
    /// What the browser gets before the close frame: kind and payload.
    frames: Vec<(u8, Vec<u8>)>,
    /// The code of the close frame; `None` if there is to be none in it.
    close: Option<u16>,
}

/// How the bytes of a case are cut into writes.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Whole,
    Bytes(usize),
}

const CUTS: [Cut; 3] = [Cut::Whole, Cut::Bytes(1), Cut::Bytes(7)];

/// A frame as a browser sends it, with a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    masked(bytes, payload)
}

fn masked(mut head: Vec<u8>, payload: &[u8]) -> Vec<u8> {
    let mask = [0x8C, 0x01, 0xF3, 0x5A];
    head.extend(mask);
    head.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    head
}

fn close_frame(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FINAL | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

impl Case {
    /// The case ends with an orderly close, unless it says otherwise.
    fn new(name: impl Into<String>, sends: &[Vec<u8>]) -> Self {
        Self {
            name: name.into(),
            sends: sends.to_vec(),
            datagrams: vec![],
            frames: vec![],
            close: Some(1_000),
        }
    }

    fn passes(mut self, message: &[u8]) -> Self {
        self.datagrams.push(message.to_vec());
        self
    }

    fn pongs(mut self, payload: &[u8]) -> Self {
        self.frames.push((PONG, payload.to_vec()));
        self
    }

    fn fails(mut self, code: u16) -> Self {
        self.close = Some(code);
        self
    }

    fn cut(mut self, cut: Cut) -> Self {
        write!(self.name, " ({cut:?})").unwrap();
        if let Cut::Bytes(length) = cut {
            self.sends = self.sends.concat().chunks(length).map(<[u8]>::to_vec).collect();
        }
        self
    }
}

/// 1: messages of all lengths.
fn framing(cases: &mut Vec<Case>) {
    for (kind, length, cut) in [TEXT, BINARY].into_iter().flat_map(|kind| {
        let lengths = [0, 1, 125, 126, 127, 128, 1_000, 2_047, 2_048];
        lengths.into_iter().flat_map(move |length| CUTS.map(|cut| (kind, length, cut)))
    }) {
        let message = vec![b'*'; length];
        let case =
            Case::new(format!("framing: {kind}, {length}"), &[frame(FINAL | kind, &message)]);
        // An empty datagram would say that the browser has gone.
        let case = if length == 0 { case } else { case.passes(&message) };
        cases.push(case.cut(cut));
    }
    for (name, head) in [
        ("125 in 16 bits", vec![FINAL | BINARY, 0xFE, 0, 125]),
        ("0 in 16 bits", vec![FINAL | BINARY, 0xFE, 0, 0]),
        ("65,535 in 64 bits", vec![FINAL | BINARY, 0xFF, 0, 0, 0, 0, 0, 0, 255, 255]),
        ("5 in 64 bits", vec![FINAL | TEXT, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5]),
        ("the highest bit of 64", vec![FINAL | TEXT, 0xFF, 128, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let bytes = masked(head, b"hello");
        cases.push(Case::new(format!("framing: {name}"), &[bytes]).fails(1_002));
    }
    let unmasked = vec![FINAL | BINARY, 5, b'h', b'e', b'l', b'l', b'o'];
    cases.push(Case::new("framing: no mask", &[unmasked]).fails(1_002));
    let unmasked = vec![FINAL | PING, 0];
    cases.push(Case::new("framing: a ping without a mask", &[unmasked]).fails(1_002));
}

/// 2: pings and pongs.
fn pings_and_pongs(cases: &mut Vec<Case>) {
    for payload in [&b""[..], b"Hello, world!", &[0, 255, 254, 253, 252, 251, 0], &[0xFE; 125]] {
        for cut in CUTS {
            let case = Case::new("ping", &[frame(FINAL | PING, payload)]).pongs(payload);
            cases.push(case.cut(cut));
        }
        cases.push(Case::new("a pong unasked", &[frame(FINAL | PONG, payload)]));
        let both = [frame(FINAL | PONG, payload), frame(FINAL | PING, b"here?")];
        cases.push(Case::new("a pong unasked, then a ping", &both).pongs(b"here?"));
    }
    for kind in [PING, PONG] {
        let long = [frame(FINAL | kind, &[7; 126])];
        cases.push(Case::new("126 bytes of control", &long).fails(1_002));
        cases.push(Case::new("control in pieces", &[frame(kind, b"half")]).fails(1_002));
    }
    for cut in CUTS {
        let pings: Vec<_> = (0..10).map(|n| frame(FINAL | PING, &[b'0' + n])).collect();
        let case = (0..10).fold(Case::new("ten pings", &pings), |case, n| case.pongs(&[b'0' + n]));
        cases.push(case.cut(cut));
    }
}

/// 3: reserved bits; 4: reserved kinds.
fn reserved(cases: &mut Vec<Case>) {
    let good = || frame(FINAL | TEXT, b"before");
    for bits in 1..8_u8 {
        for kind in [TEXT, BINARY, CLOSE, PING, PONG] {
            let bad = frame(FINAL | bits << 4 | kind, b"\x03\xe8");
            let name = format!("reserved bits {bits} of {kind}");
            cases.push(Case::new(&name, std::slice::from_ref(&bad)).fails(1_002));
            let sends = [good(), bad, frame(FINAL | TEXT, b"after")];
            cases.push(Case::new(&name, &sends).passes(b"before").fails(1_002));
        }
    }
    for kind in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"some"] {
            let bad = frame(FINAL | kind, payload);
            let name = format!("reserved kind {kind}");
            cases.push(Case::new(&name, std::slice::from_ref(&bad)).fails(1_002));
            let sends = [good(), bad, frame(FINAL | PING, b"")];
            cases.push(Case::new(&name, &sends).passes(b"before").fails(1_002).cut(Cut::Bytes(1)));
        }
    }
}

/// 5: messages in pieces.
fn fragments(cases: &mut Vec<Case>) {
    let (first, middle, last) = (frame(TEXT, b"one"), frame(0, b" two"), frame(FINAL, b" three"));
    let whole = b"one two three";
    for cut in CUTS {
        let pieces = [first.clone(), middle.clone(), last.clone()];
        cases.push(Case::new("three pieces", &pieces).passes(whole).cut(cut));
        let ping = frame(FINAL | PING, b"between");
        let pieces = [first.clone(), ping.clone(), middle.clone(), ping.clone(), last.clone()];
        let case = Case::new("pings between", &pieces).passes(whole);
        cases.push(case.pongs(b"between").pongs(b"between").cut(cut));
        let pieces = [first.clone(), frame(FINAL | PONG, b"x"), last.clone()];
        cases.push(Case::new("a pong between", &pieces).passes(b"one three").cut(cut));
        let pieces = [frame(BINARY, b""), frame(0, b""), frame(FINAL, b"")];
        cases.push(Case::new("three empty pieces", &pieces).cut(cut));
        let pieces = [frame(BINARY, b""), frame(0, b"x"), frame(FINAL, b"")];
        cases.push(Case::new("one in the middle", &pieces).passes(b"x").cut(cut));
        let pieces = [frame(FINAL, b"nothing"), frame(FINAL | TEXT, b"more")];
        cases.push(Case::new("nothing to continue", &pieces).fails(1_002).cut(cut));
        let pieces = [frame(0, b"nothing"), frame(FINAL, b"more")];
        cases.push(Case::new("nothing to continue yet", &pieces).fails(1_002).cut(cut));
        let pieces = [first.clone(), last.clone(), frame(FINAL, b"more")];
        let case = Case::new("more after the end", &pieces).passes(b"one three").fails(1_002);
        cases.push(case.cut(cut));
        for kind in [TEXT, BINARY] {
            let pieces = [first.clone(), frame(FINAL | kind, b"another")];
            cases.push(Case::new("a message within another", &pieces).fails(1_002).cut(cut));
            let pieces = [first.clone(), frame(kind, b"another"), last.clone()];
            cases.push(Case::new("two at once", &pieces).fails(1_002).cut(cut));
        }
        let pieces = [first.clone(), close_frame(1_000, b"")];
        cases.push(Case::new("a close within a message", &pieces).cut(cut));
    }
    let pieces: Vec<_> = std::iter::once(frame(BINARY, &[7; 8]))
        .chain((1..255).map(|_| frame(0, &[7; 8])))
        .chain([frame(FINAL, &[7; 8])])
        .collect();
    cases.push(Case::new("256 pieces", &pieces).passes(&[7; 2_048]));
}

/// Sequences of Markus Kuhn's decoder test, and those of RFC 3629.
const VALID: [&[u8]; 22] = [
    "Hello-µ@ßöäüàá-UTF-8!!".as_bytes(),
    "κόσμε".as_bytes(),
    b"\x00",
    b"\x7F",
    b"\xC2\x80",
    b"\xDF\xBF",
    b"\xE0\xA0\x80",
    b"\xE0\xBF\xBF",
    b"\xE1\x80\x80",
    b"\xEC\xBF\xBF",
    b"\xED\x80\x80",
    b"\xED\x9F\xBF",
    b"\xEE\x80\x80",
    b"\xEF\xBF\xBD",
    b"\xEF\xBF\xBE",
    b"\xEF\xBF\xBF",
    b"\xF0\x90\x80\x80",
    b"\xF0\xBF\xBF\xBF",
    b"\xF1\x80\x80\x80",
    b"\xF3\xBF\xBF\xBF",
    b"\xF4\x80\x80\x80",
    b"\xF4\x8F\xBF\xBF",
];
const INVALID: [&[u8]; 46] = [
    b"\x80",
    b"\xBF",
    b"\x80\xBF",
    b"\x80\xBF\x80",
    b"\x80\xBF\x80\xBF\x80\xBF",
    b"\xC0 ",
    b"\xC1 ",
    b"\xDF ",
    b"\xE0 ",
    b"\xEF ",
    b"\xF0 ",
    b"\xF7 ",
    b"\xF8 ",
    b"\xFB ",
    b"\xFC ",
    b"\xFD ",
    b"\xC0",
    b"\xC2",
    b"\xE0\x80",
    b"\xE0\xA0",
    b"\xEF\xBF",
    b"\xF0\x80\x80",
    b"\xF0\x90\x80",
    b"\xF7\xBF\xBF",
    b"\xFE",
    b"\xFF",
    b"\xFE\xFE\xFF\xFF",
    b"\xC0\xAF",
    b"\xE0\x80\xAF",
    b"\xF0\x80\x80\xAF",
    b"\xF8\x80\x80\x80\xAF",
    b"\xFC\x80\x80\x80\x80\xAF",
    b"\xC1\xBF",
    b"\xE0\x9F\xBF",
    b"\xF0\x8F\xBF\xBF",
    b"\xF8\x87\xBF\xBF\xBF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\xED\xAD\xBF",
    b"\xED\xAE\x80",
    b"\xED\xBF\xBF",
    b"\xED\xA0\x80\xED\xB0\x80",
    b"\xF4\x90\x80\x80",
    b"\xF7\xBF\xBF\xBF",
    b"\xF8\x88\x80\x80\x80",
    b"\xFC\x84\x80\x80\x80\x80",
];

/// 6: texts.
fn texts(cases: &mut Vec<Case>) {
    for (text, is_valid) in
        VALID.iter().map(|text| (text, true)).chain(INVALID.iter().map(|text| (text, false)))
    {
        let whole = [b"before ", *text].concat();
        for at in [0, whole.len() - text.len() / 2, whole.len()] {
            let (first, second) = whole.split_at(at);
            let sends = [frame(TEXT, first), frame(0, second), frame(FINAL, b"")];
            let case = Case::new(format!("text {text:x?} cut at {at}"), &sends);
            cases.push(if is_valid { case.passes(&whole) } else { case.fails(1_007) });
        }
        for cut in CUTS {
            let case = Case::new(format!("text {text:x?}"), &[frame(FINAL | TEXT, text)]);
            let case = if is_valid { case.passes(text) } else { case.fails(1_007) };
            cases.push(case.cut(cut));
        }
        let case = Case::new(format!("binary {text:x?}"), &[frame(FINAL | BINARY, text)]);
        cases.push(case.passes(text));
    }
    // What can't become right is told before the rest comes.
    let text = frame(FINAL | TEXT, b"\xCE\xBA\xE1\xBD\xB9\xF4\x90\x80\x80 and the rest");
    cases.push(Case::new("half a wrong text", &[text[..13].to_vec()]).fails(1_007));
    let sends = [frame(TEXT, b"\xCE\xBA"), frame(0, b"\xF4\x90")];
    cases.push(Case::new("a wrong piece", &sends).fails(1_007));
}

/// 7: closing.
fn closing(cases: &mut Vec<Case>) {
    let mut none = Case::new("close without a code", &[frame(FINAL | CLOSE, b"")]);
    none.close = None;
    cases.push(none);
    cases.push(Case::new("close with half a code", &[frame(FINAL | CLOSE, &[3])]).fails(1_002));
    for code in [1_000, 1_001, 1_002, 1_003, 1_007, 1_008, 1_009, 1_010, 1_011, 3_000, 3_999, 4_999]
    {
        for reason in [&b""[..], b"done", &[b'*'; 123]] {
            let case = Case::new(format!("close {code}"), &[close_frame(code, reason)]).fails(code);
            cases.push(case.cut(if reason.len() == 4 { Cut::Bytes(1) } else { Cut::Whole }));
        }
    }
    for code in [0, 1, 999, 1_004, 1_005, 1_006, 1_015, 1_016, 1_100, 2_000, 2_999, 5_000, 65_535] {
        let case = Case::new(format!("close {code}"), &[close_frame(code, b"")]);
        cases.push(case.fails(1_002));
    }
    for wrong in [&b"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xED\xA0\x80"[..], b"\xFF", b"\xE2\x82"] {
        let sends = [close_frame(1_000, wrong)];
        cases.push(Case::new("a close reason that is no text", &sends).fails(1_007));
    }
    cases.push(Case::new("close of 126 bytes", &[close_frame(1_000, &[b'*'; 124])]).fails(1_002));
    cases.push(Case::new("close in pieces", &[frame(CLOSE, &[3, 232])]).fails(1_002));
    let late =
        [close_frame(1_000, b""), frame(FINAL | TEXT, b"late"), frame(FINAL | PING, b"late")];
    cases.push(Case::new("nothing after a close", &late));
    let late = [frame(FINAL | TEXT, b"early"), close_frame(1_001, b""), close_frame(1_000, b"")];
    cases.push(Case::new("two closes", &late).passes(b"early").fails(1_001));
    let late = [close_frame(1_000, b""), vec![7; 200_000]];
    cases.push(Case::new("rubbish after a close", &late));
}

/// 9 and 10: what is too long, whole and in pieces.
fn limits(cases: &mut Vec<Case>) {
    for kind in [TEXT, BINARY] {
        for length in [2_049, 65_535, 65_536, 1 << 18, 1 << 20] {
            let sends = [frame(FINAL | kind, &vec![b'*'; length])];
            cases.push(Case::new(format!("{length} bytes"), &sends).fails(1_009));
        }
        let head = frame(FINAL | kind, &vec![b'*'; 1 << 16])[..14].to_vec();
        cases.push(Case::new("the head of what is too long", &[head]).fails(1_009));
        let mut pieces = vec![frame(kind, &[b'*'; 1_000])];
        pieces.resize(3, frame(0, &[b'*'; 1_000]));
        cases.push(Case::new("pieces of what is too long", &pieces).fails(1_009));
        let sends: Vec<_> = (0..200).map(|_| frame(FINAL | kind, &[b'*'; 2_048])).collect();
        let case = Case::new("two hundred long messages", &sends);
        cases.push((0..200).fold(case, |case, _| case.passes(&[b'*'; 2_048])));
    }
}

async fn start() -> Front {
    let config = GatewayConfig { sessions_per_address: 100, ..GatewayConfig::default() };
    let front = Front::start(config).await;
    socket2::SockRef::from(&front.server).set_recv_buffer_size(4 << 20).unwrap();
    front
}

/// A WebSocket, and the head that opened it.
async fn connect(front: &Front, lines: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(front.gateway).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = front.upgrade_here(lines);
    let head = ask(&mut stream, request.as_bytes()).await;
    (stream, head)
}

/// Runs a case; what is not as it should be.
async fn run(front: &Front, case: &Case) -> Result<(), String> {
    let (stream, _) = connect(front, "").await;
    let (mut reader, mut writer) = stream.into_split();
    let mut sends = case.sends.clone();
    if case.close == Some(1_000) && !case.name.contains("close") {
        sends.push(close_frame(1_000, b""));
    }
    let sending = async {
        for piece in sends {
            // The gateway may have closed already.
            if writer.write_all(&piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        writer
    };
    let answering = async {
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).await.map(|_| answer)
    };
    let both = async { tokio::join!(sending, answering, datagrams(front)) };
    let both = timeout(PATIENCE, both).await;
    let (_, answer, datagrams) = both.map_err(|_| "it does not end".to_owned())?;
    let answer = answer.map_err(|error| format!("the connection broke: {error}"))?;
    let mut frames = parse_frames(&answer)?;
    let closing = frames.pop().ok_or("nothing is said")?;
    let code = closing.1.first_chunk().map(|&code| u16::from_be_bytes(code));
    if closing.0 != CLOSE || code != case.close {
        return Err(format!("it ends with {closing:?}, not {:?}", case.close));
    }
    if frames != case.frames {
        return Err(format!("it says {frames:?}"));
    }
    if datagrams != case.datagrams {
        return Err(format!("it passes on {datagrams:?}"));
    }
    Ok(())
}

/// What the server gets until it hears that nobody is there any more.
async fn datagrams(front: &Front) -> Vec<Vec<u8>> {
    let (mut datagrams, mut buffer) = (Vec::new(), vec![0; 65_536]);
    loop {
        match front.server.recv(&mut buffer).await.unwrap() {
            0 => return datagrams,
            length => datagrams.push(buffer[..length].to_vec()),
        }
    }
}

/// Takes apart what the gateway sends: whole frames without masks.
fn parse_frames(mut bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, String> {
    let mut frames = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match (length, rest) {
            (126, [high, low, rest @ ..]) => (usize::from(*high) << 8 | usize::from(*low), rest),
            (0..126, rest) => (usize::from(*length), rest),
            _ => return Err(format!("a length of {length}")),
        };
        if first & 0xF0 != FINAL || rest.len() < length {
            return Err(format!("{first:x} and {} of {length} bytes", rest.len()));
        }
        frames.push((first & 0x0F, rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    bytes.is_empty().then_some(frames).ok_or_else(|| "half a frame".to_owned())
}

#[tokio::test]
async fn every_case_is_answered_as_the_rfc_says() {
    let mut cases = Vec::new();
    framing(&mut cases);
    pings_and_pongs(&mut cases);
    reserved(&mut cases);
    fragments(&mut cases);
    texts(&mut cases);
    closing(&mut cases);
    limits(&mut cases);
    assert!(cases.len() > 500, "{}", cases.len());
    let front = start().await;
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(why) = run(&front, case).await {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[tokio::test]
async fn extensions_and_subprotocols_are_not_agreed_to() {
    let front = start().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
                 Sec-WebSocket-Protocol: chat, superchat\r\n";
    let (_stream, head) = connect(&front, offer).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.contains("extensions") && !head.contains("sec-websocket-protocol"), "{head}");
}

#[tokio::test]
async fn what_comes_with_the_request_is_not_lost() {
    let front = start().await;
    let mut stream = TcpStream::connect(front.gateway).await.unwrap();
    let request = front.upgrade_here("");
    let early = [frame(FINAL | TEXT, b"early"), frame(FINAL | PING, b"?")].concat();
    stream.write_all(&[request.as_bytes(), &early].concat()).await.unwrap();
    let mut buffer = [0; 2_048];
    let received = timeout(PATIENCE, front.server.recv(&mut buffer)).await;
    assert_eq!(&buffer[..received.unwrap().unwrap()], b"early");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x8a\x01?") {
        let byte = timeout(PATIENCE, stream.read_u8()).await;
        answer.push(byte.unwrap().unwrap());
    }
}

#[tokio::test]
async fn a_browser_that_never_answers_the_close_is_let_go() {
    let front = start().await;
    let (mut stream, _) = connect(&front, "").await;
    stream.write_all(&frame(FINAL | 3, b"")).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer[..1], [FINAL | CLOSE]);
    // It keeps its half of the connection open; after a while writing to it fails.
    let gone = async {
        while stream.write_all(b"?").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("it is let go");
}
