//! Frames about the connection and its streams: SETTINGS, PING, WINDOW_UPDATE, RST_STREAM, PRIORITY.

use super::super::frame::{self, Code, Header, flag, kind, setting};
use super::streams::End;
use super::{Connection, FAREWELL, Leaving, MAX_WINDOW};

impl Connection {
    pub(super) fn settings(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        if header.stream != 0 {
            return Err(Code::Protocol);
        }
        if header.has(flag::ACK) {
            return Ok(());
        }
        for entry in payload.as_chunks::<6>().0 {
            let [n0, n1, v0, v1, v2, v3] = *entry;
            self.setting(u16::from_be_bytes([n0, n1]), u32::from_be_bytes([v0, v1, v2, v3]))?;
        }
        self.answer(kind::SETTINGS, flag::ACK, 0, &[]);
        Ok(())
    }

    fn setting(&mut self, name: u16, value: u32) -> Result<(), Code> {
        match name {
            setting::HEADER_TABLE_SIZE => self.encoder.offer(value),
            setting::ENABLE_PUSH | setting::ENABLE_CONNECT_PROTOCOL if value > 1 => return Err(Code::Protocol),
            setting::INITIAL_WINDOW_SIZE => return self.first_window(value.into()),
            setting::MAX_FRAME_SIZE => {
                if !(1 << 14..1 << 24).contains(&value) {
                    return Err(Code::Protocol);
                }
                // Larger frames would only make others wait longer.
                self.max_payload = frame::MAX_PAYLOAD as usize;
            }
            _ => {}
        }
        Ok(())
    }

    /// SETTINGS_INITIAL_WINDOW_SIZE moves the windows of all streams, below zero too (RFC 9113 6.9.2).
    fn first_window(&mut self, window: i64) -> Result<(), Code> {
        if window > MAX_WINDOW {
            return Err(Code::FlowControl);
        }
        let change = window - std::mem::replace(&mut self.first_send_window, window);
        for stream in self.streams.iter_mut() {
            stream.send_window += change;
            if stream.send_window > MAX_WINDOW {
                return Err(Code::FlowControl);
            }
            if stream.send_window > 0 && std::mem::take(&mut stream.awaits_window) {
                self.woken.extend(stream.lane);
            }
        }
        Ok(())
    }

    pub(super) fn ping(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        if header.stream != 0 {
            return Err(Code::Protocol);
        }
        if !header.has(flag::ACK) {
            self.answer(kind::PING, flag::ACK, 0, payload);
        } else if payload == FAREWELL && self.leaving == Leaving::Announced {
            self.leaving = Leaving::Final;
            self.put_goaway(self.served, Code::NoError);
        }
        Ok(())
    }

    pub(super) fn window_update(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        let increment = i64::from(frame::number(payload) & (u32::MAX >> 1));
        if header.stream == 0 {
            self.send_window += increment;
            return match increment {
                0 => Err(Code::Protocol),
                _ if self.send_window > MAX_WINDOW => Err(Code::FlowControl),
                _ => Ok(()),
            };
        }
        let Some(slot) = self.known(header.stream)? else { return Ok(()) };
        let Some(stream) = self.streams.get_mut(slot) else { return Ok(()) };
        stream.send_window += increment;
        if increment == 0 {
            return self.fault(slot, Code::Protocol);
        }
        if stream.send_window > MAX_WINDOW {
            return self.fault(slot, Code::FlowControl);
        }
        if stream.send_window > 0 && std::mem::take(&mut stream.awaits_window) {
            self.wake(slot);
        }
        Ok(())
    }

    pub(super) fn reset_by_client(&mut self, header: Header) -> Result<(), Code> {
        let Some(slot) = self.known(header.stream)? else { return Ok(()) };
        self.streams.remember(header.stream, End::ByClient);
        self.lose(slot);
        Ok(())
    }

    /// Priorities are not followed, but one that makes no sense is an error (RFC 7540 5.3.1).
    pub(super) fn priority(&mut self, header: Header, payload: &[u8]) -> Result<(), Code> {
        if header.stream == 0 {
            return Err(Code::Protocol);
        }
        if frame::number(payload) & (u32::MAX >> 1) != header.stream {
            return Ok(());
        }
        match self.streams.find(header.stream) {
            Some(slot) => self.fault(slot, Code::Protocol),
            None => Err(Code::Protocol),
        }
    }

    /// The slot of a stream that a frame is about; none when it is closed. Idle ones are an error (RFC 9113 5.1).
    fn known(&self, stream: u32) -> Result<Option<u32>, Code> {
        if stream == 0 || self.is_idle(stream) {
            return Err(Code::Protocol);
        }
        Ok(self.streams.find(stream))
    }

    /// Whether a stream was never opened. Streams with even numbers are the server's, which opens none.
    pub(super) const fn is_idle(&self, stream: u32) -> bool {
        stream > self.last || stream.is_multiple_of(2)
    }
}
