"""A lab network that no packet can leave: a device, a gateway and servers, in namespaces of a sealed sandbox.

    dev 192.168.50.10 --lan0-- gw (br0 192.168.50.1, wan0 192.0.2.1) -- net (192.0.2.2, servers on lo)

Run it through `sealed()`; inside, `run` sets up the network, records with `iotaudit capture` at the gateway,
lets the device talk, and writes what happened to `result.json`. The sandbox has no uplink, and its processes
end with it. Everything waits for an event with a deadline; nothing sleeps.
"""

import argparse
import datetime
import http.server
import ipaddress
import json
import os
import selectors
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
HOSTS = {
    "cloud.vendor.example": os.environ.get("LAB_CLOUD", "116.62.10.10"),
    "eu.vendor.example": os.environ.get("LAB_EU", "3.120.10.10"),
}
"""Server names of the lab; the addresses are chosen for the country that databases give them."""
DEVICE, GATEWAY, RESOLVER = "192.168.50.10", "192.168.50.1", "192.0.2.2"
DEVICE_MAC = "52:54:00:12:34:56"
SECONDS = 30.0
SEAL = ("unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc")
TEXT = b"serial=LAB-0001&state=cleaning"
BYSTANDER = b"a phone on the same port says this to everyone"
PADDING = b"&log=" + b"." * 100_000
"""More than a small disk holds."""
POKE = f"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{GATEWAY}', 9))"
FAULTS = ("down", "gone", "engine", "recording")
"""What befalls a recording: its interface is set down or removed, its recorder or itself is killed."""


def sealed(*arguments: str) -> list[str]:
    """Gives the command that runs this file inside a sandbox of its own."""
    return [*SEAL, sys.executable, str(Path(__file__)), *arguments]


# Network


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)


def up() -> None:
    """Makes the three namespaces and the links between them."""
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/run/netns").mkdir()
    for name in ("dev", "gw", "net"):
        sh("ip", "netns", "add", name)
        sh("ip", "-n", name, "link", "set", "lo", "up")
    sh(
        "ip",
        "link",
        "add",
        "eth0",
        "netns",
        "dev",
        "address",
        DEVICE_MAC,
        "type",
        "veth",
        "peer",
        "lan0",
        "netns",
        "gw",
    )
    sh("ip", "link", "add", "wan0", "netns", "gw", "type", "veth", "peer", "eth0", "netns", "net")
    sh("ip", "-n", "gw", "link", "add", "br0", "type", "bridge")
    sh("ip", "-n", "gw", "link", "set", "lan0", "master", "br0")
    for name, link in (("dev", "eth0"), ("gw", "lan0"), ("gw", "br0"), ("gw", "wan0"), ("net", "eth0")):
        sh("ip", "-n", name, "link", "set", link, "up")
    sh("ip", "-n", "dev", "address", "add", f"{DEVICE}/24", "dev", "eth0")
    sh("ip", "-n", "gw", "address", "add", f"{GATEWAY}/24", "dev", "br0")
    sh("ip", "-n", "gw", "address", "add", "192.0.2.1/30", "dev", "wan0")
    sh("ip", "-n", "net", "address", "add", "192.0.2.2/30", "dev", "eth0")
    for address in HOSTS.values():
        sh("ip", "-n", "net", "address", "add", f"{address}/32", "dev", "lo")
        sh("ip", "-n", "gw", "route", "add", f"{address}/32", "via", "192.0.2.2")
    sh("ip", "-n", "dev", "route", "add", "default", "via", GATEWAY)
    sh("ip", "-n", "net", "route", "add", "192.168.50.0/24", "via", "192.0.2.1")
    sh("ip", "netns", "exec", "gw", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


def inside(namespace: str, *command: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, *command]


def self_in(namespace: str, *arguments: str) -> list[str]:
    return inside(namespace, sys.executable, str(Path(__file__)), *arguments)


# Certificates


def make_certificates(folder: Path, names: list[str]) -> None:
    """Writes `ca.pem` and, signed by it, `server.pem` (chain and key) for the names or addresses."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(tz=datetime.UTC)

    def build(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        named = [
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (subject, issuer)
        ]
        return (
            x509.CertificateBuilder()
            .subject_name(named[0])
            .issuer_name(named[1])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
        )

    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = (
        build("Lab CA", "Lab CA", ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(
            # Python 3.13 and later refuse an authority that does not say what its key is for
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    leaf = (
        build(names[0], "Lab CA", key)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem) + private)


# Servers


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request with a few words."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Reads what the client sent and answers."""
        length = int(self.headers.get("content-length", "0"))
        self.rfile.read(length)
        body = b"lab answer"
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the base class calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class QuietServer(http.server.ThreadingHTTPServer):
    """A server that does not print when a client breaks off a handshake."""

    def handle_error(self, *_: object) -> None:
        """Says nothing."""


def https_server(folder: Path, address: tuple[str, int]) -> QuietServer:
    """Gives an HTTPS server with the lab's certificate; handshakes run in the handler's thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server = QuietServer(address, Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


def answer_dns(query: bytes) -> bytes:
    """Gives the answer to an A question about a lab name, NXDOMAIN for others (RFC 1035 section 4.1)."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace").lower())
        at += 1 + query[at]
    question = query[12 : at + 5]
    address = HOSTS.get(".".join(labels))
    if address is None:
        return query[:2] + struct.pack(">5H", 0x8183, 1, 0, 0, 0) + question
    if question[-4:-2] != b"\0\1":
        return query[:2] + struct.pack(">5H", 0x8180, 1, 0, 0, 0) + question
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    return query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + question + record


