"""A capture full of secrets: values that the lab knows, and values that only detectors can tell, wherever a text fits."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.acceptance.scenes import MS, lab, make, proxied, say, websocket
from tests.dissect import hellos
from tests.dissect.ber_elements import element, integer, text
from tests.dissect.test_kerberos import principal, tagged
from tests.dissect.test_ntlm import authenticate
from tests.dissect.test_smb import framed, little, smb2

KNOWN = {
    "serial": "KX7Q-2291-ZW58",
    "mac": "02:5e:c7:a1:b9:37",
    "imei": "490154203237518",
    "ssid": "Haus Zwetschge 5G",
    "email": "erika.zander@lab-mail.example",
    "phone": "+49 30 55501234",
    "name": "Erika Zwetschgenbaum",
    "address": "Pflaumenallee 77, 10115 Berlin",
    "password": "kirsch-Torte!4711",
    "token": "tok_9fQ2vL7xWb3NpR8sKd",
    "map_label": "Orangerie West",
}
"""Values of the known-values file, by its labels."""
DEVICE_NAME = "Nektarine-Fenchelhuber-9"
"""What the device calls itself in mDNS, known as well: `devices[].*` shows it, nothing else."""
POSITION = ("52.516275", "13.377704")
FOUND = {
    "email": "jan.detekt@post-haus.example",
    "password": "Himbeere#2718",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJxdWl0dGUtMzEifQ.c2lnbmF0dXJlLXF1aXR0ZS0zMQ",
    "serial": "QN44-88301-TTX",
    "iban": "DE89370400440532013000",
    "mac": "a4:cf:12:9e:77:31",
    "psk": "mirabelle-Wlan-93",
    "user": "quittenfreund84",
    "full_name": "Theodor Schlehenbusch",
    "phone": "+49 89 55509876",
    "latitude": "48.137154",
    "longitude": "11.576124",
}
"""Values that nobody told the tool."""
NAMES = {"sip": "schlehe-sip-77", "imap": "schlehe-imap-77", "ldap": "schlehe-ldap-77", "smb": "schlehe-smb-77"}
"""User names, each of one protocol alone."""
SECRETS = (*KNOWN.values(), *POSITION, *FOUND.values(), *NAMES.values())
CLOUD = make.GERMANY


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a secret; `exact` has its case, else any case counts."""

    secret: str
    how: str
    data: bytes
    exact: bool = False


