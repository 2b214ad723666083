#!/usr/bin/env python3
"""What a mail costs the filter: CPU milliseconds a mail through the milter door, and memory.

Drives `wehr serve` with maildrive (../shared/tools/maildrive) over ../shared/corpora and reads our process's
utime + stime from /proc. Two modes: content only (no resolver), and authentication over a resolver on loopback
(examples/nameserver.rs). Only the standard library; prints a table in Markdown.

    cargo build --ignore-rust-version --release --bin wehr --example nameserver
    benches/load.py [--wehr target/release/wehr] [--shared ../shared] [--all]
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Names of the mails' own time are gone; a few exist so that some of every method's paths are walked.
ZONE = """
example.net.              IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
example.net.              IN MX 10 mail.example.net.
example.net.              IN A 192.0.2.1
_dmarc.example.net.       IN TXT "v=DMARC1; p=reject"
mail.example.net.         IN A 192.0.2.1
1.2.0.192.in-addr.arpa.   IN PTR mail.example.net.
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def memory_kb(pid):
    """Resident now and its high-water mark, in KiB."""
    rows = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    return int(rows["VmRSS"].split()[0]), int(rows["VmHWM"].split()[0])


class Filter:
    """A `wehr serve` of our own in a private folder; ends with the `with` block."""

    def __init__(self, program, folder, resolver=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wehr-load-", dir=folder))
        self.milter, http = free_port(), free_port()
        resolvers = f'resolvers = ["{resolver}"]' if resolver else "resolvers = []"
        (self.folder / "wehr.toml").write_text(
            f'authserv_id = "mx.example.org"\nown_domains = ["example.org"]\n[milter]\nlisten = "127.0.0.1:{self.milter}"\n'
            f'[lmtp]\nlisten = []\n[http]\nlisten = "127.0.0.1:{http}"\n[dns]\n{resolvers}\n'
        )
        self.log = open(self.folder / "wehr.log", "w")
        self.process = subprocess.Popen(
            [program, "serve", "--config", str(self.folder / "wehr.toml")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
        )
        self.pid = self.process.pid
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{http}/readyz", timeout=1).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.process.kill()
        sys.exit(f"the filter did not get ready:\n{(self.folder / 'wehr.log').read_text()[-3000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(70)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


class Nameserver:
    """examples/nameserver.rs on a zone file of ours."""

    def __init__(self, program, folder):
        zone = pathlib.Path(folder) / "bench.zone"
        zone.write_text(ZONE)
        self.address = f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen([program, str(zone), self.address], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        if self.process.poll() is not None:
            sys.exit("the name server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Peak:
    """The largest resident size while the `with` block runs, looked at every 20 ms."""

    def __init__(self, pid):
        self.pid, self.kb, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.02):
            self.kb = max(self.kb, memory_kb(self.pid)[0])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def drive(maildrive, server, files, connections, *more):
    """One run of maildrive; its JSON report."""
    command = [maildrive, "--proto", "milter", "--connect", f"127.0.0.1:{server.milter}", "--pid", str(server.pid), "--json"]
    command += ["-c", str(connections), "--per-conn", "0", "--files", str(files), *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def large_mails(folder, count, size):
    """Text mails of `size` octets, every line different: nothing to deduplicate."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    for number in range(count):
        with open(folder / f"{number}.eml", "w") as out:
            out.write(f"From: a@example.net\nTo: b@example.org\nSubject: large {number}\nMessage-ID: <large-{number}@example.net>\n\n")
            line = 0
            while out.tell() < size:
                out.write(f"{number} {line} of a long letter about the school year, see https://school-{line}.example/ for more.\n")
                line += 1
    return folder


def measure(mode, program, maildrive, corpora, large, work, resolver):
    rows = []
    with Filter(program, work, resolver) as server:
        time.sleep(1)
        idle = memory_kb(server.pid)[0]
        for name, files in corpora:
            with Peak(server.pid) as peak:
                report = drive(maildrive, server, files, 4, "--warm", "500")
            rows.append((mode, name, report, idle, peak.kb))
        with Peak(server.pid) as peak:
            report = drive(maildrive, server, large, 4, "-n", "4")
        rows.append((mode, "four 25 MB text mails at once", report, idle, peak.kb))
        time.sleep(10)
        print(f"{mode}: {memory_kb(server.pid)[0] / 1024:.1f} MiB ten seconds after the large mails", flush=True)
    return rows


def table(rows):
    print("\n| mode | corpus | mails | CPU ms a mail | of it system | mails/s | p50 ms | p99 ms | RSS idle MiB | RSS under load MiB | errors | outcomes |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for mode, name, report, idle, peak in rows:
        count = max(report["messages"], 1)
        outcomes = ", ".join(f"{word} {number}" for word, number in sorted(report["actions"].items()))
        print(
            f"| {mode} | {name} | {report['messages']} | {report['server_cpu_ms_per_msg']:.3f} "
            f"| {report['server_cpu_sys_s'] * 1000 / count:.3f} | {report['msg_per_s']:.0f} | {report['lat_ms']['p50']:.2f} "
            f"| {report['lat_ms']['p99']:.2f} | {idle / 1024:.1f} | {peak / 1024:.1f} | {report['errors']} | {outcomes} |"
        )


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return f"{time.strftime('%d %b %Y %H:%M UTC', time.gmtime())}, {os.cpu_count()} x {model}, Linux {os.uname().release}, load {os.getloadavg()[0]:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wehr", default=ROOT / "target/release/wehr", type=pathlib.Path)
    parser.add_argument("--nameserver", default=ROOT / "target/release/examples/nameserver", type=pathlib.Path)
    parser.add_argument("--shared", default=ROOT.parent / "shared", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="every corpus beside the one that peers were measured on")
    parser.add_argument("--mode", choices=["content", "authentication", "both"], default="both")
    options = parser.parse_args()
    # The filter runs in a folder of its own, so a relative path would not be found there.
    options.wehr, options.nameserver = options.wehr.resolve(), options.nameserver.resolve()
    for path in (options.wehr, options.nameserver, options.shared):
        if not path.exists():
            sys.exit(f"{path} is missing; see --help")
    work = tempfile.mkdtemp(prefix="wehr-bench-")
    try:
        run(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run(options, work):
    source = options.shared / "tools/maildrive"
    # Built out of tree: the shared folder is read only for us.
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--manifest-path", source / "Cargo.toml", "--target-dir", f"{work}/maildrive"], check=True
    )
    maildrive = f"{work}/maildrive/release/maildrive"
    archive = options.shared / "corpora/dev.tar.zst"
    subprocess.run(f"zstd -dqc --long=27 '{archive}' | tar x -C '{work}'", shell=True, check=True)
    corpora = [("SpamAssassin public", f"{work}/dev/spamassassin-public")]
    if options.all:
        corpora.append(("all", f"{work}/dev"))
    large = large_mails(f"{work}/large", 4, 25_000_000)
    print(machine(), flush=True)
    rows = []
    if options.mode in ("content", "both"):
        rows += measure("content only", options.wehr, maildrive, corpora, large, work, None)
    if options.mode in ("authentication", "both"):
        with Nameserver(options.nameserver, work) as server:
            rows += measure("with authentication", options.wehr, maildrive, corpora, large, work, server.address)
    table(rows)


if __name__ == "__main__":
    main()
