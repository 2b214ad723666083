#!/usr/bin/env python3
"""How well the static rules tell wanted from unwanted mail: modern mail, no learning, no network.

Reads the corpora (WEHR_CORPORA, or ../shared/corpora; a folder `dev`, or `dev.tar.zst`, or one named with --part), removes what leaks
labels with ../shared/tools/strip_labels.py, runs `wehr scan --json` over the mails and prints tables in Markdown. Only the standard library.

    cargo build --ignore-rust-version --release --bin wehr
    benches/quality.py [--wehr target/release/wehr] [--rules rules] [--shared ../shared] [--part dev] [--symbols] [--ham 20] [--missed 20]
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Sources whose mails are of 2019 or later, and the labels of theirs that count. All lists-spam, phishing-pot, glitchy and foff mails are.
MODERN = {
    "lists-modern": ["ham"],
    "foff-milter-tests": ["ham", "spam"],
    "lists-spam": ["spam", "phish"],
    "phishing-pot": ["phish"],
    "glitchy-spam-archive": ["spam"],
}
# Mails written for this project, all wanted: what the corpora lack (German, schools, receipts, notices).
OWN = ROOT / "corpus" / "neutral"


class Judged:
    """One mail with its score and symbols."""

    def __init__(self, source, label, report):
        self.source, self.label = source, label
        self.path, self.score = report["path"], report["score"]
        self.subject = report["subject"]
        self.symbols = {symbol["name"]: symbol["score"] for symbol in report["symbols"]}

    @property
    def is_ham(self):
        return self.label == "ham"


def unpacked(shared, part, folder):
    """The folder of one part of the corpora, unpacked into `folder` if it is an archive."""
    corpora = pathlib.Path(os.environ.get("WEHR_CORPORA", shared / "corpora"))
    for place in (corpora / part, corpora):
        if all((place / source).is_dir() for source in MODERN):
            return place
    archive = corpora if corpora.is_file() else corpora / f"{part}.tar.zst"
    names = [f"{part}/{source}" for source in MODERN]
    zstd = subprocess.Popen(["zstd", "-dc", "--long=27", archive], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", folder, *names], stdin=zstd.stdout, check=True)
    if zstd.wait() != 0:
        sys.exit(f"{archive} cannot be unpacked")
    return pathlib.Path(folder) / part


def stripped(shared, source, target):
    """Copies a folder of mails without the header fields that leak their label."""
    subprocess.run([sys.executable, shared / "tools" / "strip_labels.py", source, target], check=True)


def scanned(arguments, folder):
    """Every report of `wehr scan` over a folder, by several processes: scan itself judges one mail after the other."""
    mails = sorted(map(str, pathlib.Path(folder).rglob("*.eml")))
    command = [arguments.wehr, "scan", "--json"] + (["--rules", arguments.rules] if arguments.rules else [])
    shares = [mails[at :: arguments.jobs] for at in range(arguments.jobs)]
    running = []
    for share in filter(None, shares):
        out = tempfile.TemporaryFile("w+")
        chunks = [share[at : at + 500] for at in range(0, len(share), 500)]
        running.append((chunks, out))
    pending = [(chunks, out, None) for chunks, out in running]
    while pending:
        still = []
        for chunks, out, process in pending:
            if process is not None and process.wait() not in (0, 1):
                sys.exit(f"wehr scan failed with {process.returncode}")
            if chunks:
                process = subprocess.Popen(command + chunks[0], stdout=out)
                still.append((chunks[1:], out, process))
            elif process is not None:
                still.append(([], out, None))
        pending = still
    for _, out in running:
        out.seek(0)
        yield from map(json.loads, out)


def roc_area(ham, unwanted):
    """The chance that an unwanted mail has the higher score; ties count half."""
    counts = collections.Counter(ham)
    below, area = 0, 0.0
    scores = sorted(set(ham) | set(unwanted))
    worse = collections.Counter(unwanted)
    for score in scores:
        area += worse[score] * (below + counts[score] / 2)
        below += counts[score]
    return area / (len(ham) * len(unwanted))


def caught_at(ham, unwanted, share):
    """Share of unwanted mail above the lowest threshold that flags at most this share of ham, and that threshold."""
    above = sorted(ham, reverse=True)[int(len(ham) * share)]
    return sum(score > above for score in unwanted) / len(unwanted), above


def interval(judged, threshold, rounds=200):
    """Caught share over 200 bootstrap samples of mails (2.5 % and 97.5 %)."""
    dice = random.Random(1)
    marks = [one.score >= threshold for one in judged]
    shares = sorted(sum(dice.choices(marks, k=len(marks))) / len(marks) for _ in range(rounds))
    return shares[rounds // 40], shares[-rounds // 40 - 1]


def table(judged, threshold):
    """Per source: how many, how many tagged."""
    print(f"| source | label | mails | tagged (>= {threshold}) | share | median | highest |\n|---|---|---|---|---|---|---|")
    groups = collections.defaultdict(list)
    for one in judged:
        groups[one.source, one.label].append(one.score)
    for (source, label), scores in sorted(groups.items()):
        scores.sort()
        tagged = sum(score >= threshold for score in scores)
        print(
            f"| {source} | {label} | {len(scores)} | {tagged} | {100 * tagged / len(scores):.2f} % "
            f"| {scores[len(scores) // 2]:.1f} | {scores[-1]:.1f} |"
        )


def summary(judged, threshold, title):
    """The figures of the goal."""
    ham = [one.score for one in judged if one.is_ham]
    unwanted = [one.score for one in judged if not one.is_ham]
    if not ham or not unwanted:
        return
    tagged, caught = sum(score >= threshold for score in ham), sum(score >= threshold for score in unwanted)
    low, high = interval([one for one in judged if not one.is_ham], threshold)
    strict, strict_at = caught_at(ham, unwanted, 0.001)
    loose, loose_at = caught_at(ham, unwanted, 0.01)
    print(f"\n{title}: {len(ham)} ham, {len(unwanted)} unwanted")
    print(f"  AUC {roc_area(ham, unwanted):.4f}")
    print(
        f"  at {threshold}: {tagged} ham tagged ({100 * tagged / len(ham):.3f} %), {100 * caught / len(unwanted):.1f} % "
        f"of the unwanted caught (bootstrap {100 * low:.1f} to {100 * high:.1f})"
    )
    print(f"  at 0.1 % of ham: {100 * strict:.1f} % caught (above {strict_at:.1f})")
    print(f"  at 1 % of ham: {100 * loose:.1f} % caught (above {loose_at:.1f})")


def symbols(judged):
    """How often each symbol hits ham and unwanted mail."""
    ham = [one for one in judged if one.is_ham]
    unwanted = [one for one in judged if not one.is_ham]
    hits = collections.defaultdict(lambda: [0, 0, 0.0])
    for one in judged:
        for name, score in one.symbols.items():
            hits[name][0 if one.is_ham else 1] += 1
            hits[name][2] = score
    print("\n| symbol | score | ham % | unwanted % |\n|---|---|---|---|")
    for name, (good, bad, score) in sorted(hits.items(), key=lambda row: -row[1][1]):
        print(f"| {name} | {score:.1f} | {100 * good / len(ham):.2f} | {100 * bad / len(unwanted):.2f} |")


def show(title, judged):
    """Single mails and what they hit."""
    print(f"\n{title}")
    for one in judged:
        print(f"{one.score:6.1f} {one.source}/{one.label}/{pathlib.Path(one.path).name}: {one.subject[:80]}")
        print("       " + " ".join(f"{name} {score:+.1f}" for name, score in one.symbols.items()))


def share_of(name):
    """The place of a file's name in [0, 1): the first four hex digits of its SHA-256."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) / 65536


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--wehr", default=str(ROOT / "target" / "release" / "wehr"), help="the program")
    parser.add_argument("--rules", help="folder of rule files; without it the embedded packs")
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared", help="folder with tools and corpora")
    parser.add_argument("--part", default="dev", help="part of the corpora: dev or heldout")
    parser.add_argument("--threshold", type=float, default=6.0, help="score from which a mail is tagged")
    parser.add_argument("--sample", type=float, default=1.0, help="only mails whose name hashes below this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--symbols", action="store_true", help="print how often each symbol hits")
    parser.add_argument("--ham", type=int, default=0, help="show so many ham mails with the highest scores")
    parser.add_argument("--missed", type=int, default=0, help="show so many unwanted mails below the threshold")
    parser.add_argument("--save", help="write every mail's path, label, score and symbols to this file (JSON lines)")
    arguments = parser.parse_args()
    judged = []
    with tempfile.TemporaryDirectory(prefix="wehr-quality-") as folder:
        corpora = unpacked(arguments.shared, arguments.part, folder)
        for source, labels in MODERN.items():
            for label in labels:
                target = pathlib.Path(folder) / "stripped" / source / label
                stripped(arguments.shared, corpora / source / label, target)
                for mail in [path for path in target.rglob("*.eml") if share_of(path.name) >= arguments.sample]:
                    mail.unlink()
                judged += [Judged(source, label, report) for report in scanned(arguments, target)]
        own = [Judged("own", "ham", report) for report in scanned(arguments, OWN)] if OWN.is_dir() else []
    table(judged + own, arguments.threshold)
    summary(judged, arguments.threshold, "modern mail")
    if own:
        tagged = sum(one.score >= arguments.threshold for one in own)
        print(f"\nmails of our own (all wanted): {tagged} of {len(own)} tagged, highest {max(one.score for one in own):.1f}")
    if arguments.symbols:
        symbols(judged)
    if arguments.ham:
        ham = sorted((one for one in judged + own if one.is_ham), key=lambda one: -one.score)
        show("ham with the highest scores", ham[: arguments.ham])
    if arguments.missed:
        below = [one for one in judged if not one.is_ham and one.score < arguments.threshold]
        show("unwanted below the threshold", random.Random(1).sample(below, min(arguments.missed, len(below))))
    if arguments.save:
        with open(arguments.save, "w") as out:
            for one in judged + own:
                row = {"source": one.source, "label": one.label, "path": one.path, "score": one.score, "symbols": one.symbols}
                out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