def spellings() -> Iterator[Spelling]:
    """Gives every secret in every spelling in which it must not come out."""
    for secret in SECRETS:
        data = secret.encode()
        yield Spelling(secret, "plain", data)
        yield Spelling(secret, "percent", quote(secret, safe="").encode())
        yield Spelling(secret, "percent, every byte", "".join(f"%{byte:02x}" for byte in data).encode())
        yield Spelling(secret, "plus", secret.replace(" ", "+").encode())
        yield Spelling(secret, "hex", data.hex().encode())
        yield Spelling(secret, "JSON", json.dumps(secret)[1:-1].encode())
        yield Spelling(secret, "UTF-16 LE", secret.encode("utf-16-le"))
        yield Spelling(secret, "UTF-16 BE", secret.encode("utf-16-be"))
        yield Spelling(secret, "HTML", secret.replace("!", "&#33;").replace("#", "&#35;").encode())
        for shift in range(3):
            coded = base64.b64encode(bytes(shift) + data)
            # the letters at both ends also hold bits of what stands beside it
            inner = coded[(shift * 8 + 5) // 6 : len(coded.rstrip(b"=")) - 1]
            yield Spelling(secret, f"base64 from {shift}", inner, exact=True)
            yield Spelling(secret, f"base64url from {shift}", inner.translate(bytes.maketrans(b"+/", b"-_")), exact=True)
    for mac in (KNOWN["mac"], FOUND["mac"]):
        octets = mac.split(":")
        for how, order in (("", octets), ("reversed", octets[::-1])):
            for separator in ("", "-", ":"):
                yield Spelling(mac, f"MAC {how} {separator}", separator.join(order).encode())


def leaks(data: bytes) -> list[str]:
    """Gives which secrets stand in some bytes, and how."""
    folded = data.lower()
    return sorted(
        {f"{one.secret} ({one.how})" for one in SPELLINGS if (one.data in data if one.exact else one.data.lower() in folded)}
    )


SPELLINGS = tuple(one for one in spellings() if len(one.data) >= 6)


def web_log() -> bytes:
    """Gives the HAR log of a proxy that read requests which hold every secret."""
    entries = []
    for number, (key, value) in enumerate({**KNOWN, **FOUND}.items()):
        entry = json.loads(proxied(f"log{number}.vendor.example", CLOUD))["log"]["entries"][0]
        place = {"latitude": FOUND["latitude"], "longitude": FOUND["longitude"]} if key in ("latitude", "longitude") else {}
        body = json.dumps({key: value, **forms(value), **place})
        entry["request"]["url"] += f"/{quote(value)}/{forms(value)['b64'].replace('/', '_')}?{key}={quote(value)}"
        entry["request"]["headers"] += [{"name": "user-agent", "value": f"a/1 {value}"}, {"name": "cookie", "value": f"{key}={value}"}]
        entry["request"]["postData"]["text"] = body
        entry["response"]["content"]["text"] = body
        entries.append(entry)
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def known_file() -> str:
    """Gives the known-values file."""
    rows = [f"{label}: {json.dumps([value, DEVICE_NAME] if label == 'name' else value)}" for label, value in KNOWN.items()]
    return "\n".join([*rows, f"gps: [{', '.join(POSITION)}]", ""])


def forms(value: str) -> dict[str, str]:
    """Gives a value as texts that hold it."""
    data = value.encode()
    packed = gzip.compress(json.dumps({"v": value}).encode(), mtime=0)
    return {
        "plain": value,
        "b64": base64.b64encode(data).decode(),
        "hex": data.hex(),
        "gz": base64.b64encode(packed).decode(),
        "prefixed": f"x_{base64.urlsafe_b64encode(data).decode()}",
        "twice": base64.b64encode(base64.b64encode(data)).decode(),
    }


def everything() -> Any:
    """Gives a recording in which a device says every secret in every place."""
    made = lab(44, "192.168.7.44", "plum-cam")
    _names(made)
    _certificates(made)
    _http(made)
    _mqtt(made)
    _texts(made)
    _binary(made)
    return made.tape


def _link(made: Any, port: int, ip: str = CLOUD) -> Any:
    return made.tape.tcp(made.device, made.port(), made.outside(ip), port, rtt=20 * MS)


def _names(made: Any) -> None:
    tape = made.tape
    labels = [KNOWN["serial"].lower(), KNOWN["mac"].replace(":", ""), FOUND["serial"].lower(), FOUND["user"], KNOWN["imei"]]
    for label in labels:
        made.ask(f"{label}.dev.vendor.example", (f"{label}.dev.vendor.example", "A", CLOUD))
        made.tls(f"{label}.dev.vendor.example", CLOUD, rtt=20 * MS, sends=(300,))
    service = f"{DEVICE_NAME}._http._tcp.local"
    rows = [("_http._tcp.local", "PTR", service), (service, "A", "192.168.7.44")]
    tape.udp(made.device, 5353, make.MDNS, 5353, say.mdns_announcement(rows))
    tape.step("setup", f"entered {KNOWN['email']}, then {KNOWN['password']} in {KNOWN['map_label']}")


def _certificates(made: Any) -> None:
    link = _link(made, 443)
    name = f"{KNOWN['serial'].lower()}.cert.vendor.example"
    link.client(say.client_hello(made.tape.random, name))
    der = hellos.certificate(
        KNOWN["email"], name, f"{KNOWN['token'][4:].lower()}.cert.vendor.example", organisation=KNOWN["name"], issuer=FOUND["email"]
    )
    link.server(hellos.record(22, hellos.message(2, hellos.server_hello()) + hellos.message(11, hellos.certificate_message(der))))
    link.close()


def _http(made: Any) -> None:
    values = {**{f"k_{k}": v for k, v in KNOWN.items()}, **{f"f_{k}": v for k, v in FOUND.items()}}
    for number, (name, value) in enumerate(values.items()):
        link = _link(made, 80)
        key = name[2:]
        host = f"api{number}.vendor.example"
        # the body tells it under its name, so that a detector can know it
        body = {key: value, "nest": forms(value), "deep": json.dumps({key: value})}
        head = [
            ("User-Agent", f"agent/1 ({value})"),
            ("Cookie", f"{key}={quote(value)}; other={value}"),
            ("Referer", f"http://{host}/{quote(value)}"),
            ("X-Device", value),
            ("Content-Type", "application/json"),
        ]
        link.client(say.http_request("POST", host, "/in", head, say.json_body(body)))
        link.server(say.http_answer("200 OK", say.json_body({key: value})))
        for how, told in forms(value).items():
            path = f"/d/{quote(told, safe='')}/up?{how}={quote(told, safe='')}&{key}={quote(value)}"
            link.client(say.http_request("GET", host, path, []))
            link.server(say.http_answer("200 OK"))
        every = "".join(f"%{byte:02X}" for byte in value.encode())
        link.client(say.http_request("GET", host, f"/every/{every}?{key}={every}#{every}", []))
        link.server(say.http_answer("302 Found"))
        link.close()
    link = _link(made, 80)
    position = {"latitude": float(FOUND["latitude"]), "longitude": float(FOUND["longitude"])}
    link.client(say.http_request("POST", "geo.vendor.example", "/p", [("Content-Type", "application/json")], say.json_body(position)))
    where = f"/p?lat={FOUND['latitude']}&lon={FOUND['longitude']}&ll={POSITION[0]},{POSITION[1]}"
    link.client(say.http_request("GET", f"{quote(FOUND['user'])}.vendor.example", where, [("Authorization", say.basic(FOUND["user"], FOUND["password"]))]))
    link.client(say.http_request("GET", "vendor.example", f"http://{FOUND['user']}:{quote(FOUND['password'])}@vendor.example/x", []))
    part = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{KNOWN["serial"]}-{FOUND["serial"]}.log"\r\n\r\nx\r\n'
        f'--b\r\nContent-Disposition: form-data; name="{KNOWN["email"]}"\r\n\r\n{FOUND["email"]}\r\n--b--\r\n'
    ).encode()
    link.client(say.http_request("POST", "up.vendor.example", "/m", [("Content-Type", "multipart/form-data; boundary=b")], part))
    odd = {KNOWN["serial"]: {FOUND["email"]: {"password": FOUND["password"]}}, KNOWN["email"]: [{KNOWN["token"]: FOUND["iban"]}]}
    for coding, packed in (("gzip", gzip.compress(say.json_body(odd), mtime=0)), ("deflate", zlib.compress(say.json_body(odd)))):
        head = [("Content-Type", "application/json"), ("Content-Encoding", coding)]
        link.client(say.http_request("POST", "odd.vendor.example", "/o", head, packed))
    xml = f"<r><{FOUND['user']}>1</{FOUND['user']}><e a='{FOUND['email']}'>{KNOWN['name']}</e></r>".encode()
    link.client(say.http_request("POST", "odd.vendor.example", "/x", [("Content-Type", "text/xml")], xml))
    link.client(say.http_request("POST", "odd.vendor.example", "/u", [], json.dumps({"email": FOUND["email"]}).encode("utf-16")))
    link.close()


