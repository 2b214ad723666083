#!/usr/bin/env python3
"""(1-ROCA)% of Wehr's learned model, bogofilter and SpamAssassin's Bayes over the same stripped mails.

Usage: learn.py STRIPPED WORK [wehr|bogofilter|spamassassin]...    WEHR_BENCH=path of the built bench `learn`

STRIPPED: folders CORPUS/ham, CORPUS/spam, CORPUS/phish of mails without the fields that leak their label. Corpora of one
era make one set; halves are drawn by the SHA-256 of the path. Fields of the collecting provider are removed from modern mail for all systems alike, and the recipient
that one corpus put in. Everything stays on this machine; peers keep their data in WORK.
"""
import hashlib, os, pathlib, re, shutil, subprocess, sys, tempfile

MODERN = ['lists-modern', 'lists-spam', 'phishing-pot', 'foff-milter-tests', 'glitchy-spam-archive']
PROVIDER = re.compile(rb'(x-ms-|x-microsoft|x-incoming|x-eop|x-sid-|x-message-(info|delivery)|x-messageheader|x-userlast|'
                      rb'x-originatororg|delivered-to|x-original-to|x-envelope|envelope-to|return-path)', re.I)
FIELD = re.compile(rb'[^\r\n][^\r\n]*(?:\r\n[ \t][^\r\n]*)*')


def neutral(raw: bytes) -> bytes:
    head, blank, body = raw.partition(b'\r\n\r\n')
    kept = b'\r\n'.join(field for field in FIELD.findall(head) if not PROVIDER.match(field))
    return (kept + blank + body).replace(b'phishing@pot', b'someone@site.example')


def mails(stripped, work, corpus):
    found = []
    for label in ('ham', 'spam', 'phish'):
        for path in sorted((stripped / corpus / label).glob('*.eml')):
            digest = hashlib.sha256(str(path).encode()).digest()
            if corpus in MODERN:
                copy = work / 'mails' / corpus / label / path.name
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(neutral(path.read_bytes()))
                path = copy
            found.append(('ham' if label == 'ham' else 'spam', path, digest))
    return found


def sets(stripped, work):
    trec = mails(stripped, work, 'trec07p')
    arrival = lambda mail: int(re.search(r'inmail\.(\d+)', mail[1].name)[1])
    by_hash = lambda found: sorted(found, key=lambda mail: mail[2])
    yield 'trec07p', 'online', sorted(trec, key=arrival)
    yield 'trec07p', 'batch', by_hash(trec)
    yield 'spamassassin-public', 'batch', by_hash(mails(stripped, work, 'spamassassin-public'))
    yield 'modern', 'batch', by_hash([mail for corpus in MODERN for mail in mails(stripped, work, corpus)])


def wehr(lst, mode, home):
    return subprocess.run([os.environ['WEHR_BENCH'], lst, mode], capture_output=True, text=True, check=True).stdout


def bogofilter(lst, mode, home):
    lines = [line.split(' ', 1) for line in lst.read_text().splitlines()]
    out, tool = [], ['bogofilter', '-d', str(home)]
    half = len(lines) // 2 if mode == 'batch' else len(lines)
    for at, (label, path) in enumerate(lines):
        raw = pathlib.Path(path).read_bytes()
        if mode == 'online' or at >= half:
            said = subprocess.run([*tool, '-T', '-e'], input=raw, capture_output=True).stdout.split()
            out.append(f'{label} {said[1].decode() if len(said) > 1 else 0.5}')
        if at < half:
            subprocess.run([*tool, '-s' if label == 'spam' else '-n'], input=raw, check=True)
    return '\n'.join(out)


def spamassassin(lst, mode, home):
    script = pathlib.Path(__file__).with_name('learn_sa.pl')
    return subprocess.run(['perl', script, lst, mode, home], capture_output=True, text=True, check=True).stdout


def one_minus_roca(text):
    """Percent of (ham, spam) pairs in the wrong order; ties count half."""
    scored = sorted((float(score), label == 'spam') for label, score in (line.split() for line in text.split('\n') if line))
    spam = wrong = at = 0
    while at < len(scored):
        end = at
        while end < len(scored) and scored[end][0] == scored[at][0]:
            end += 1
        hits = sum(is_spam for _, is_spam in scored[at:end])
        wrong += (end - at - hits) * (spam + hits / 2)
        spam, at = spam + hits, end
    return 100 * wrong / (spam * (len(scored) - spam)), len(scored)


def main():
    stripped, work, *systems = sys.argv[1:]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    for name, mode, found in sets(pathlib.Path(stripped), work):
        lst = work / f'{name}-{mode}.txt'
        lst.write_text(''.join(f'{label} {path}\n' for label, path, _ in found))
        for system in systems or ['wehr', 'bogofilter', 'spamassassin']:
            home = pathlib.Path(tempfile.mkdtemp(dir=work))
            figure, judged = one_minus_roca(globals()[system](lst, mode, home))
            shutil.rmtree(home)
            print(f'{name}\t{mode}\t{system}\t{judged} judged\t{figure:.4f} %', flush=True)


if __name__ == '__main__':
    main()
