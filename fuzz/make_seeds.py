#!/usr/bin/env python3
"""Writes fuzz/seeds/: small inputs of our own that lead a minute of fuzzing deep into each target.

Most come from corpus/; the rest stands here. Run it again when a target's input or the corpus changes:
python3 fuzz/make_seeds.py
Targets without seeds here keep theirs: other programs made those archives and documents.
"""

import base64
import shutil
import struct
import tomllib
import zlib
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "fuzz" / "seeds"
SEED_BYTES_MAX = 4096
BEGUN = set()
MAILS = {path.stem: path.read_bytes() for path in sorted((ROOT / "corpus" / "samples").glob("*.eml"))}
CASES = {
    f"{path.parent.parent.name}-{path.parent.name}": path.parent
    for path in sorted((ROOT / "corpus" / "cases").glob("*/*/case.toml"))
}


def seed(target, name, octets):
    folder = SEEDS / target
    if target not in BEGUN:
        shutil.rmtree(folder, ignore_errors=True)
        BEGUN.add(target)
    folder.mkdir(parents=True, exist_ok=True)
    octets = octets.encode() if isinstance(octets, str) else octets
    if len(octets) <= SEED_BYTES_MAX:
        (folder / name).write_bytes(octets)


def values(answer):
    if isinstance(answer, list):
        return answer
    return [answer["failed"] if isinstance(answer, dict) else answer]


def table(case):
    """The lines that the target `judge` reads, from a case."""
    client, envelope, facts = case.get("client", {}), case.get("envelope", {}), case.get("facts", {})
    lines = [f"{key} {client[word]}" for key, word in [("client", "address"), ("helo", "helo")] if word in client]
    lines.append(f"sender {envelope.get('sender', '')}")
    lines += [f"recipient {recipient}" for recipient in envelope.get("recipients", [])]
    lines.append(f"at {int(case['received_at'].timestamp())}")
    virus = facts.get("virus", "not_asked")
    if virus != "not_asked":
        lines.append("virus " + (virus if isinstance(virus, str) else next(iter(virus.values()))))
    for kind in ["txt", "ipv4", "ipv6", "mx", "names"]:
        for name, answer in facts.get(kind, {}).items():
            lines += [f"{kind} {name} {value}" for value in values(answer)]
    return "\n".join(lines).encode() + b"\n\n"


MULTIPART = b"""From: a@a.example\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?b?/A==?=\r
Content-Type: multipart/mixed; boundary="b 1"; boundary*0=b; charset*=utf-8''x%20y\r
MIME-Version: 1.0\r
\r
preamble\r
--b 1\r
Content-Type: multipart/alternative; boundary=c\r
\r
--c\r
Content-Type: text/plain; charset=windows-1252; format=flowed\r
Content-Transfer-Encoding: quoted-printable\r
\r
Gr=FC=DFe =\r
http://a.example/=3Fq=3D1 www.b.example/x\r
--c\r
Content-Type: text/html; charset=utf-16le\r
Content-Transfer-Encoding: base64\r
\r
PABhACAAaAByAGUAZgA9ACIAaAB0AHQAcAA6AC8ALwBhAC4AZQB4AGEAbQBwAGwAZQAvACIAPgA=\r
--c--\r
--b 1\r
Content-Type: message/rfc822\r
Content-Transfer-Encoding: base64\r
\r
RnJvbTogeEB5LmV4YW1wbGUNCkNvbnRlbnQtVHlwZTogdGV4dC9odG1sDQoNCjxhIGhyZWY9aHR0cDovL3ouZXhhbXBsZT4NCg==\r
--b 1\r
Content-Type: application/octet-stream; name="=?utf-8?b?cmVjaG51bmcucGRm?=.exe"; name*0*=utf-8''re%63; name*1=hnung.js\r
Content-Disposition: attachment; filename=a.pdf; filename="b.scr"\r
Content-Transfer-Encoding: base64\r
Content-Transfer-Encoding: 7bit\r
\r
TVqQAAMAAAAEAAAA//8AALgAAAA!!\r
--b 1--\r
epilogue\r
begin 644 x.exe\r
#0V%T\r
`\r
end\r
"""

