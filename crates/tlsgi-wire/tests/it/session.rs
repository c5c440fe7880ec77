//! What a worker may send when: the whole table.

use proptest::prelude::*;
use tlsgi_wire::{
    Close, Error, Fields, FileRange, INITIAL_RESPONSE_CREDIT, Kind, Message, Payload, Progress, RequestKind, Response,
    WorkerExchange,
};

fn response(is_end: bool, is_done: bool) -> Payload<'static> {
    Payload::Response(Response {
        status: 200,
        fields: Fields::EMPTY,
        body: b"four",
        is_end,
        is_done,
        has_trailers: false,
    })
}

fn data(is_end: bool, is_done: bool) -> Payload<'static> {
    Payload::Data { bytes: b"four", is_end, is_done }
}

fn file(is_end: bool, is_done: bool) -> Payload<'static> {
    Payload::File(FileRange { offset: 0, length: 1, is_end, is_done })
}

const TRAILERS: Payload<'_> = Payload::Trailers { fields: Fields::EMPTY, is_done: false };
const ACCEPT: Payload<'_> = Payload::Accept { subprotocol: "", fields: Fields::EMPTY };
const MESSAGE: Payload<'_> = Payload::Message(Message { is_text: true, is_end: true, bytes: b"four" });
const CLOSE: Payload<'_> = Payload::Close(Close { code: 1000, reason: "" });
const HINTS: Payload<'_> = Payload::EarlyHints(Fields::EMPTY);
const ABORT: Payload<'_> = Payload::Abort { is_done: false };

fn kind(payload: &Payload<'_>) -> Kind {
    match payload {
        Payload::Response(_) => Kind::Response,
        Payload::Data { .. } => Kind::Data,
        Payload::File(_) => Kind::File,
        Payload::Trailers { .. } => Kind::Trailers,
        Payload::Accept { .. } => Kind::Accept,
        Payload::Message(_) => Kind::Message,
        Payload::Close(_) => Kind::Close,
        Payload::EarlyHints(_) => Kind::EarlyHints,
        Payload::Abort { .. } => Kind::Abort,
        Payload::Begin => Kind::Begin,
        Payload::Credit(_) => Kind::Credit,
        Payload::Done => Kind::Done,
        _ => unreachable!("not a worker's frame"),
    }
}

/// A state of an exchange: its kind and the frames that lead there.
type State = (RequestKind, &'static [Payload<'static>]);

const SENT: State = (RequestKind::Http, &[]);
const BEGUN: State = (RequestKind::Http, &[Payload::Begin]);
const STARTED: State = (
    RequestKind::Http,
    &[Payload::Response(Response {
        status: 200,
        fields: Fields::EMPTY,
        body: b"",
        is_end: false,
        is_done: false,
        has_trailers: true,
    })],
);
const ENDED: State = (RequestKind::Http, &[ABORT]);
const DONE: State = (RequestKind::Http, &[Payload::Done]);
const WS_BEGUN: State = (RequestKind::WebSocket, &[Payload::Begin]);
const WS_OPEN: State = (RequestKind::WebSocket, &[ACCEPT]);
const WS_ENDED: State = (RequestKind::WebSocket, &[ACCEPT, CLOSE]);

fn reach((request, frames): State) -> WorkerExchange {
    let mut exchange = WorkerExchange::new(request);
    for frame in frames {
        exchange.receive(kind(frame), frame).expect("the way there is legal");
    }
    exchange
}

#[track_caller]
fn check(payload: &Payload<'_>, legal: &[(State, Progress)]) {
    for state in [SENT, BEGUN, STARTED, ENDED, DONE, WS_BEGUN, WS_OPEN, WS_ENDED] {
        let mut exchange = reach(state);
        let before = exchange.progress();
        let outcome = exchange.receive(kind(payload), payload);
        match legal.iter().find(|(known, _)| *known == state) {
            Some((_, after)) => {
                assert_eq!((outcome, exchange.progress()), (Ok(()), *after), "{payload:?} in {state:?}");
            }
            None => {
                assert_eq!(outcome, Err(Error::OutOfOrder(kind(payload))), "{payload:?} in {state:?}");
                assert_eq!(exchange.progress(), before);
            }
        }
    }
}

#[test]
fn a_response_comes_once_and_before_anything_else() {
    for (is_end, is_done, after) in
        [(false, false, Progress::Started), (true, false, Progress::Ended), (true, true, Progress::Done)]
    {
        check(&response(is_end, is_done), &[(SENT, after), (BEGUN, after), (WS_BEGUN, after)]);
    }
    check(&HINTS, &[(SENT, Progress::Begun), (BEGUN, Progress::Begun), (WS_BEGUN, Progress::Begun)]);
}

#[test]
fn body_comes_between_response_and_end() {
    for part in [data, file] {
        check(&part(false, false), &[(STARTED, Progress::Started)]);
        check(&part(true, false), &[(STARTED, Progress::Ended)]);
        check(&part(true, true), &[(STARTED, Progress::Done)]);
    }
    check(&TRAILERS, &[(STARTED, Progress::Ended)]);
    check(&Payload::Trailers { fields: Fields::EMPTY, is_done: true }, &[(STARTED, Progress::Done)]);
}

