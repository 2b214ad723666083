#!/usr/bin/env python3
"""Ham that would be refused or set aside for its structure or attachments alone, whatever its score.

    cargo build --ignore-rust-version --release --bin wehr
    benches/refused.py [--shared ../shared] [--wehr target/release/wehr] [--corpora FOLDER]

FOLDER holds the developers' side of the corpora, unpacked; without it `../shared/corpora/dev.tar.zst` is unpacked into a
temporary folder. Prints for each corpus how many ham mails there are, and which of them had an action that their score does
not ask for, with the reason. No network, no scanner, built-in rules and classes.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

QUARANTINE, REJECT = 10.0, 15.0


def by_score(score):
    return "reject" if score >= REJECT else "quarantine" if score >= QUARANTINE else "accept"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path("../shared"))
    parser.add_argument("--wehr", type=pathlib.Path, default=pathlib.Path("target/release/wehr"))
    parser.add_argument("--corpora", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.corpora
        if root is None:
            archive = options.shared / "corpora/dev.tar.zst"
            unpack = f"zstd -dc --long=27 {archive} | tar x -C {scratch}"
            subprocess.run(["bash", "-o", "pipefail", "-c", unpack], check=True)
            root = pathlib.Path(scratch) / "dev"
        folders = sorted(root.glob("*/ham"))
        if not folders:
            sys.exit(f"{root}: no */ham folder in it")
        mails = kept_back = 0
        reasons = collections.Counter()
        for folder in folders:
            command = [options.wehr, "scan", "--json", folder]
            lines = subprocess.run(command, capture_output=True, check=False).stdout.splitlines()
            count = 0
            for line in lines:
                mail = json.loads(line)
                count += 1
                action = mail["action"]
                if action in ("reject", "quarantine", "defer") and by_score(mail["score"]) != action:
                    kept_back += 1
                    names = [s["name"] for s in mail["symbols"] if s["name"].startswith(("ATTACHMENT", "STRUCTURE", "EXEC"))]
                    detail = next((s["detail"] for s in mail["symbols"] if s["name"] == "ATTACHMENT_POLICY"), "")
                    reasons[action] += 1
                    print(f"  {action} {mail['path']}: {detail or ' '.join(names)}")
            mails += count
            print(f"{folder.parent.name}: {count} ham")
        print(f"{mails} ham, {kept_back} kept back for structure or attachments: {dict(reasons)}")


if __name__ == "__main__":
    main()
