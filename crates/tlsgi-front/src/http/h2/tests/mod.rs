//! A small application behind a real driver, and clients of two kinds: the `h2` crate's and raw frames.

mod abuse;
mod exchange;
mod raw;
mod rules;

use std::cell::RefCell;
use std::rc::Rc;

use tlsgi_config::config::Limits;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::client::Accepted;
use super::driver::drive;
use crate::http::client::{Client, Event};
use crate::http::failure::Failure;
use crate::http::field::FieldBlock;
use crate::http::response::{ResponseHead, SitePolicy};

/// What happened at the application, in order.
type Log = Rc<RefCell<Vec<String>>>;

/// A server on one end of a pipe. `drain` says that it stops.
struct Server {
    log: Log,
    drain: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<Instant>,
}

/// Runs a test with a server of its own on the other end of the pipe.
async fn with_server(limits: Limits, pipe: usize, test: impl AsyncFnOnce(DuplexStream, Server)) {
    LocalSet::new()
        .run_until(async {
            let (near, far) = duplex(pipe);
            let log = Log::default();
            let (drain, mut draining) = watch::channel(false);
            let (limits, applog) = (Rc::new(limits), Rc::clone(&log));
            let ended = tokio::task::spawn_local(async move {
                let drained = async move {
                    if draining.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                drive(
                    far,
                    move || Rc::clone(&limits),
                    drained,
                    || (),
                    |accepted| application(accepted, Rc::clone(&applog)),
                )
                .await;
                Instant::now()
            });
            test(near, Server { log, drain, ended }).await;
        })
        .await;
}

fn head(status: u16, length: Option<u64>) -> ResponseHead {
    let fields = FieldBlock::default().with("content-type", "text/plain").with("x-own", "1");
    ResponseHead { status, fields: fields.encoded().to_vec(), length, has_trailers: false }
}

async fn application(accepted: Accepted, log: Log) {
    let policy = SitePolicy { is_https: true, hsts: Some("max-age=1"), ..SitePolicy::default() };
    let (mut client, refusal) = accepted.client(|_| policy);
    let path = String::from_utf8_lossy(client.head().path()).into_owned();
    let outcome = match refusal {
        Some(failure) => client.send_head(&head(failure.status(), Some(0)), &[], true).await,
        None => answer(&mut client, &path, &log).await,
    };
    log.borrow_mut().push(format!("{path} {}", if outcome.is_ok() { "done" } else { "gone" }));
}

async fn answer(client: &mut impl Client, path: &str, log: &Log) -> Result<(), crate::http::client::Gone> {
    match path {
        "/hello" => client.send_head(&head(200, Some(5)), b"hello", true).await,
        "/echo" => echo(client, log).await,
        "/ready" => {
            let Ok((body, is_complete)) = client.ready_body(10) else { return Ok(()) };
            let text = format!("{} {is_complete}", String::from_utf8_lossy(&body));
            client.send_head(&head(200, None), text.as_bytes(), true).await
        }
        "/big" => {
            let size: usize = String::from_utf8_lossy(client.head().query()).parse().unwrap_or(0);
            client.send_head(&head(200, Some(size as u64)), &vec![b'x'; size / 2], false).await?;
            client.send_data(&vec![b'y'; size - size / 2], true).await
        }
        "/hang" => {
            let event = client.event(false).await;
            log.borrow_mut().push(format!("{event:?}"));
            Ok(())
        }
        "/early" => client.send_head(&head(413, Some(2)), b"no", true).await,
        "/hints" => {
            client.send_early_hints(FieldBlock::default().with("link", "</a>; rel=preload").encoded()).await?;
            client.send_head(&head(200, Some(0)), &[], true).await
        }
        "/trailers" => {
            client.send_head(&head(200, None), b"body", false).await?;
            client.send_trailers(FieldBlock::default().with("x-sum", "1").encoded()).await
        }
        "/abort" => {
            client.send_head(&head(200, Some(100)), b"some", false).await?;
            client.abort();
            Ok(())
        }
        "/panic" => unreachable!("expected by this test"),
        "/chat" => {
            client.accept_websocket(FieldBlock::default().with("sec-websocket-protocol", "chat").encoded()).await?;
            while let Event::Body(bytes) = client.event(true).await {
                client.send_data(&bytes, false).await?;
            }
            client.send_data(b"bye", false).await
        }
        _ => client.send_head(&head(404, Some(0)), &[], true).await,
    }
}

/// Reads the whole body, then answers with its length, or with what was wrong with it.
async fn echo(client: &mut impl Client, log: &Log) -> Result<(), crate::http::client::Gone> {
    client.send_continue().await?;
    let mut length = 0;
    let failure: Option<Failure> = loop {
        match client.event(true).await {
            Event::Body(bytes) => length += bytes.len(),
            Event::BodyEnd => break None,
            Event::Failed(failure) => break Some(failure),
            Event::Gone => return Err(crate::http::client::Gone),
        }
    };
    log.borrow_mut().push(format!("echo {length}"));
    let status = failure.map_or(200, Failure::status);
    client.send_head(&head(status, None), length.to_string().as_bytes(), true).await
}
