#!/usr/bin/env python3
"""(1-ROCA)% of Wehr's learned model, bogofilter, SpamAssassin's Bayes and rspamd's over the same stripped mails.

Usage: learn.py STRIPPED WORK [wehr|bogofilter|spamassassin|rspamd|rspamd_all]... [only=SET-MODE] [halves=N]
       WEHR_BENCH=path of the built bench `learn`; `halves`: so many further random halves of each set, with their mean

STRIPPED: folders CORPUS/ham, CORPUS/spam, CORPUS/phish of mails without the fields that leak their label. Corpora of one
era make one set; halves are drawn by the SHA-256 of the path. Fields of the collecting provider are removed from modern mail for all systems alike, and the recipient
that one corpus put in. Everything stays on this machine; peers keep their data in WORK. rspamd runs with the configuration
of its package (only BAYES_SPAM and BAYES_HAM are asked for, no name server answers) and a Redis of its own, both on
loopback and as `nobody` if started by root. What a system said is kept as WORK/SET-MODE-SYSTEM.out, a line for each mail.
"""
import collections, hashlib, http.client, json, os, pathlib, re, shutil, socket, subprocess, sys, tempfile, time

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


def half(found, salt):
    """The same mails in another order: every salt draws another half."""
    return sorted(found, key=lambda mail: hashlib.sha256(salt.encode() + mail[2]).digest())


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


def port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def served(port):
    """Waits until something listens."""
    for _ in range(1200):
        try:
            return socket.create_connection(('127.0.0.1', port)).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f'nothing listens on port {port}')


def asked(controller, path, raw, fields={}):
    """What rspamd's controller answers, as its client `rspamc` asks it."""
    connection = http.client.HTTPConnection('127.0.0.1', controller, timeout=120)
    connection.request('POST', path, raw, fields)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body.strip() else {}


def rspamd_score(controller, raw):
    only = json.dumps({'symbols_enabled': ['BAYES_SPAM', 'BAYES_HAM']})
    symbols = asked(controller, '/checkv2', raw, {'Settings': only})[1].get('symbols', {})
    return sum(symbols[name]['score'] for name in ('BAYES_SPAM', 'BAYES_HAM') if name in symbols)


def rspamd(lst, mode, home, bayes=''):
    redis, normal, controller = port(), port(), port()
    for name, text in {
        'redis.conf': f'servers = "127.0.0.1:{redis}";',
        'options.inc': 'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; } disable_hyperscan = true;',
        'worker-normal.inc': f'bind_socket = "127.0.0.1:{normal}"; count = 1;',
        'worker-controller.inc': f'bind_socket = "127.0.0.1:{controller}"; secure_ip = "127.0.0.1"; count = 1;',
        'classifier-bayes.conf': bayes,
        'worker-proxy.inc': f'enabled = false; bind_socket = "127.0.0.1:{port()}";',
    }.items():
        (home / 'local.d').mkdir(exist_ok=True)
        (home / 'local.d' / name).write_text(text + '\n')
    home.chmod(0o755)
    who = {}
    if os.geteuid() == 0:
        subprocess.run(['chown', '-R', 'nobody', home], check=True)
        who = {'user': 'nobody', 'group': 'nogroup', 'extra_groups': []}
    quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, 'cwd': home, **who}
    folders = [f'--var={name}={home}' for name in ('DBDIR', 'RUNDIR', 'LOGDIR')]
    started = [subprocess.Popen(['redis-server', '--port', str(redis), '--bind', '127.0.0.1', '--save', ''], **quiet)]
    try:
        served(redis)
        started.append(subprocess.Popen(['rspamd', '-f', *folders, f'--var=LOCAL_CONFDIR={home}'], **quiet))
        served(controller)
        return rspamd_run(lst, mode, controller)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def rspamd_all(lst, mode, home):
    """rspamd, but what its Bayes is sure of is learned too; the package's configuration refuses that."""
    return rspamd(lst, mode, home, 'learn_condition = "return function() return true end";')


def rspamd_run(lst, mode, controller):
    lines = [line.split(' ', 1) for line in lst.read_text().splitlines()]
    half = len(lines) // 2 if mode == 'batch' else len(lines)
    out, refused = [], collections.Counter()
    for at, (label, path) in enumerate(lines):
        raw = pathlib.Path(path).read_bytes()
        if mode == 'online' or at >= half:
            out.append(f'{label} {rspamd_score(controller, raw)!r}')
        if at < half:
            status, said = asked(controller, '/learnspam' if label == 'spam' else '/learnham', raw)
            if status != 200 or not said.get('success'):
                refused[f"{status} {re.sub(r'[<0-9].*', '', said.get('error', ''))}"] += 1
    for what, count in refused.items():
        print(f'{lst.stem}\trspamd\tdid not learn {count} of {half}: {what}', flush=True)
    return '\n'.join(out)


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


def figure(system, found, name, mode, work):
    lst = work / f'{name}-{mode}.txt'
    lst.write_text(''.join(f'{label} {path}\n' for label, path, _ in found))
    home = pathlib.Path(tempfile.mkdtemp(dir=work))
    said = globals()[system](lst, mode, home)
    (work / f'{name}-{mode}-{system}.out').write_text(said)
    shutil.rmtree(home)
    percent, judged = one_minus_roca(said)
    print(f'{name}\t{mode}\t{system}\t{judged} judged\t{percent:.4f} %', flush=True)
    return percent


def main():
    stripped, work, *rest = sys.argv[1:]
    options = dict(argument.split('=', 1) for argument in rest if '=' in argument)
    systems = [name for name in rest if '=' not in name] or ['wehr', 'bogofilter', 'spamassassin', 'rspamd']
    halves = int(options.get('halves', 0))
    work = pathlib.Path(work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    for name, mode, found in sets(pathlib.Path(stripped), work):
        if options.get('only', f'{name}-{mode}') != f'{name}-{mode}':
            continue
        for system in systems:
            if not halves:
                figure(system, found, name, mode, work)
            elif mode == 'batch':
                every = [figure(system, half(found, str(at)), f'{name}-{at}', mode, work) for at in range(halves)]
                print(f'{name}\tmean of {halves} halves\t{system}\t{sum(every) / halves:.4f} %', flush=True)


if __name__ == '__main__':
    main()