#[test]
fn done_without_end_is_refused() {
    for payload in [response(false, true), data(false, true), file(false, true)] {
        check(&payload, &[]);
    }
}

#[test]
fn websocket_frames_need_a_websocket() {
    check(&ACCEPT, &[(WS_BEGUN, Progress::Started)]);
    check(&MESSAGE, &[(WS_OPEN, Progress::Started)]);
    check(&CLOSE, &[(WS_BEGUN, Progress::Ended), (WS_OPEN, Progress::Ended)]);
}

#[test]
fn begin_and_credit_are_legal_until_done() {
    let same = |state| (state, reach(state).progress());
    let mut legal = [BEGUN, STARTED, ENDED, WS_BEGUN, WS_OPEN, WS_ENDED].map(same).to_vec();
    legal.push((SENT, Progress::Begun));
    check(&Payload::Begin, &legal);
    legal.pop();
    legal.push((SENT, Progress::Sent));
    check(&Payload::Credit(1), &legal);
}

#[test]
fn abort_and_done_are_legal_until_done() {
    let open = [SENT, BEGUN, STARTED, ENDED, WS_BEGUN, WS_OPEN, WS_ENDED];
    check(&ABORT, &open.map(|state| (state, Progress::Ended)));
    check(&Payload::Abort { is_done: true }, &open.map(|state| (state, Progress::Done)));
    check(&Payload::Done, &open.map(|state| (state, Progress::Done)));
}

#[test]
fn refused_websocket_is_answered_like_any_request() {
    let mut exchange = reach(WS_BEGUN);
    for payload in [response(false, false), data(false, false), data(true, true)] {
        exchange.receive(kind(&payload), &payload).expect("legal");
    }
    assert_eq!(exchange.progress(), Progress::Done);
}

#[test]
fn only_what_was_not_begun_is_given_to_another_worker() {
    let mut exchange = reach(SENT);
    assert!(exchange.is_replayable());
    exchange.presume_begun();
    assert!(!exchange.is_replayable());
    // The frame that was presumed comes after all.
    exchange.receive(Kind::Begin, &Payload::Begin).expect("legal");
    assert_eq!(exchange.progress(), Progress::Begun);
    exchange.presume_begun();
    for state in [BEGUN, STARTED, ENDED, DONE, WS_OPEN] {
        let mut exchange = reach(state);
        let before = exchange.progress();
        exchange.presume_begun();
        assert_eq!(exchange.progress(), before);
        assert!(!exchange.is_replayable());
    }
}

#[test]
fn bytes_count_against_the_credit() {
    let window = INITIAL_RESPONSE_CREDIT as usize;
    let bytes = vec![0; window];
    for (state, payload) in [
        (STARTED, Payload::Data { bytes: &bytes, is_end: false, is_done: false }),
        (WS_OPEN, Payload::Message(Message { is_text: false, is_end: true, bytes: &bytes })),
    ] {
        let mut exchange = reach(state);
        exchange.receive(kind(&payload), &payload).expect("a whole window");
        assert_eq!(exchange.response_credit.left(), 0);
        let over = if state == STARTED { data(false, false) } else { MESSAGE };
        assert_eq!(exchange.receive(kind(&over), &over), Err(Error::OverCredit { over: 4 }));
        exchange.response_credit.grant(4);
        assert_eq!(exchange.receive(kind(&over), &over), Ok(()));
    }
    let mut exchange = reach(SENT);
    exchange.response_credit.take(window);
    assert_eq!(exchange.receive(Kind::Response, &response(true, true)), Err(Error::OverCredit { over: 4 }));
    // Bytes that the front reads from a file itself are free.
    let mut exchange = reach(STARTED);
    exchange.response_credit.take(window);
    assert_eq!(exchange.receive(Kind::File, &file(true, true)), Ok(()));
}

proptest! {
    #[test]
    fn nothing_follows_done_and_ends_are_final(
        is_websocket in any::<bool>(),
        frames in prop::collection::vec(0..17_usize, 1..30),
    ) {
        let all = [
            response(false, false), response(true, false), response(true, true), data(false, false), data(true, false),
            data(true, true), file(false, false), file(true, true), TRAILERS, ACCEPT, MESSAGE, CLOSE, HINTS, ABORT,
            Payload::Begin, Payload::Credit(1), Payload::Done,
        ];
        let request = if is_websocket { RequestKind::WebSocket } else { RequestKind::Http };
        let mut exchange = WorkerExchange::new(request);
        let rank = |progress| match progress {
            Progress::Sent => 0,
            Progress::Begun => 1,
            Progress::Started => 2,
            Progress::Ended => 3,
            Progress::Done => 4,
        };
        for frame in frames {
            let before = exchange.progress();
            let outcome = exchange.receive(kind(&all[frame]), &all[frame]);
            prop_assert!(rank(exchange.progress()) >= rank(before));
            prop_assert!(before != Progress::Done || outcome.is_err());
        }
    }
}
