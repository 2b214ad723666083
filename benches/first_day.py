#!/usr/bin/env python3
"""The first day of term: 5,000 connections, nine of ten hostile; what known correspondents notice, and whether the books balance.

Drives `wehr serve` at its milter door. Known correspondents write once before the rush, with SPF and DMARC pass, and every ten to twenty
seconds in it; hostile clients of 400 networks send variations of one mail as fast as they are answered, and pause for a second or two.
Each kind has a process of its own, so that neither waits for the other. Only the standard library; prints a row in Markdown.

    cargo build --ignore-rust-version --release --bin wehr --example nameserver
    benches/first_day.py [--wehr target/release/wehr] [--policy plain|greylist|full] [--seconds 40] [--connections 5000]
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
KNOWN = 500
POLICIES = {
    "plain": "correspondence = true\n",
    "greylist": "correspondence = true\n[greylist]\n",
    "full": "correspondence = true\n[greylist]\nearly = true\n[campaign]\nrecipients = 40\nminutes = 5\n"
            "[[rate]]\nof = 'client_network'\nmails = 500\nseconds = 3600\n",
}
TEXT = """wegen einer Umstellung zum Beginn des Schuljahres muss Ihr Postfach bis heute Abend bestaetigt werden. Andernfalls werden
neue Nachrichten der Schulverwaltung nicht mehr zugestellt und alte geloescht. Melden Sie sich dazu auf unserer neuen Seite mit Ihrem
Namen und Ihrem Kennwort an und folgen Sie den Anweisungen dort. Die Umstellung dauert nur wenige Minuten und ist fuer alle Lehrkraefte
und Schuelerinnen verpflichtend. Bei Fragen wenden Sie sich bitte nicht an das Sekretariat, sondern antworten Sie auf diese Nachricht.
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


class Client:
    """One milter connection: an SMTP client as the MTA tells of it."""

    def __init__(self, port, address, helo):
        self.port, self.address, self.helo = port, address, helo

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        # No reply to connection, HELO, DATA, header, its end, and body.
        self.writer.write(packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF & ~0xC000)))
        await self.reply()
        connect = f"{self.helo}\0".encode() + b"4" + struct.pack(">H", 2525) + self.address.encode() + b"\0"
        self.writer.write(packet(b"C", connect) + packet(b"H", self.helo.encode() + b"\0"))

    async def reply(self):
        length = struct.unpack(">I", await self.reader.readexactly(4))[0]
        data = await self.reader.readexactly(length)
        return data[:1], data[1:]

    async def final(self):
        """The code of the reply that ends the wait."""
        while True:
            letter, data = await self.reply()
            if letter == b"y":
                return int(data[:3])
            if letter in b"cardt":
                return {b"c": 250, b"a": 250, b"d": 250, b"r": 550, b"t": 451}[letter]

    async def mail(self, sender, recipient, fields, body):
        """Sends a mail; the code of its last reply."""
        self.writer.write(packet(b"M", f"<{sender}>\0".encode()) + packet(b"R", f"<{recipient}>\0".encode()))
        codes = await self.final(), await self.final()
        if max(codes) >= 400:
            self.writer.write(packet(b"A"))
            return next(code for code in codes if code >= 400)
        content = packet(b"T") + b"".join(packet(b"L", f"{name}\0{value}\0".encode()) for name, value in fields)
        self.writer.write(content + packet(b"N") + packet(b"B", body.encode()) + packet(b"E"))
        return await self.final()