HTML = """<html><head><base href="http://base.example/dir/"><meta http-equiv=refresh content="0; url='//m.example/'">
<title>x</title><style>a{background:url(http://style.example/i.png)}</style></head><body>
<a href="HTTP://user@a.example:80/p?q=1&amp;r=2#f">b</a><a href='rel/path'>c</a><a href=//d.example/x>d</a>
<a href="&#104;ttp://e&#x2e;example/">e</a><a href=" java&#9;script:alert(1)">f</a><img src=cid:1 srcset="i.png 1x, j.png 2x">
<form action="https://f.example/login"><input type=password></form><area href=http://g.example>
<!-- <a href=http://comment.example/> --><a href="http://b\u00fccher.example/">h</a><iframe srcdoc="<a href=http://i.example>"></iframe>
<svg><a xlink:href="http://j.example/"/></svg><script>location="http://k.example/"</script>http://l.example/plain.
www.m.example/x <http://n.example/%41> (http://o.example/a)b mailto:x@p.example hxxp://q[.]example</body></html>
"""

COMMANDS = [
    "LHLO mx.a.example", "MAIL FROM:<a@b.example> SIZE=1000 BODY=8BITMIME SMTPUTF8", "MAIL FROM:<>",
    'RCPT TO:<"a b\\"c"@d.example>', "RCPT TO:<@r.example,@s.example:x@[IPv6:2001:db8::1]>", "RCPT TO: <postmaster>",
    "XFORWARD NAME=a.example ADDR=192.0.2.1 PORT=25 PROTO=ESMTP HELO=x+20y IDENT=4dB1k SOURCE=REMOTE",
    "BDAT 100 LAST", "DATA", "RSET", "NOOP x", "QUIT", "VRFY x", "HELP", "STARTTLS", "EHLO x",
    "RCPT TO:<j\u00f6rg@b\u00fccher.example>",
]

BEGIN = "LHLO a.example\r\nXFORWARD ADDR=192.0.2.1 HELO=b.example\r\n"
TO_TWO = "MAIL FROM:<a@b.example> SIZE=9\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@d.example>\r\n"
SESSIONS = {
    "data": BEGIN + TO_TWO + "DATA\r\nSubject: x\r\n\r\n..dot\r\nlast\r\n.\r\nQUIT\r\n",
    "chunks": BEGIN + TO_TWO + "BDAT 14\r\nSubject: x\r\n\r\nBDAT 4 LAST\r\na\r\nbRSET\r\nNOOP\r\nQUIT\r\n",
    "line-ends": BEGIN + TO_TWO + "DATA\r\na\nb\rc\0d\r\n.\nx\r\n.\r\r\n.\r\n" + TO_TWO + "BDAT 0 LAST\r\n",
    "order": "DATA\r\nMAIL FROM:<a@b.example>\r\n" + BEGIN + "RCPT TO:<x>\r\n" + TO_TWO + "MAIL FROM:<>\r\nSTARTTLS\r\nEHLO x\r\n",
}

REPLIES = {
    "pipelined": "250-mail.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 STARTTLS\r\n"
    "250 2.1.0 ok\r\n550 5.1.1 <x@y.example> no such user\r\n354 go on\r\n250 2.0.0 saved\r\n452-4.2.2 over\r\n452 4.2.2 quota\r\n",
    "odd": "220\r\n250-\r\n250 \r\n421 4.3.2 100% \u00fc\x07 bye\r\n",
    "broken": "250-a\r\n251 b\r\nhello\r\n",
}


def packet(command, data=b""):
    return struct.pack(">I", len(data) + 1) + command + data


def words(*parts):
    return b"".join(part.encode() + b"\0" for part in parts)


CONNECT = packet(b"D", b"C" + words("j", "mx.school.example", "{daemon_name}", "in")) + packet(
    b"C", words("relay.example") + b"4" + struct.pack(">H", 25) + words("192.0.2.20"))
CONNECT_6 = packet(b"C", words("[2001:db8::1]") + b"6" + struct.pack(">H", 25) + words("IPv6:2001:db8::1"))
CONNECT_LOCAL = packet(b"C", words("localhost") + b"L" + struct.pack(">H", 0) + words("/run/x")) + packet(
    b"C", words("unknown") + b"U")
HELO = packet(b"H", words("relay.example"))
MAIL = packet(b"D", b"M" + words("i", "4dB1k", "{auth_authen}", "", "{mail_addr}", "a@b.example")) + packet(
    b"M", words("<a@b.example>", "SIZE=100", "BODY=8BITMIME"))
