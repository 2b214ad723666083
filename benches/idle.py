#!/usr/bin/env python3
"""What the filter's memory does under many connections: 10,000 idle milter connections, then 200 mails of 25 MB at once.

Speaks just enough milter protocol (version 6). Only the standard library; prints one line a phase and what became
of every mail. Needs `ulimit -n` above the number of connections, in our process and in the filter's.

    benches/idle.py [--wehr target/release/wehr] [--idle 10000] [--mails 200] [--bytes 25000000]
"""

import argparse
import asyncio
import collections
import pathlib
import resource
import shutil
import struct
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import load  # noqa: E402 (the module beside this one)

CHUNK = 65535


def packet(command, *parts):
    data = command + b"".join(parts)
    return struct.pack(">I", len(data)) + data


async def reply(reader):
    """The next packet that is no progress report: command and data."""
    while True:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        data = await reader.readexactly(length)
        if data[:1] != b"p":
            return data[:1], data[1:]


async def connect(port):
    """A connection that has negotiated: no protocol flags, so every command gets its reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(packet(b"O", struct.pack(">III", 6, 0x1FF, 0)))
    command, _ = await reply(reader)
    if command != b"O":
        raise ConnectionError(f"negotiation answered with {command!r}")
    writer.write(packet(b"C", b"mail.example.net\0", b"4", struct.pack(">H", 25), b"192.0.2.1\0"))
    await reply(reader)
    return reader, writer


async def mail(port, body_bytes, block):
    """One mail up to its verdict: the name of the final reply."""
    reader, writer = await connect(port)
    try:
        for part in (packet(b"H", b"mail.example.net\0"), packet(b"M", b"<a@example.net>\0"), packet(b"R", b"<b@example.org>\0")):
            writer.write(part)
            command, data = await reply(reader)
            if command != b"c":
                return outcome(command, data)
        for field in (b"From\0a@example.net\0", b"Subject\0large\0", b"Message-ID\0<x@example.net>\0"):
            writer.write(packet(b"L", field))
            await reply(reader)
        writer.write(packet(b"N"))
        await reply(reader)
        sent = 0
        while sent < body_bytes:
            writer.write(packet(b"B", block))
            await writer.drain()
            command, data = await reply(reader)
            if command == b"s":
                break
            if command != b"c":
                return outcome(command, data)
            sent += len(block)
        writer.write(packet(b"E"))
        while True:
            command, data = await reply(reader)
            if command not in b"hime+-q":
                return outcome(command, data)
    finally:
        writer.close()


def outcome(command, data):
    if command == b"y":
        return data.rstrip(b"\0").decode(errors="replace")[:9]
    return {b"c": "continue", b"a": "accept", b"r": "reject", b"t": "tempfail"}.get(command, repr(command))


async def guarded(port, body_bytes, block, seconds):
    try:
        return await asyncio.wait_for(mail(port, body_bytes, block), seconds)
    except (OSError, asyncio.IncompleteReadError) as error:
        return type(error).__name__
    except asyncio.TimeoutError:
        return "no verdict in time"


def say(phase, server, peak=None):
    resident, _ = load.memory_kb(server.pid)
    high = f", at most {peak.kb / 1024:.1f} MiB" if peak else ""
    print(f"{phase}: {resident / 1024:.1f} MiB{high}", flush=True)


async def run(server, options):
    say("started", server)
    idle = []
    with load.Peak(server.pid) as peak:
        for begin in range(0, options.idle, 200):
            idle += await asyncio.gather(*(connect(server.milter) for _ in range(begin, min(begin + 200, options.idle))))
    say(f"{len(idle)} idle milter connections", server, peak)
    lines = b"".join(b"Line %d of a long letter about the school year and its timetable.\r\n" % line for line in range(2000))
    block = lines[:CHUNK]
    begun = time.monotonic()
    with load.Peak(server.pid) as peak:
        outcomes = await asyncio.gather(*(guarded(server.milter, options.bytes, block, options.seconds) for _ in range(options.mails)))
    say(f"{options.mails} mails of {options.bytes / 1e6:.0f} MB at once, {time.monotonic() - begun:.1f} s", server, peak)
    print("outcomes: " + ", ".join(f"{word} {count}" for word, count in collections.Counter(outcomes).most_common()))
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(10)
    say("ten seconds after the last connection closed", server)
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wehr", default=load.ROOT / "target/release/wehr", type=pathlib.Path)
    parser.add_argument("--idle", default=10_000, type=int)
    parser.add_argument("--mails", default=200, type=int)
    parser.add_argument("--bytes", default=25_000_000, type=int)
    parser.add_argument("--seconds", default=600, type=int, help="patience for one verdict")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = options.idle + options.mails + 200
    if hard < wanted:
        sys.exit(f"ulimit -Hn is {hard}; {wanted} open files are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    work = tempfile.mkdtemp(prefix="wehr-bench-")
    try:
        print(load.machine())
        with load.Filter(options.wehr.resolve(), work) as server:
            asyncio.run(run(server, options))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
