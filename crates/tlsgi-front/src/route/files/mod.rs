//! Static files: a URL prefix answered from a directory, without Python and without anything outside that directory.

mod condition;
mod directory;
mod media_type;
mod mount;
pub(crate) mod path;
mod range;
mod reader;
mod respond;
mod send;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use mount::Found;
pub(crate) use mount::{Mount, MountError, Mounts};
pub(crate) use send::{SendError, send_range};

use super::redirect;
use crate::http::client::Client;
use crate::http::coding::{DENSEST, preferred};
use crate::http::failure::Failure;
use crate::http::field::FieldBlock;
use crate::http::response::ResponseHead;
use crate::serve::{Sent, send_own};
use media_type::{is_compressible, media_type};
use respond::{Representation, respond};

/// Methods that a file knows, as `Allow` has them.
pub(crate) const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Answers a request under a mount. A failure comes before anything was sent.
pub(crate) async fn serve(client: &mut impl Client, mount: &Mount) -> Result<Sent, Failure> {
    match client.head().method() {
        "GET" | "HEAD" => {}
        "OPTIONS" => return options(client).await,
        _ => return Err(Failure::MethodNotAllowed),
    }
    let found = mount.find(client.head().path()).await?;
    send_found(client, mount, found).await
}

/// Answers a request if there is a file for it; nothing was sent where there is none.
pub(crate) async fn serve_first(client: &mut impl Client, mount: &Mount) -> Result<Option<Sent>, Failure> {
    if !matches!(client.head().method(), "GET" | "HEAD") {
        return Ok(None);
    }
    match mount.find(client.head().path()).await {
        Ok(found) => send_found(client, mount, found).await.map(Some),
        Err(Failure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn send_found(client: &mut impl Client, mount: &Mount, found: Found) -> Result<Sent, Failure> {
    let (name, original) = match found {
        Found::File(name, original) => (name, original),
        Found::Directory => return Ok(send_own(client, &redirect::to_directory(client.head()).response(), &[]).await),
    };
    let request = client.head();
    let media_type = media_type(&name);
    let varies = is_compressible(&media_type);
    let variant = if varies {
        let accepted = request.fields().filter(|(_, name, _)| *name == b"accept-encoding").map(|(_, _, value)| value);
        mount.sibling(&name, &original.facts, &preferred(&DENSEST, accepted)).await
    } else {
        None
    };
    let (coding, file) = variant.map_or((None, original), |(coding, file)| (Some(coding), file));
    let media_type = media_type.as_str();
    let representation = Representation { facts: file.facts, media_type, coding, varies, max_age: mount.max_age() };
    let reply = respond(request, &representation, SystemTime::now());
    let status = reply.head.status;
    let mut sent = None;
    client.note_file();
    let outcome = send::send(client, file.descriptor, &reply, &mut sent).await;
    let name = String::from_utf8_lossy(&name);
    match (outcome, sent) {
        (Ok(()), _) => {}
        (Err(SendError::File(error)), None) => {
            tracing::warn!(%error, %name, "a static file cannot be sent");
            return Err(Failure::FileError);
        }
        (Err(error), _) => {
            tracing::debug!(%error, %name, "a static file was not sent to its end");
            client.abort();
        }
    }
    Ok(Sent { status, bytes: sent.unwrap_or_default(), worker: None })
}

async fn options(client: &mut impl Client) -> Result<Sent, Failure> {
    let mut head = ResponseHead::own(204, &FieldBlock::default().with("allow", ALLOW), 0);
    head.length = None;
    let status = if client.send_head(&head, &[], true).await.is_ok() { 204 } else { 0 };
    Ok(Sent { status, ..Sent::default() })
}
