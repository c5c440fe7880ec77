from typing import Any

__version__: str
WIRE_VERSION: int

def set_title(title: str) -> None: ...