class Tally:
    def __init__(self):
        self.sent = self.unanswered = self.lost_connections = 0
        self.codes, self.waits = {}, []

    async def send(self, client, *mail):
        began = time.monotonic()
        self.sent += 1
        try:
            code = await asyncio.wait_for(client.mail(*mail), 120)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            self.unanswered += 1
            raise
        self.codes[code // 100] = self.codes.get(code // 100, 0) + 1
        self.waits.append((time.monotonic() - began, code))
        return code

    def result(self):
        return {"sent": self.sent, "unanswered": self.unanswered, "lost": self.lost_connections, "codes": self.codes,
                "waits": self.waits}


def fields(author, number):
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    return [("From", f"<{author}>"), ("To", "someone@school.example"), ("Date", date),
            ("Message-ID", f"<{number}.{random.getrandbits(40)}@{author.split('@')[1]}>"), ("Subject", f"Nachricht {number}")]


async def known(port, seconds, is_rush):
    """500 correspondents; before the rush each writes once."""
    tally, room = Tally(), asyncio.Semaphore(KNOWN if is_rush else 20)

    async def one(number):
        random.seed(number)
        domain = f"known{number}.example"
        client = Client(port, f"203.0.{number // 100}.{number % 100 + 1}", f"mail.{domain}")
        body = f"Liebe Kollegin,\r\n\r\nanbei wie besprochen die Angaben zu Klasse {number}.\r\nViele Gruesse\r\n"
        end = time.monotonic() + seconds
        if is_rush:
            await asyncio.sleep(random.uniform(0, 15))
        try:
            async with room:
                await client.open()
                while True:
                    sender = f"person{number}@{domain}"
                    await tally.send(client, sender, f"teacher{number}@school.example", fields(sender, number), body)
                    if not is_rush:
                        return
                    await asyncio.sleep(random.uniform(10, 20))
                    if time.monotonic() > end:
                        return
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            tally.lost_connections += 1

    await asyncio.gather(*(one(number) for number in range(KNOWN)))
    return tally.result()


async def hostile(port, seconds, connections):
    """Clients of 400 networks that send one mail in variations."""
    tally = Tally()
    end = time.monotonic() + seconds

    async def one(number):
        network = number % 400
        client = Client(port, f"45.{network // 200}.{network % 200}.{number // 400 + 1}", f"host{number}.dyn.example")
        await asyncio.sleep(random.uniform(0, 3))
        try:
            await client.open()
            while time.monotonic() < end:
                sender = f"info{random.getrandbits(20)}@bad{network}.example"
                words = TEXT.split(" ")
                words.insert(random.randrange(len(words)), f"wort{random.getrandbits(30)}")
                body = f"Sehr geehrte Frau {random.getrandbits(16)},\r\n" + " ".join(words).replace("\n", "\r\n")
                recipient = f"teacher{random.randrange(KNOWN)}@school.example"
                await tally.send(client, sender, recipient, fields(sender, number), body)
                await asyncio.sleep(random.uniform(1, 2))
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            tally.lost_connections += 1

    await asyncio.gather(*(one(number) for number in range(connections)))
    return tally.result()


def run(queue, name, niceness, work, *arguments):
    os.nice(niceness)
    queue.put((name, asyncio.run(work(*arguments))))


def zone():
    lines = []
    for number in range(KNOWN):
        lines.append(f'known{number}.example. IN TXT "v=spf1 ip4:203.0.0.0/16 -all"')
        lines.append(f'_dmarc.known{number}.example. IN TXT "v=DMARC1; p=reject"')
    lines.append('nobody.example. IN A 192.0.2.1')
    return "\n".join(lines) + "\n"


def series(port):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read().decode()
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def total(found, name, *labels):
    return sum(value for key, value in found.items()
               if key.split("{")[0] == name and 'door="milter"' in key + ('door="milter"' if "{" not in key else "")
               and all(label in key for label in labels))


def percentile(waits, share):
    return sorted(waits)[min(len(waits) - 1, int(len(waits) * share))] if waits else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wehr", default=str(ROOT / "target/release/wehr"))
    parser.add_argument("--nameserver", help="default: examples/nameserver beside the program")
    parser.add_argument("--policy", choices=POLICIES, default="full")
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--connections", type=int, default=5000)
    given = parser.parse_args()
    given.wehr = str(pathlib.Path(given.wehr).resolve())
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    nameserver = given.nameserver or str(pathlib.Path(given.wehr).parent / "examples/nameserver")
    with tempfile.TemporaryDirectory(prefix="wehr-first-day-") as folder:
        folder = pathlib.Path(folder)
        (folder / "bench.zone").write_text(zone())
        (folder / "senders.toml").write_text(POLICIES[given.policy])
        resolver, milter, http = f"127.0.0.1:{free_port()}", free_port(), free_port()
        names = subprocess.Popen([nameserver, str(folder / "bench.zone"), resolver], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        (folder / "wehr.toml").write_text(
            f'authserv_id = "mx.school.example"\nown_domains = ["school.example"]\n[milter]\nlisten = "127.0.0.1:{milter}"\n[lmtp]\nlisten = []\n'
            f'[http]\nlisten = "127.0.0.1:{http}"\n[dns]\nresolvers = ["{resolver}"]\n[policy]\nsenders = "senders.toml"\n'
        )
        log = open(folder / "wehr.log", "w")
        server = subprocess.Popen([given.wehr, "serve", "--config", str(folder / "wehr.toml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  cwd=folder)
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=1).read()
                    break
                except OSError:
                    if server.poll() is not None:
                        sys.exit((folder / "wehr.log").read_text()[-3000:])
                    time.sleep(0.05)
            measure(given, server, milter, http)
        finally:
            server.terminate()
            names.terminate()
            server.wait(90)
            names.wait()


def measure(given, server, milter, http):
    queue = multiprocessing.Queue()

    def together(*kinds):
        crowd = [multiprocessing.Process(target=run, args=(queue, *kind)) for kind in kinds]
        for process in crowd:
            process.start()
        found = dict(queue.get() for _ in crowd)
        for process in crowd:
            process.join()
        return found

    warm = together(("warm", 0, known, milter, 0, False))["warm"]
    time.sleep(3)
    if POLICIES[given.policy].count("[greylist]"):
        # Whoever is new has to come again; those with DMARC pass need not, and are known from now on.
        assert warm["codes"].get(2) == KNOWN, warm["codes"]
    over = threading.Event()
    peak = [0]

    def watch():
        while not over.wait(0.1):
            rows = dict(line.split(":", 1) for line in open(f"/proc/{server.pid}/status") if ":" in line)
            peak[0] = max(peak[0], int(rows["VmRSS"].split()[0]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    found = together(("known", 0, known, milter, given.seconds, True),
                     ("hostile", 10, hostile, milter, given.seconds, given.connections - KNOWN))
    over.set()
    watcher.join()
    time.sleep(2)
    metrics = series(http)
    report(given, warm, found, metrics, peak[0])


def report(given, warm, found, metrics, peak):
    known, hostile = found["known"], found["hostile"]
    sent = sum(part["sent"] for part in (warm, known, hostile))
    unanswered = sum(part["unanswered"] for part in (warm, known, hostile))
    begun, judged = total(metrics, "wehr_mails_begun_total"), total(metrics, "wehr_mails_total")
    early, aborted = total(metrics, "wehr_refused_early_total"), total(metrics, "wehr_aborted_total")
    still_open = metrics.get("wehr_mails_open", 0)
    unaccounted = total(metrics, "wehr_recipients_unaccounted")
    waits = [wait for wait, _ in known["waits"]]
    deferred_known = sum(1 for _, code in known["waits"] if code >= 400)
    deferred = hostile["codes"].get(4, 0)
    print("| policy | known: mails, p50, p99, longest | known deferred | hostile mails | hostile 4xx | peak RSS | balance |")
    print("|---|---|---|---|---|---|---|")
    contract = metrics.get("wehr_memory_bytes_max", 0) / 2**20
    balance = "even" if begun == judged + early + aborted + still_open and unaccounted == 0 and begun == sent else "UNEVEN"
    print(f"| {given.policy} | {len(waits)}, {percentile(waits, 0.5):.3f} s, {percentile(waits, 0.99):.3f} s, {max(waits, default=0):.3f} s "
          f"| {deferred_known} | {hostile['sent']} ({hostile['sent'] / given.seconds:.0f}/s) | {100 * deferred / max(1, hostile['sent']):.1f} % "
          f"| {peak / 1024:.0f} MiB of {contract:.0f} | {balance} |")
    print(json.dumps({"sent": sent, "unanswered": unanswered, "begun": begun, "judged": judged, "early": early, "aborted": aborted,
                      "open": still_open, "unaccounted": unaccounted, "lost_connections": known["lost"] + hostile["lost"],
                      "hostile": hostile["codes"], "campaigns": metrics.get("wehr_campaigns_total"),
                      "hostile_p50": round(percentile([wait for wait, _ in hostile["waits"]], 0.5), 3)}))


if __name__ == "__main__":
    main()
