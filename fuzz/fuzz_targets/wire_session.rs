//! Any frames of a worker for one exchange: progress never goes back, nothing follows the end, credit is never exceeded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlsgi_wire::{Decoder, Direction, INITIAL_RESPONSE_CREDIT, Kind, Payload, Progress, RequestKind, WorkerExchange};

const fn rank(progress: Progress) -> u8 {
    match progress {
        Progress::Sent => 0,
        Progress::Begun => 1,
        Progress::Started => 2,
        Progress::Ended => 3,
        Progress::Done => 4,
    }
}

fn counted(payload: &Payload<'_>) -> usize {
    match payload {
        Payload::Response(response) => response.body.len(),
        Payload::Data { bytes, .. } => bytes.len(),
        Payload::Message(message) => message.bytes.len(),
        _ => 0,
    }
}

fuzz_target!(|input: (bool, Vec<u8>)| {
    let (is_websocket, bytes) = input;
    let kind = if is_websocket { RequestKind::WebSocket } else { RequestKind::Http };
    let mut exchange = WorkerExchange::new(kind);
    let mut decoder = Decoder::new(&bytes, Direction::ToFront);
    let mut received = 0;
    loop {
        let start = decoder.consumed();
        let Ok(Some(frame)) = decoder.next_frame() else { return };
        let Some(kind) = bytes.get(start + 3).and_then(|byte| Kind::from_byte(*byte)) else { return };
        let before = exchange.progress();
        let outcome = exchange.receive(kind, &frame.payload);
        assert!(rank(exchange.progress()) >= rank(before), "{before:?} after {frame:?}");
        assert!(before != Progress::Done || outcome.is_err(), "{frame:?} after the end");
        if outcome.is_err() {
            return;
        }
        received += counted(&frame.payload);
        assert_eq!(received + exchange.response_credit.left() as usize, INITIAL_RESPONSE_CREDIT as usize);
    }
});