def serve(folder: Path) -> None:
    """Serves DNS, HTTP and HTTPS on all addresses until the sandbox ends; says READY when all listen."""
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((RESOLVER, 53))
    everywhere = "0.0.0.0"  # noqa: S104 - of the sandbox
    for server in (QuietServer((everywhere, 80), Handler), https_server(folder, (everywhere, 443))):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", flush=True)  # noqa: T201 - the signal to the lab
    while True:
        query, client = names.recvfrom(4096)
        names.sendto(answer_dns(query), client)


# The device


def resolve(name: str) -> str:
    """Asks the lab's resolver for an address."""
    question = b"".join(bytes((len(part),)) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(SECONDS)
        asker.connect((RESOLVER, 53))
        asker.send(struct.pack(">6H", 0x1234, 0x0100, 1, 0, 0, 0) + question)
        return socket.inet_ntoa(asker.recv(4096)[-4:])


def act(folder: Path) -> None:
    """Does what a device does: asks for a name, posts by TLS to one server and by plain HTTP to the other."""
    cloud, eu = HOSTS
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as phone:
        phone.bind(("eth0", 0))
        phone.send(bytes.fromhex("ffffffffffff52540099999988cc") + BYSTANDER)
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    raw = socket.create_connection((resolve(cloud), 443), SECONDS)
    with context.wrap_socket(raw, server_hostname=cloud) as tls:
        tls.sendall(b"POST /report HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n" % cloud.encode())
        tls.sendall(b"content-length: %d\r\n\r\n%b" % (len(TEXT), TEXT))
        while tls.recv(4096):
            pass
    request = urllib.request.Request(f"http://{resolve(eu)}/status", data=TEXT + PADDING, headers={"host": eu})
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=SECONDS).read()


# The recording


def read_until(stream_of: "subprocess.Popen[bytes]", wanted: bytes) -> bytes:
    """Reads a child's output until a text has come, its end, or the deadline."""
    output = stream_of.stdout
    if output is None:
        return b""
    seen = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while wanted not in seen and selector.select(SECONDS):
            piece = os.read(output.fileno(), 4096)
            if not piece:
                break
            seen += piece
    return seen


