"""The control socket: JSON messages between the supervisor and this worker, with descriptors beside them."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import threading
from typing import Any, NamedTuple, Optional

_LENGTH = struct.Struct("<I")
_MAX_MESSAGE = 16 << 20
_MAX_DESCRIPTORS = 128
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Message(NamedTuple):
    """One message: its ``op``, the other fields, and the descriptors that came beside it (now ours to close)."""

    op: str
    content: dict[str, Any]
    descriptors: list[int]


class ControlError(Exception):
    """The other end does not speak the protocol."""


class Control:
    """One end of a control socket. Sending is safe from any thread, receiving is for one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._partial = bytearray()
        self._wanted = _LENGTH.size
        self._is_head = True
        self._descriptors: list[int] = []

    @classmethod
    def from_descriptor(cls, descriptor: int) -> Control:
        """Takes over an inherited or received descriptor."""
        connection = socket.socket(fileno=descriptor)
        connection.set_inheritable(False)
        connection.setblocking(True)
        return cls(connection)

    def fileno(self) -> int:
        """The descriptor, to be watched for reading."""
        return self._connection.fileno()

    def close(self) -> None:
        """Closes the socket."""
        self._connection.close()

    def receive(self, wait: bool = True) -> Optional[Message]:
        """The next message, or ``None`` when the other end is gone.

        Without ``wait`` raises ``BlockingIOError`` when no whole message is there; what came of one is kept.
        """
        while True:
            # Never more than one message is asked for, so descriptors belong to the message at hand.
            while len(self._partial) < self._wanted:
                if not self._receive_some(self._wanted - len(self._partial), wait):
                    return None
            content, self._partial = bytes(self._partial), bytearray()
            if self._is_head:
                self._wanted = _LENGTH.unpack(content)[0]
                if self._wanted > _MAX_MESSAGE:
                    raise ControlError(f"a control message of {self._wanted} bytes is over the limit")
                self._is_head = False
                continue
            self._wanted, self._is_head = _LENGTH.size, True
            descriptors, self._descriptors = self._descriptors, []
            return _decode(content, descriptors)

    def send(self, op: str, **content: Any) -> None:
        """Sends a message. A supervisor that is gone is not an error here: receiving will tell."""
        message = json.dumps({"op": op, **content}).encode()
        with self._sending:
            try:
                self._connection.sendall(_LENGTH.pack(len(message)) + message)
            except (BrokenPipeError, ConnectionResetError):
                pass

    def _receive_some(self, size: int, wait: bool) -> bool:
        flags = _CLOSE_ON_EXEC if wait else _CLOSE_ON_EXEC | socket.MSG_DONTWAIT
        space = socket.CMSG_SPACE(_MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            received, ancillary, _, _ = self._connection.recvmsg(min(size, 1 << 20), space, flags)
        except ConnectionResetError:
            return False
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._adopt(data)
        self._partial += received
        return bool(received)

    def _adopt(self, data: bytes) -> None:
        numbers = array.array("i")
        numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
        for number in numbers:
            os.set_inheritable(number, False)
            self._descriptors.append(number)


def _decode(content: bytes, descriptors: list[int]) -> Message:
    try:
        message = json.loads(content)
        op = message.pop("op")
    except (ValueError, KeyError, AttributeError) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise ControlError("a control message is not an object with an op") from error
    return Message(op, message, descriptors)