def _mqtt(made: Any) -> None:
    for secret in (KNOWN["serial"], KNOWN["email"], FOUND["serial"], FOUND["user"], KNOWN["mac"], FOUND["email"]):
        link = _link(made, 1883)
        link.client(say.mqtt_connect(f"cl-{secret}", secret, KNOWN["password"]))
        for told in forms(secret).values():
            link.client(say.mqtt_subscribe(1, f"down/{told}/#"))
            link.client(say.mqtt_publish(f"up/{told}/state", say.json_body({"sn": secret, "x": forms(secret)})))
        link.close()
    link = _link(made, 80)
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    link.client(say.http_request("GET", "ws.vendor.example", f"/ws/{FOUND['token']}", [*upgrade, ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]))
    link.server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    link.client(websocket(say.json_body({"token": FOUND["token"], "wifi": {"psk": FOUND["psk"], "ssid": KNOWN["ssid"]}})))
    link.close()


def _texts(made: Any) -> None:
    sip = NAMES["sip"]
    invite = (
        f"REGISTER sip:{sip}@vendor.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.168.7.44\r\nFrom: <sip:{sip}@vendor.example>;tag=1\r\n"
        f"To: <sip:{sip}@vendor.example>\r\nCall-ID: {KNOWN['serial']}\r\nCSeq: 1 REGISTER\r\nContact: <sip:{sip}@192.168.7.44>\r\n"
        f'Authorization: Digest username="{sip}", realm="{KNOWN["email"]}"\r\nContent-Length: 0\r\n\r\n'
    )
    plain = base64.b64encode(f"\0{NAMES['imap']}\0{FOUND['password']}".encode()).decode()
    talks = {
        5060: [invite],
        554: [
            say.rtsp_request(
                "DESCRIBE",
                f"rtsp://{FOUND['user']}:{KNOWN['password'].replace('!', '%21')}@cam.vendor.example/{KNOWN['serial']}?user={FOUND['user']}&pwd={FOUND['password'].replace('#', '%23')}",
                1,
                [],
            ).decode()
        ],
        143: [f"a1 LOGIN {NAMES['imap']} {FOUND['password']}\r\n", f"a2 AUTHENTICATE PLAIN {plain}\r\n"],
        25: [f"EHLO {KNOWN['serial']}\r\n", f"AUTH PLAIN {plain}\r\n", f"MAIL FROM:<{KNOWN['email']}>\r\n", f"RCPT TO:<{FOUND['email']}>\r\n"],
        110: [f"USER {NAMES['imap']}\r\n", f"PASS {FOUND['password']}\r\n"],
        21: [f"USER {FOUND['user']}\r\n", f"PASS {FOUND['password']}\r\n", f"STOR {KNOWN['serial']}/{FOUND['email']}.jpg\r\n"],
        23: [f"{FOUND['user']}\r\n", f"{FOUND['password']}\r\n"],
        6000: [f"email={FOUND['email']} serial={FOUND['serial']} password={FOUND['password']}\r\n"],
    }
    greetings = {143: b"* OK ready\r\n", 25: b"220 mail ready\r\n", 110: b"+OK ready\r\n", 21: b"220 files\r\n", 23: b"login: "}
    answers = {143: b"a1 OK done\r\n", 25: b"250 OK\r\n", 110: b"+OK\r\n", 21: b"331 more\r\n", 23: b"Password: "}
    for port, lines in talks.items():
        link = _link(made, port)
        if port in greetings:
            link.server(greetings[port])
        for line in lines:
            link.client(line.encode())
            if port in answers:
                link.server(answers[port])
        link.close()
    made.tape.udp(made.device, made.port(), made.outside(CLOUD), 514, f"<13>Nov 25 10:00:00 cam app: login {FOUND['email']} sn={KNOWN['serial']}".encode())


