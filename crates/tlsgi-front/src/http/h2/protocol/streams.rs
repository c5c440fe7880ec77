//! The streams of a connection, in slots that are used again, and the memory of those that are closed.

use bytes::BytesMut;

use crate::http::failure::Failure;

/// Streams whose reset is remembered: what a client still sends on one that we reset is ignored.
const REMEMBERED_RESETS: usize = 256;

/// Streams whose orderly end is remembered, to name the right error.
const REMEMBERED_ENDS: usize = 64;

/// How a stream was closed before its time, or that it ended in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    ByUs,
    ByClient,
    InOrder,
}

/// One stream; lives as long as its owner.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of one stream")]
pub(super) struct Stream {
    pub(super) id: u32,
    /// Whom to wake; none before it is set.
    pub(super) lane: Option<u32>,
    /// Reset by either side, or its connection is over.
    pub(super) is_gone: bool,
    /// The client has sent all.
    pub(super) is_ended: bool,
    /// We have sent all.
    pub(super) has_ended: bool,
    /// Its owner waits for body.
    pub(super) awaits_body: bool,
    /// Its owner waits for the stream's window.
    pub(super) awaits_window: bool,
    /// It has a place among those that wait for their turn.
    pub(super) is_waiting: bool,
    /// What is wrong with its end.
    pub(super) failure: Option<Failure>,
    pub(super) send_window: i64,
    pub(super) recv_window: i64,
    /// Window that was used up and read, and not given back yet.
    pub(super) owed: u32,
    /// Body bytes that were read.
    pub(super) taken: u64,
    /// By how much its window has grown.
    pub(super) growth: u32,
    /// Body bytes that were promised and have not come.
    pub(super) promised: Option<u64>,
    /// Body that its owner has not taken.
    pub(super) body: BytesMut,
}

/// Slots. A slot is free when its id is 0; one that is closed stays until its owner lets go, but is not found any more.
#[derive(Debug, Default)]
pub(super) struct Streams {
    slots: Vec<Stream>,
    /// Ids of open streams by slot; 0 for others.
    ids: Vec<u32>,
    free: Vec<u32>,
    open: u32,
    resets: Ring,
    ends: Ring,
}

impl Streams {
    /// Open streams, as the client counts them.
    pub(super) const fn open(&self) -> u32 {
        self.open
    }

    /// A new stream.
    pub(super) fn insert(&mut self, stream: Stream) -> u32 {
        self.open += 1;
        if let Some(slot) = self.free.pop()
            && let (Some(place), Some(id)) = (self.slots.get_mut(slot as usize), self.ids.get_mut(slot as usize))
        {
            *id = stream.id;
            *place = stream;
            return slot;
        }
        self.ids.push(stream.id);
        self.slots.push(stream);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// The slot of an open stream.
    pub(super) fn find(&self, id: u32) -> Option<u32> {
        let slot = self.ids.iter().position(|known| *known == id).filter(|_| id != 0)?;
        u32::try_from(slot).ok()
    }

    /// The stream in a slot.
    pub(super) fn get(&self, slot: u32) -> Option<&Stream> {
        self.slots.get(slot as usize)
    }

    /// The stream in a slot.
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Stream> {
        self.slots.get_mut(slot as usize)
    }

    /// Slots of open streams.
    pub(super) fn all(&self) -> Vec<u32> {
        let open = self.ids.iter().enumerate().filter(|(_, id)| **id != 0);
        open.filter_map(|(slot, _)| u32::try_from(slot).ok()).collect()
    }

    /// The streams that are open.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        let open = self.slots.iter_mut().zip(&self.ids).filter(|(_, id)| **id != 0);
        open.map(|(stream, _)| stream)
    }

    /// Both sides have sent all: the stream does not count any more.
    pub(super) fn finish_if_ended(&mut self, slot: u32) {
        if let Some(stream) = self.slots.get(slot as usize)
            && stream.is_ended
            && stream.has_ended
            && let Some(id) = self.ids.get_mut(slot as usize)
            && *id != 0
        {
            *id = 0;
            self.open -= 1;
            self.ends.push(stream.id, End::InOrder, REMEMBERED_ENDS);
        }
    }

    /// The stream is gone: how many bytes were not read.
    pub(super) fn close(&mut self, slot: u32) -> usize {
        let Some(stream) = self.slots.get_mut(slot as usize) else { return 0 };
        stream.is_gone = true;
        if let Some(id) = self.ids.get_mut(slot as usize)
            && *id != 0
        {
            *id = 0;
            self.open -= 1;
        }
        std::mem::take(&mut stream.body).len()
    }

    /// The owner lets go of a stream that is closed.
    pub(super) fn release(&mut self, slot: u32) {
        if let Some(stream) = self.slots.get_mut(slot as usize) {
            *stream = Stream::default();
            self.free.push(slot);
        }
    }

    /// Keeps in mind how a stream was closed.
    pub(super) fn remember(&mut self, id: u32, end: End) {
        self.resets.push(id, end, REMEMBERED_RESETS);
    }

    /// How a stream was closed, as far as it is remembered.
    pub(super) fn end_of(&self, id: u32) -> Option<End> {
        self.resets.find(id).or_else(|| self.ends.find(id))
    }

    /// Frees memory when no slot is taken.
    pub(super) fn trim(&mut self) {
        if self.free.len() == self.slots.len() {
            *self = Self::default();
        }
    }
}

/// The last few of many.
#[derive(Debug, Default)]
struct Ring {
    ends: Vec<(u32, End)>,
    next: usize,
}

impl Ring {
    fn push(&mut self, id: u32, end: End, room: usize) {
        match self.ends.get_mut(self.next) {
            Some(place) => *place = (id, end),
            None => self.ends.push((id, end)),
        }
        self.next = (self.next + 1) % room;
    }

    fn find(&self, id: u32) -> Option<End> {
        self.ends.iter().find(|(known, _)| *known == id).map(|(_, end)| *end)
    }
}
