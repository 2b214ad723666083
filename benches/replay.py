#!/usr/bin/env python3
"""Mails a second and core of `wehr replay`, beside SpamAssassin's mass check and rspamc with rspamd, over the same mails.

  cargo build --ignore-rust-version --release --bin wehr
  benches/replay.py FOLDER...            # every --every-th mail of the folders; peers that are not installed are left out, and named

CPU time of processes, servers included, their start left out; no network: rspamd's resolver is a port where nobody answers.
"""
import argparse, os, pathlib, resource, shutil, socket, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, **options):
    """CPU seconds of a command, and what it printed."""
    before = children()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr[-400:]}")
    return children() - before, done.stdout


def wehr(binary, folder, jobs):
    start, _ = run([binary, "replay", "--json", str(folder.parent / "one")])
    seconds, _ = run([binary, "replay", "--json", "--jobs", str(jobs), str(folder)])
    return max(seconds - start, 1e-9)


def spamassassin(paths, listed):
    listed.write_text("".join(f"{path}\n" for path in paths))
    _, told = run(["perl", str(ROOT / "benches/replay_sa.pl"), str(listed)])
    mails, seconds = told.split()
    assert int(mails) == len(paths)
    return float(seconds)


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def ticks(pid):
    """CPU seconds of a process and of its children, ended ones too."""
    total = 0
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.parent.name) == pid or int(fields[1]) == pid:
            total += sum(int(fields[at]) for at in (11, 12))
    return total / os.sysconf("SC_CLK_TCK")


def rspamd(folder, work):
    etc, port = work / "local.d", free_port()
    etc.mkdir()
    (etc / "logging.inc").write_text('type = "file"; level = "error";\n')
    (etc / "options.inc").write_text(f'dns {{ nameserver = ["127.0.0.1:{free_port()}"]; timeout = 0.05s; retransmits = 1; }}\n')
    (etc / "worker-controller.inc").write_text(f'bind_socket = "127.0.0.1:{free_port()}";\n')
    (etc / "worker-normal.inc").write_text(f'count = 1;\nbind_socket = "127.0.0.1:{port}";\n')
    (etc / "worker-proxy.inc").write_text("enabled = false;\n")
    (etc / "fuzzy_check.conf").write_text("enabled = false;\n")
    (etc / "worker-fuzzy.inc").write_text("enabled = false;\n")
    for name in ("db", "run", "log"):
        (work / name).mkdir()
        shutil.chown(work / name, "_rspamd", "_rspamd")
    work.chmod(0o755)
    vars = {"LOCAL_CONFDIR": work, "DBDIR": work / "db", "RUNDIR": work / "run", "LOGDIR": work / "log"}
    server = subprocess.Popen(
        ["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", *(f"--var={key}={value}" for key, value in vars.items())],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(600):
            time.sleep(0.2)
            with socket.socket() as some:
                if some.connect_ex(("127.0.0.1", port)) == 0:
                    break
        else:
            sys.exit("rspamd does not listen")
        run(["rspamc", "-h", f"127.0.0.1:{port}", str(folder.parent / "one")])
        before = ticks(server.pid)
        client, _ = run(["rspamc", "-h", f"127.0.0.1:{port}", "-n", "4", str(folder)])
        return client + ticks(server.pid) - before
    finally:
        os.killpg(server.pid, 15)
        server.wait()


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folders", nargs="+", type=pathlib.Path)
    ask.add_argument("--every", type=int, default=20)
    ask.add_argument("--wehr", default=str(ROOT / "target/release/wehr"))
    asked = ask.parse_args()
    every = sorted(path for folder in asked.folders for path in folder.rglob("*") if path.is_file())
    few = every[:: asked.every]
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        for sub, paths in (("some", few), ("all", every), ("one", few[:1])):
            (work / sub).mkdir()
            for number, path in enumerate(paths):
                shutil.copy(path, work / sub / f"{number:06}.eml")
        rows = [("wehr replay, one thread", len(every), wehr(asked.wehr, work / "all", 1))]
        rows.append(("wehr replay, a thread a core", len(every), wehr(asked.wehr, work / "all", os.cpu_count())))
        rows.append(("wehr replay, one thread, the peers' mails only", len(few), wehr(asked.wehr, work / "some", 1)))
        if shutil.which("perl") and subprocess.run(["perl", "-MMail::SpamAssassin", "-e", "1"], stderr=subprocess.DEVNULL).returncode == 0:
            rows.append(("SpamAssassin, as mass-check does it", len(few), spamassassin(sorted((work / "some").iterdir()), work / "list")))
        else:
            print("left out: SpamAssassin (Debian: spamassassin)")
        if shutil.which("rspamd") and os.getuid() == 0:
            rows.append(("rspamc with rspamd", len(few), rspamd(work / "some", work)))
        else:
            print("left out: rspamd (Debian: rspamd; needs root)")
    print("| what | mails | CPU ms a mail | mails a second and core |\n|---|---|---|---|")
    for what, mails, seconds in rows:
        print(f"| {what} | {mails:,} | {1000 * seconds / mails:.2f} | {mails / seconds:,.0f} |")


if __name__ == "__main__":
    main()