RECIPIENTS = packet(b"D", b"R" + words("{rcpt_addr}", "c@d.example")) + packet(b"R", words("<c@d.example>")) + packet(
    b"R", words("<e@d.example>", "NOTIFY=NEVER"))
HEAD = packet(b"T") + packet(b"L", words("From", " a@b.example")) + packet(b"L", words("Subject", " x\n\ty")) + packet(b"N")
BODY = packet(b"B", b"text\r\n" * 20) + packet(b"B", b"more")
OFFER = packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
MILTER = {
    "one-mail": CONNECT + HELO + MAIL + RECIPIENTS + HEAD + BODY + packet(b"E"),
    "two-mails": CONNECT_6 + HELO + MAIL + RECIPIENTS + HEAD + packet(b"E", b"last") + MAIL + RECIPIENTS + packet(b"A")
    + packet(b"K") + CONNECT + packet(b"Q"),
    "unknown": CONNECT_LOCAL + packet(b"U", words("XYZ")) + HELO + MAIL + packet(b"A") + MAIL + RECIPIENTS + HEAD + packet(b"E"),
}

ZONES = {
    "plain": """$ORIGIN example.
$TTL 1h
@ IN SOA ns hostmaster ( 1 2h 3m
  4w ; comment
  5 )
a 300 IN A 192.0.2.1
  IN AAAA 2001:db8::1
  MX 10 mail
a TXT "v=spf1 a mx" " include:b.example. -all" ""
\\065\\.b TXT x\\032y "q\\"uote"
*.wild TXT "any"
alias CNAME a
loop CNAME pool
pool CNAME loop
slow TXT TIMEOUT
down TXT SERVFAIL
1.2.0.192.in-addr.arpa. PTR a.example.
_dmarc.a TXT "v=DMARC1; p=reject"
o TYPE99 \\# 3 abcdef
""",
    "faults": '$INCLUDE x\n$ORIGIN ..\na A 1.2.3\nb TXT "open\nc MX x\n(\n',
}

FROM = {
    "quoted": 'From: "Doe, John (x@y.example)" <john@a.example> (and \\) more)\r\n',
    "several": "From: a@a.example, <b@b.example>; group: c@c.example, d@d.example;\r\nSender: e@e.example\r\n",
    "route": "From: <@a.example,@b.example:c@d.example> x@e.example\r\n",
    "encoded": "From: =?utf-8?B?PGFkbWluQGIuZXhhbXBsZT4=?=, <any@a.example>, a@=?utf-8?q?b=2Eexample?=\r\n",
    "names": "Fr om: a@a.example\r\nFrom : b@b.example\r\nFrom\u00ff: c@c.example\r\nResent-From: d@d.example\r\n",
    "hidden": "Subject: x\rFrom: a@a.example\r\nX: y\n from: b@b.example\r\nFrom: c@c.example\r\njunk d@d.example\r\n",
    "letters": "From: <a@legitim\u0430te.example>, b@\u202ee.example, c@d\u200b.example, e@f\u3002example, g@h . example\r\n",
    "open": 'From: "open <x@a.example>, (y@b.example\r\nFrom: c@[192.0.2.1], d@e.example(\r\n',
    "many": "From: x\r\n" * 70 + "From: a@a.example\r\n",
}

