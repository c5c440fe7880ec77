from typing import Any

__version__: str
WIRE_VERSION: int

def set_title(title: str) -> None: ...

class ClientDisconnected(OSError): ...

class AsgiServer:
    def __init__(
        self,
        application: Any,
        host: Any,
        event_loop: Any,
        state: dict[str, Any],
        *,
        task: Any,
        task_options: dict[str, Any],
        is_eager: bool,
        capacity: int,
        interpreter: str,
        max_requests: int,
    ) -> None: ...
    def attach(self, descriptor: int) -> None: ...
    def stop(self) -> None: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...
    @property
    def open(self) -> int: ...
    @property
    def links(self) -> int: ...
