//! What happens between client and worker while a WebSocket is open, and how it ends.

use std::time::Duration;

use tlsgi_config::config::Limits;
use tlsgi_wire::{Close, INITIAL_REQUEST_CREDIT, INITIAL_RESPONSE_CREDIT, MAX_DATA, Message};
use tokio::time::Instant;

use super::peer::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, close, frame, stretch};
use super::stage::{Heard, Remote, Setting, Worker, play};
use crate::http::failure::Failure;

fn said(bytes: &[u8]) -> Heard {
    Heard::Piece { is_text: true, is_end: true, bytes: bytes.to_vec() }
}

fn closing(code: u16, text: &str) -> (u8, Vec<u8>) {
    (FIN | CLOSE, [&code.to_be_bytes(), text.as_bytes()].concat())
}

/// Takes the answer to the handshake.
async fn open(remote: &mut Remote) -> String {
    String::from_utf8(remote.write().await.0).expect("text")
}

/// Closes from the client's side and sees it through.
async fn finish(remote: &mut Remote, worker: &mut Worker) {
    remote.send(close(1000, "done"));
    assert_eq!(remote.frame().await, closing(1000, ""));
    remote.end().await;
    assert_eq!(worker.next().await, Heard::Close(1000, "done".into()));
}

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways_each_in_one_write() {
    let sent = play(Setting::default(), async |remote, worker| {
        assert_eq!(open(remote).await, "");
        remote.send([frame(FIN | TEXT, b"hello"), frame(FIN | BINARY, b"")].concat());
        assert_eq!(worker.next().await, said(b"hello"));
        assert_eq!(worker.next().await, Heard::Piece { is_text: false, is_end: true, bytes: vec![] });
        worker.message(true, b"world").await;
        assert_eq!(remote.write().await, (b"\x81\x05world".to_vec(), false));
        finish(remote, worker).await;
    });
    assert_eq!(sent.await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn messages_at_hand_leave_together() {
    let sent = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        let message = Message { is_text: true, is_end: true, bytes: b"x" };
        worker.send(|encoder, id| (0..3).for_each(|_| encoder.message(id, &message))).await;
        assert_eq!(remote.write().await, (b"\x81\x01x".repeat(3), false));
        finish(remote, worker).await;
    });
    assert_eq!(sent.await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn subprotocol_and_extension_are_answered() {
    let fields = [("sec-websocket-protocol", "a, b"), ("sec-websocket-extensions", "permessage-deflate")];
    let setting = Setting { fields: &fields, subprotocol: "b", ..Setting::default() };
    let outcome = play(setting, async |remote, worker| {
        let answer = "sec-websocket-protocol=b;\
                      sec-websocket-extensions=permessage-deflate; server_no_context_takeover";
        assert_eq!(open(remote).await, answer);
        let text = "to be compressed ".repeat(100);
        worker.message(true, text.as_bytes()).await;
        let (first, payload) = remote.frame().await;
        assert_eq!(first, FIN | RSV1 | TEXT);
        assert_eq!(stretch(&payload, 15), text.as_bytes());
        remote.send(frame(FIN | RSV1 | TEXT, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
        assert_eq!(worker.next().await, said(b"Hello"));
        finish(remote, worker).await;
    });
    assert_eq!(outcome.await, Ok(1700));
}

#[tokio::test(start_paused = true)]
async fn subprotocol_that_was_not_offered_refuses_the_handshake() {
    let setting = Setting { subprotocol: "other", ..Setting::default() };
    let outcome = play(setting, async |_, worker| assert_eq!(worker.next().await, Heard::Cancel));
    assert_eq!(outcome.await, Err(Failure::BadResponse));
}

#[tokio::test(start_paused = true)]
async fn client_is_held_back_by_the_credit_of_the_worker() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        let credit = INITIAL_REQUEST_CREDIT as usize;
        remote.send(frame(FIN | BINARY, &vec![1; credit + 3 * MAX_DATA]));
        remote.send(frame(FIN | PING, b"after"));
        let first = Heard::Piece { is_text: false, is_end: false, bytes: vec![1; credit] };
        assert_eq!(worker.next().await, first);
        worker.send(|encoder, id| encoder.credit(id, 10)).await;
        assert_eq!(worker.next().await, Heard::Piece { is_text: false, is_end: false, bytes: vec![1; 10] });
        worker.send(|encoder, id| encoder.credit(id, 1 << 20)).await;
        for (length, is_end) in [(MAX_DATA, false), (MAX_DATA, false), (MAX_DATA - 10, true)] {
            assert_eq!(worker.next().await, Heard::Piece { is_text: false, is_end, bytes: vec![1; length] });
        }
        assert_eq!(remote.frame().await, (FIN | PONG, b"after".to_vec()));
        finish(remote, worker).await;
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn worker_is_granted_what_the_client_took() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        let piece = vec![2; MAX_DATA];
        for is_end in [false, true] {
            worker.send(|encoder, id| encoder.message(id, &Message { is_text: false, is_end, bytes: &piece })).await;
        }
        assert_eq!(remote.frame().await, (BINARY, piece.clone()));
        assert_eq!(remote.frame().await, (FIN | CONTINUATION, piece));
        // The first half of the window, and as much again as the window was: it doubles.
        assert_eq!(worker.next().await, Heard::Credit(MAX_DATA as u32 + INITIAL_RESPONSE_CREDIT));
        finish(remote, worker).await;
    });
    assert_eq!(outcome.await, Ok(2 * MAX_DATA as u64));
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_in_order_without_the_worker() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        remote.send([frame(FIN | PING, b"1"), frame(FIN | PONG, b""), frame(FIN | PING, b"2")].concat());
        assert_eq!(remote.write().await, (b"\x8a\x011\x8a\x012".to_vec(), false));
        finish(remote, worker).await;
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn application_closes_and_hears_the_answer() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        let last = Message { is_text: true, is_end: true, bytes: b"last" };
        worker
            .send(|encoder, id| {
                encoder.message(id, &last);
                encoder.websocket_close(id, &Close { code: 4001, reason: "enough" });
            })
            .await;
        assert_eq!(remote.frame().await, (FIN | TEXT, b"last".to_vec()));
        assert_eq!(remote.frame().await, closing(4001, "enough"));
        remote.send([frame(FIN | TEXT, b"crossing"), frame(FIN | PING, b"")].concat());
        remote.send(close(4001, ""));
        remote.end().await;
        assert_eq!(worker.next().await, Heard::Close(4001, String::new()));
    });
    assert_eq!(outcome.await, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn client_that_does_not_answer_a_close_is_left() {
    let start = Instant::now();
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        worker.send(|encoder, id| encoder.websocket_close(id, &Close { code: 1000, reason: "" })).await;
        assert_eq!(remote.frame().await, closing(1000, ""));
        assert_eq!(worker.next().await, Heard::Close(1006, String::new()));
    });
    assert_eq!(outcome.await, Ok(0));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn application_that_ends_without_close_closes_for_the_client() {
    for (is_abort, code) in [(false, 1000), (true, 1011)] {
        let outcome = play(Setting::default(), async |remote, worker| {
            open(remote).await;
            worker.send(|encoder, id| if is_abort { encoder.abort(id, true) } else { encoder.done(id) }).await;
            assert_eq!(remote.frame().await, closing(code, ""));
            remote.send(close(code, ""));
            remote.end().await;
        });
        assert_eq!(outcome.await, Ok(0));
    }
}