KEY_RSA = (
    "v=DKIM1; k=rsa; t=s:y; h=sha256:sha1; s=email:*; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAi37LH4ApzHNTHaeBkadv"
    "g8c80fyDIxHcyUdSrn4EhCrkbIXHZ6fXoim0FyWCzaZG2xIjg4Bl5LymaPScv4N8r+2Y4f+zNVcXBUZHVxdxVcNE0V7SgB69x3rdELBeTyUtQJhSiung"
    "WI4wKPDm4nXVLd92dkAVM+IM66bp4VnPDehzhy8OhPwMgADvYg8qDujpwOFt9i/3KhFK5W8hwtEFXvQBK60uAqkMxwkhbqmYFmjItQh4vsQUUX0IyYtm"
    "2JnbnR2LovGw59rtN7z0kyL1XvlhmXR2k8LjFSwe7XbXRYqEFDPJN57mqVsf0Xu7UsQodp9Q52HuU99x+7LNTlLbLwIDAQAB"
)
RECORDS = {
    "spf": "v=spf1 a:%{d2}.b.example/24//64 mx ptr include:b.example exists:%{ir}.%{l1r-}.c.example ip4:192.0.2.0/28 ?all\n"
    "v=spf1 ip6:2001:db8::/32 a redirect=_spf.c.example exp=x.%{h}\nv=spf1 include:d.example ~all",
    "spf-deep": "v=spf1 mx:b.example include:c.example include:d.example a:x.example -all\nv=spf1 a mx\nv=spf1 include:%{o}.e.example ptr:f.example",
    "key-rsa": KEY_RSA,
    "key-ed25519": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "dmarc": "v=DMARC1; p=quarantine; sp=none; np=reject; adkim=s; aspf=r; psd=n; t=y; rua=mailto:a@b.example!10m,mailto:c@d.example; pct=50",
    "signature": " v=1; a=rsa-sha256; c=relaxed/simple; d=a.example; s=s1; t=1795335302; x=1895335302; i=u@m.a.example;\r\n"
    "\th=from:to:subject:from; l=100; q=dns/txt; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA BBBB",
    "seal": " i=1; a=rsa-sha256; t=1795335302; cv=none; d=list.example; s=arc; b=AAAA",
    "results": " (c) mx.school.example 1 (d (e) \\) f); spf=pass (ok) smtp.mailfrom=a@b.example;\r\n\tdkim/1 = fail reason=\"x; y\""
    " header . d = b.example header.b=\"a\\\"b\"; dmarc=none; none",
    "results-id": " \"MX.School.Example.\"/1; auth=pass",
}

RELAYS = """Received: from a.example (b.example [192.0.2.1]) by c.example (Postfix) with ESMTPSA id 1A2B for <u@c.example>; Mon, 1 Jan 2024 10:00:00 +0000
Received: from unknown (HELO d) (e@192.0.2.2) by f with SMTP; 1 Jan 2024 09:00:00 -0000
Received: from [IPv6:2001:db8::1] (helo=g ident=h) by i with esmtp (Exim 4.9) (envelope-from <j@k.example>) id 1a-b-c; x
Received: from l ([10.0.0.1]) by m with Microsoft SMTPSVC(6.0); x
Return-Path: <n@free.example>
Message-ID: <00aa01c0ffee$00000000$01234567@o>
From: "P, Q" <r@s.example> (t), u: v@w.example;
Reply-To: '=?utf-8?q?x=C3?= =?utf-8?b?vA==?=' <y@free.example>
Subject: RE: =?gb2312?b?xOO6ww==?= 100% OFF
Date: Mon Jan  1 15:00:00 2024

see http://0x7f.1.2.3:80/%41?u=http://z.example#a or mailto:b@c.example
"""


SESSION_KEY = b"\xc1\x0c\x03ABCDEFGH\x12\0\0"
LITERAL = b"\xcb\x0fb\x04a.js\0\0\0\0alert"
PACKETS = {
    "encrypted": SESSION_KEY + b"\xd2\x03\x01ab",
    "password": b"\xc3\x0d\x04\x09\x03\x08saltsalt\x60\xd2\x03\x01ab",
    "literal": LITERAL,
    "partial": b"\xcb\xe3b\x04a.js\0\0\x07\0\0alert",
    "compressed": b"\xa3\x00" + LITERAL,
    "deflated": b"\xa3\x01" + zlib.compress(LITERAL)[2:-4],
    "lying": SESSION_KEY + LITERAL,
    "signature": bytes.fromhex("c275040016080 01d162104eb85bb5fa33a75e15e944e63f22bc6f5a31caf9a05026549 33ec000a0910f22bc6f5a31caf9a".replace(" ", "")) + bytes(60),
    "key": b"\xc6\x33\x04eI3\xec\x16\x09+\x06\x01\x04\x01\xdaG\x0f\x01\x01\x07@" + bytes(33) + b"\xcd\x0da@b.example <>",
}
CLEARTEXT = (
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nwords \n- -- \n-----BEGIN PGP SIGNATURE-----\n\n"
    "wgQEAAAA\n-----END PGP SIGNATURE-----\n"
)
CMS = {
    "ber": bytes.fromhex("308006092a864886f70d010702a0803080020101310030 8006092a864886f70d010701a0802480040261620401630000000000000000000000".replace(" ", "")),
    "enveloped": bytes.fromhex("308006092a864886f70d010703a0803080020100000000000000"),
    "compressed": bytes.fromhex("3080060b2a864886f70d0109100109a08030800201003000308006092a864886f70d010701a080240404027801000000000000000000"),
}


