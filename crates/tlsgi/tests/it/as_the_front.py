"""Asks the kernel things in the name of a running process: what would code that took it over get? For root, on x86-64.

Arguments: the process, then one question each, `NUMBER[:ARGUMENT[:ARGUMENT…]]`; an argument is a number, or text whose address is passed.
Prints what the kernel answered, one number a line.
"""

import ctypes
import os
import struct
import sys

ATTACH, DETACH, STEP, GET, SET = 16, 17, 9, 12, 13
R10, R9, R8, RAX, RDX, RSI, RDI, ORIG_RAX, RIP, RSP = 7, 8, 9, 10, 12, 13, 14, 15, 16, 19

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def trace(request: int, process: int, data: object = None) -> None:
    if libc.ptrace(request, process, None, data) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def registers(process: int) -> list[int]:
    buffer = ctypes.create_string_buffer(27 * 8)
    trace(GET, process, buffer)
    return list(struct.unpack("<27Q", buffer.raw))


def set_registers(process: int, values: list[int]) -> None:
    trace(SET, process, ctypes.create_string_buffer(struct.pack("<27Q", *values)))


def ask(process: int, question: str) -> int:
    before = registers(process)
    number, *arguments = question.split(":")
    now = list(before)
    # Waiting in a system call, it stands just behind the two bytes of the instruction.
    now[RAX], now[ORIG_RAX], now[RIP] = int(number), 2**64 - 1, before[RIP] - 2
    place = before[RSP] - 8192
    for register, argument in zip((RDI, RSI, RDX, R10, R8, R9), arguments + ["0"] * 6):
        if argument.lstrip("-").isdigit():
            now[register] = int(argument) % 2**64
        else:
            with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
                memory.seek(place)
                memory.write(argument.encode() + b"\0")
            now[register] = place
            place += 1024
    set_registers(process, now)
    trace(STEP, process)
    os.waitpid(process, 0)
    (answer,) = struct.unpack("<q", struct.pack("<Q", registers(process)[RAX]))
    set_registers(process, before)
    return answer


def main() -> None:
    process = int(sys.argv[1])
    trace(ATTACH, process)
    os.waitpid(process, 0)
    try:
        for question in sys.argv[2:]:
            print(ask(process, question))
    finally:
        trace(DETACH, process)


main()