def _binary(made: Any) -> None:
    bind = element(0x30, integer(1), element(0x60, integer(3), text(f"uid={NAMES['ldap']},dc=vendor".encode()), text(FOUND["password"].encode(), 0x80)))
    link = _link(made, 389)
    link.client(bind)
    link.close()
    body = element(
        0x30,
        tagged(0, element(3, bytes.fromhex("0040810010"))),
        tagged(1, principal(NAMES["ldap"].encode())),
        tagged(2, element(0x1B, b"PLANT.TEST")),
        tagged(3, principal(b"krbtgt", b"PLANT.TEST")),
        tagged(7, integer(42)),
        tagged(8, element(0x30, integer(18))),
    )
    request = element(0x6A, element(0x30, tagged(1, integer(5)), tagged(2, integer(10)), tagged(4, body)))
    made.tape.udp(made.device, made.port(), made.outside(CLOUD), 88, request)
    token = authenticate("PLANT", NAMES["smb"], "PLUM-CAM")
    link = _link(made, 445)
    link.client(framed(smb2(1, little(25) + bytes(10) + little(88) + little(len(token)) + bytes(8) + token)))
    link.close()
    made.tape.udp(made.device, made.port(), made.outside(CLOUD), 7000, bytes(range(32)) + bytes.fromhex(KNOWN["mac"].replace(":", ""))[::-1] + KNOWN["serial"].encode("utf-16-le"))