def main():
    for name, mail in MAILS.items():
        seed("mime", name, mail)
        seed("classic", name, mail)
        seed("intake", name, b"\x07" + mail)
        seed("judge", name, b"client 192.0.2.20\nhelo relay.example\nsender a@good.example\nrecipient b@school.example\nseed 5\n"
             b"txt x v=spf1 mx a include:b.example -all\ntxt y v=DMARC1; p=reject\nipv4 x 192.0.2.20\nmx x 10 relay.example\n"
             b"names y relay.example\n\n" + mail)
        head = mail.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
        seed("author", name, head)
        for marker in [b"<html", b"<HTML", b"<p>"]:
            if marker in mail:
                seed("html", name, mail[mail.index(marker):].decode(errors="ignore"))
    for name, octets in PACKETS.items():
        seed("openpgp_packets", name, octets)
        armour = base64.encodebytes(octets).decode()
        for label in ["MESSAGE", "SIGNATURE"]:
            seed("openpgp_packets", f"{name}-{label.lower()}", f"-----BEGIN PGP {label}-----\n\n{armour}-----END PGP {label}-----\n")
    seed("openpgp_packets", "cleartext", CLEARTEXT)
    for name, octets in CMS.items():
        seed("cms", name, octets)
    for name, folder in CASES.items():
        if name.startswith("signed-"):
            mail = message_from_bytes((folder / "message.eml").read_bytes())
            for part in mail.walk():
                if "pkcs7" in part.get_content_type():
                    seed("cms", name, part.get_payload(decode=True))
                if part.get_content_type() == "application/pgp-signature":
                    seed("openpgp_packets", name, part.get_payload(decode=True))
        mail, case = (folder / "message.eml").read_bytes(), (folder / "case.toml").read_text()
        seed("judge", name, table(tomllib.loads(case)) + mail)
        if not name.startswith("authentication"):
            seed("mime", name, mail)
        if name.startswith("author-"):
            seed("author", name, mail)
        if name.split("-")[1] in ["arc_trusted", "bounce", "found", "scanner_down", "dns_timeout", "several_domains"]:
            seed("operator_files", name + "-case", case)
            seed("operator_files", name + "-expect", (folder / "expect.toml").read_text())
    for path in sorted((ROOT / "rules").glob("*.toml")):
        seed("operator_files", "rules-" + path.stem, "\n\n".join(path.read_text().split("\n\n")[:6]) + "\n")
    seed("mime", "multipart", MULTIPART)
    seed("classic", "multipart", MULTIPART)
    seed("intake", "multipart", b"\x01" + MULTIPART)
    seed("html", "page", HTML)
    seed("classic", "page", "Subject: a\r\nContent-Type: text/html\r\n\r\n" + HTML)
    seed("classic", "relays", RELAYS)
    for name, page in {"links": "see http://a.example/x, www.b.example and (https://c.example/d_(e))", "base": "<base href=x><a href=y>"}.items():
        seed("html", name, page)
    for at, line in enumerate(COMMANDS):
        seed("lmtp_line", f"{at:02}-{line.split()[0].lower()}", line)
    for name, session in SESSIONS.items():
        seed("lmtp_session", name, session)
    for name, reply in REPLIES.items():
        seed("lmtp_reply", name, b"\x05" + reply.encode())
    for name, stream in MILTER.items():
        seed("milter_frame", name, b"\x03" + OFFER + stream)
        for offer in range(4):
            # The offer, the size of the pieces, the draw of refusals.
            seed("milter_session", f"{name}-{offer}", bytes([offer, 11, 0]) + stream)
        seed("milter_session", f"{name}-refused", bytes([1, 200, 0x54]) + stream)
    for name, zone in ZONES.items():
        seed("zone", name, zone)
    for name, head in FROM.items():
        seed("author", name, head)
        seed("judge", "from-" + name, b"client 192.0.2.9\nsender a@a.example\nseed 3\ntxt x v=DMARC1; p=reject\n\n" + head.encode() + b"\r\nx\r\n")
    for name, record in RECORDS.items():
        seed("auth_records", name, record)


main()