def started(command: list[str], **variables: str) -> "subprocess.Popen[bytes]":
    """Starts a command at the repository's root, its output in one pipe."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"} | variables,
    )


def only(folder: Path, program: str) -> str:
    """Gives a search path on which there is one program alone."""
    found = shutil.which(program)
    if found is None:
        raise SystemExit(f"{program} is not installed")
    folder.mkdir()
    (folder / program).symlink_to(found)
    return str(folder)


def run(folder: Path, given: argparse.Namespace) -> None:
    """Sets up the lab, records at the gateway while the device acts, and writes `result.json`."""
    make_certificates(folder, list(HOSTS))
    up()
    target = folder / "disk"
    target.mkdir()
    if given.disk:
        sh("mount", "-t", "tmpfs", "-o", f"size={given.disk}", "tmpfs", str(target))
    servers = started(self_in("net", "serve", str(folder)))
    if b"READY" not in read_until(servers, b"READY"):
        raise SystemExit("the servers did not start")
    command = [
        sys.executable,
        "-m",
        "iotaudit",
        "capture",
        "--out",
        str(target / "recording"),
        *given.options,
    ]
    for rule in given.rule:
        sh(*inside("gw", "nft", rule))
    path = only(folder / "bin", given.program) if given.program else os.environ["PATH"]
    recorder = started(inside("gw", "env", f"PATH={path}", *command))
    told = read_until(recorder, b"Ctrl-C ends it")
    result: dict[str, object] = {}
    if recorder.poll() is None and b"Ctrl-C ends it" in told:
        act_done = subprocess.run(
            self_in("dev", "act", str(folder)), capture_output=True, timeout=SECONDS, check=False
        )
        result["device"] = [act_done.returncode, act_done.stderr.decode()]
        result["engines"] = _engines(recorder.pid)
        if given.fault == "recording":
            _await_bytes(target / "recording/capture.pcapng", TEXT)
        if given.fault:
            befall(given.fault, recorder.pid)
        elif given.ending != "duration":
            recorder.send_signal(signal.Signals[given.ending])
    rest, _ = recorder.communicate(timeout=SECONDS)
    result |= {"exit": recorder.returncode, "told": (told + rest).decode()}
    deadline = time.monotonic() + SECONDS
    while _engines(0) and time.monotonic() < deadline:  # a broken pipe shows at the next packet
        if given.fault == "recording":
            sh(*inside("dev", sys.executable, "-c", POKE))
    result["left"] = _engines(0)
    if given.disk and (target / "recording").is_dir():  # the disk goes with the sandbox
        shutil.copytree(target / "recording", folder / "kept")
        result["kept"] = str(folder / "kept")
    (folder / "result.json").write_text(json.dumps(result))


def _await_bytes(path: Path, wanted: bytes) -> None:
    """Waits until a file holds something, or the deadline."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not (path.exists() and wanted in path.read_bytes()):
        threading.Event().wait(0.02)


def befall(fault: str, pid: int) -> None:
    """Lets one of `FAULTS` happen to the recording with that process."""
    if fault == "down":
        sh("ip", "-n", "gw", "link", "set", "lan0", "down")
    elif fault == "gone":
        sh("ip", "-n", "gw", "link", "delete", "lan0")
    elif fault == "recording":
        os.kill(pid, signal.SIGKILL)
    else:
        (engine,) = _engines(pid)
        os.kill(int(engine["pid"]), signal.SIGKILL)


def _engines(parent: int) -> list[dict[str, str]]:
    """Gives the recorders that run in the sandbox (its /proc shows no other), those of one parent where it is named."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().decode().split("\0")
            lines = [line.split(":\t", 1) for line in (path / "status").read_text().splitlines()]
        except OSError:  # it has ended meanwhile
            continue
        status = {line[0]: line[1] for line in lines if len(line) == 2}
        ours = status["Name"] in ("dumpcap", "tcpdump") or any("iotaudit.capture.live." in part for part in command)
        if ours and status["State"][0] != "Z" and parent in (0, int(status["PPid"])):
            row = {"pid": status["Pid"], "uid": status["Uid"].split()[1]}
            found.append(row | {"capabilities": status["CapPrm"].strip("0") + status["CapEff"].strip("0")})
    return found


def main() -> None:
    """Runs one part: `run` is the entry, `serve` and `act` are what it starts in the namespaces."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("run", "serve", "act"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", help="the only recording program that there is")
    parser.add_argument("--disk", help="size of the disk that is recorded to")
    parser.add_argument("--ending", default="SIGINT", choices=("SIGINT", "SIGTERM", "duration"))
    parser.add_argument("--fault", choices=FAULTS, help="what befalls the recording after the device's talk")
    parser.add_argument("--rule", action="append", default=[], help="what nft is told at the gateway before")
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    if given.part == "serve":
        serve(given.folder)
    elif given.part == "act":
        act(given.folder)
    else:
        run(given.folder, given)


if __name__ == "__main__":
    main()