#[tokio::test(start_paused = true)]
async fn loss_of_the_worker_closes_with_1011() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        worker.die();
        assert_eq!(remote.frame().await, closing(1011, ""));
        remote.send(close(1011, ""));
        remote.end().await;
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn stop_of_the_server_closes_both_sides_with_1012() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        remote.drain();
        let text = "the server is being restarted";
        assert_eq!(worker.next().await, Heard::Close(1012, text.into()));
        assert_eq!(remote.frame().await, closing(1012, text));
        remote.send(close(1012, ""));
        remote.end().await;
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn client_that_vanishes_is_told_as_1006() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        remote.send(frame(FIN | TEXT, b"last"));
        remote.leave();
        assert_eq!(worker.next().await, said(b"last"));
        assert_eq!(worker.next().await, Heard::Close(1006, String::new()));
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn violations_close_both_sides_with_their_code() {
    let violations = [
        (frame(FIN | 3, b""), 1002, "reserved opcode"),
        (frame(FIN | TEXT, b"\xff"), 1007, "text is not UTF-8"),
        (frame(FIN | BINARY, &[0; 101]), 1009, "message is too big"),
    ];
    for (bytes, code, text) in violations {
        let limits = Limits { websocket_message_bytes: 100, ..Limits::default() };
        let outcome = play(Setting { limits, ..Setting::default() }, async |remote, worker| {
            open(remote).await;
            remote.send([frame(FIN | TEXT, b"before"), bytes].concat());
            assert_eq!(worker.next().await, said(b"before"));
            assert_eq!(remote.frame().await, closing(code, text));
            remote.end().await;
            assert_eq!(worker.next().await, Heard::Close(code, text.into()));
        });
        assert_eq!(outcome.await, Ok(0));
    }
}

#[tokio::test(start_paused = true)]
async fn silent_client_is_pinged_and_ended_when_it_does_not_answer() {
    let start = Instant::now();
    let limits = Limits {
        websocket_ping_interval: Duration::from_secs(20),
        websocket_ping_timeout: Duration::from_secs(10),
        ..Limits::default()
    };
    let outcome = play(Setting { limits, ..Setting::default() }, async |remote, worker| {
        open(remote).await;
        assert_eq!(remote.frame().await, (FIN | PING, vec![]));
        assert_eq!(start.elapsed().as_secs(), 20);
        tokio::time::sleep(Duration::from_secs(9)).await;
        remote.send(frame(FIN | PONG, b""));
        assert_eq!(remote.frame().await, (FIN | PING, vec![]));
        assert_eq!(start.elapsed().as_secs(), 49);
        assert_eq!(worker.next().await, Heard::Close(1006, String::new()));
        assert_eq!(remote.frame().await, closing(1011, "no answer to a ping"));
        assert_eq!(start.elapsed().as_secs(), 59);
        remote.end().await;
    });
    assert_eq!(outcome.await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn client_is_not_silent_while_the_worker_does_not_read() {
    let outcome = play(Setting::default(), async |remote, worker| {
        open(remote).await;
        let credit = INITIAL_REQUEST_CREDIT as usize;
        remote.send(frame(FIN | BINARY, &vec![0; credit + 1]));
        remote.send(frame(FIN | PONG, b""));
        assert_eq!(worker.next().await, Heard::Piece { is_text: false, is_end: false, bytes: vec![0; credit] });
        for _ in 0..3 {
            assert_eq!(remote.frame().await, (FIN | PING, vec![]));
        }
        worker.send(|encoder, id| encoder.credit(id, 100)).await;
        assert_eq!(worker.next().await, Heard::Piece { is_text: false, is_end: true, bytes: vec![0] });
        finish(remote, worker).await;
    });
    assert_eq!(outcome.await, Ok(0));
}
