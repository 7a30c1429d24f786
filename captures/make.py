"""Makes the captures that ship: `python captures/make.py` writes them beside itself, the same bytes each time.

The devices, their vendors and what they send are invented. Host names end in `.example`. The servers' addresses
are picked from ranges that the embedded databases place in a country, since addresses for documentation have none;
nothing of what the captures show was ever observed there.
"""

import ipaddress
import struct
import sys
from pathlib import Path

# the script runs from a checkout by its path, and so finds its neighbours
sys.path.insert(0, str(Path(__file__).resolve().parent))

import messages as say
from wire import MS, Host, Recording, S

T0 = 1_790_000_000 * S  # 2026-09-21T13:33:20Z
ROUTER = Host("02:aa:00:00:00:01", "192.168.7.1")
MDNS = Host("01:00:5e:00:00:fb", "224.0.0.251")
ANYONE = Host("ff:ff:ff:ff:ff:ff", "255.255.255.255")
NETHERLANDS = "145.100.10.20"
GERMANY = "194.94.127.20"
GERMANY_TIME = "131.188.40.20"
FRANKFURT_CLOUD = "18.184.10.20"
CHINA = "47.92.10.20"
CHINA_BARE = "220.181.10.20"
SWITZERLAND = "130.59.10.20"


class Lab:
    """A device behind a router: what every device does when it is switched on."""

    def __init__(self, seed: int, mac: str, ip: str, hostname: str, vendor_class: str) -> None:
        self.tape = Recording(seed, T0)
        self.device = Host(mac, ip)
        self.hostname = hostname
        self.vendor_class = vendor_class
        self._port = 41_000
        self._question = 0x2000

    def outside(self, ip: str) -> Host:
        """Gives a server beyond the router: its frames carry the router's link address."""
        return Host(ROUTER.mac, ip)

    def port(self) -> int:
        """Gives the next client port."""
        self._port += 1
        return self._port

    def join(self) -> None:
        """Gets an address by DHCP and announces itself."""
        tape, number = self.tape, self.tape.random.getrandbits(32)
        nobody, new = Host(self.device.mac, "0.0.0.0"), self.device  # noqa: S104 - "no address yet"
        name = (12, self.hostname.encode())
        asked = [name, (60, self.vendor_class.encode()), (55, bytes([1, 3, 6, 15, 42]))]
        router = ipaddress.IPv4Address(ROUTER.ip).packed
        lease = [
            (54, router),
            (51, struct.pack("!I", 86_400)),
            (1, bytes([255, 255, 255, 0])),
            (3, router),
            (6, router),
        ]
        wanted = [(50, ipaddress.IPv4Address(new.ip).packed), (54, router)]
        for kind, options in ((1, asked), (3, [*wanted, *asked])):
            tape.udp(nobody, 68, ANYONE, 67, say.dhcp(kind, new.mac, number, options=options))
            tape.wait(20 * MS)
            tape.udp(ROUTER, 67, new, 68, say.dhcp(kind + 1 if kind == 1 else 5, new.mac, number, yours=new.ip, options=lease))
            tape.wait(30 * MS)
        tape.arp(new, ROUTER.ip)
        tape.wait(MS)
        tape.arp(ROUTER, new.ip, answer_to=new)
        tape.wait(200 * MS)
        local = f"{self.hostname}.local"
        service = "_iot-setup._tcp.local"
        tape.udp(
            new,
            5353,
            MDNS,
            5353,
            say.mdns_announcement([(local, "A", new.ip), (service, "PTR", f"{self.hostname}.{service}")]),
        )
        tape.wait(300 * MS)

    def ask(self, name: str, *chain: tuple[str, str, str]) -> None:
        """Asks the router for a name's IPv4 and IPv6 address; there is none of the latter."""
        for kind, answers in (("A", list(chain)), ("AAAA", [])):
            self._question += 1
            port = self.port()
            self.tape.udp(self.device, port, ROUTER, 53, say.dns_query(self._question, name, kind))
            self.tape.wait(12 * MS)
            self.tape.udp(ROUTER, 53, self.device, port, say.dns_answer(self._question, name, answers, kind))
            self.tape.wait(2 * MS)

    def clock(self, name: str, ip: str) -> None:
        """Asks a server for the time."""
        self.ask(name, (name, "A", ip))
        port = self.port()
        self.tape.udp(self.device, port, self.outside(ip), 123, say.ntp_request(self.tape.now))
        self.tape.wait(18 * MS)
        self.tape.udp(self.outside(ip), 123, self.device, port, say.ntp_answer(self.tape.now))
        self.tape.wait(100 * MS)

    def tls(self, name: str, ip: str, *, rtt: int, sends: tuple[int, ...], gets: int = 600, port: int = 443) -> None:
        """Talks TLS 1.3 to a server: the device sends so many bytes in turn and gets answers."""
        tape = self.tape
        link = tape.tcp(self.device, self.port(), self.outside(ip), port, rtt=rtt)
        link.client(say.client_hello(tape.random, name))
        link.server(say.server_hello(tape.random))
        link.client(say.sealed(tape.random, 53))
        for length in sends:
            link.client(say.sealed(tape.random, length))
            link.server(say.sealed(tape.random, gets))
            tape.wait(2 * S)
        link.close()


def robot_eu_cloud() -> bytes:
    """A cleaning robot whose cloud is in the EU, recorded through all steps that a buyer's test asks for."""
    lab = Lab(1, "02:6d:6f:70:01:20", "192.168.7.20", "moppel-m2", "moppel-linux 5.2")
    tape = lab.tape
    api, files = "eu-api.moppel.example", "eu-maps.moppel.example"
    tape.step("first_boot", "switched on for the first time")
    lab.join()
    lab.clock("time.moppel.example", GERMANY_TIME)
    for step, text, length in (
        ("onboarding", "joined to the test account", 4_200),
        ("idle", "left alone in its dock", 420),
        ("mapping", "drove through both rooms", 9_600),
        ("normal_work", "cleaned both rooms", 5_100),
        ("app_use", "started and stopped from the app", 1_900),
        ("camera_use", "took a picture of the dock", 88_000),
        ("update", "searched for new firmware", 900),
        ("reset", "set back to factory state", 700),
    ):
        tape.step(step, text)
        lab.ask(api, (api, "A", NETHERLANDS))
        lab.tls(api, NETHERLANDS, rtt=14 * MS, sends=(length // 2, length // 2))
        if step in ("mapping", "camera_use", "update"):
            lab.ask(files, (files, "A", GERMANY))
            lab.tls(files, GERMANY, rtt=19 * MS, sends=(length * 4,), gets=30_000)
        tape.wait(1_850 * S)
    tape.step("decommission", "taken off the network")
    lab.tls(api, NETHERLANDS, rtt=14 * MS, sends=(300,))
    return tape.pcapng()


def robot_eu_name() -> bytes:
    """A cleaning robot whose cloud has a European name and a Chinese address, and whose telemetry is in the clear."""
    lab = Lab(2, "02:64:75:73:02:21", "192.168.7.21", "dustwhale-d1", "dustwhale rtos")
    tape, device = lab.tape, lab.device
    cloud, bus, firmware = "eu-cloud.dustwhale.example", "mqtt-eu.dustwhale.example", "fw.dustwhale.example"
    edge = "fw-dustwhale.eu-central-1.elb.amazonaws.com"
    tape.step("first_boot", "switched on for the first time")
    lab.join()
    lab.clock("time.dustwhale.example", GERMANY_TIME)

    tape.step("onboarding", "joined to the test account")
    lab.ask(cloud, (cloud, "A", CHINA))
    link = tape.tcp(device, lab.port(), lab.outside(CHINA), 80, rtt=236 * MS)
    record = {
        "event": "bind",
        "device": {"mac": device.mac, "serial": "DW1-7KQ4-20831", "firmware": "1.8.3"},
        "account": {"email": "tester@lab-seven.example", "password": "floor-Seven!42"},
        "wifi": {"ssid": "Lab-Seven", "bssid": "02:aa:00:00:00:0f", "rssi": -51},
    }
    head = [("User-Agent", "DustwhaleAgent/1.8"), ("Content-Type", "application/json")]
    link.client(say.http_request("POST", cloud, "/v2/bind?region=eu&sn=DW1-7KQ4-20831", head, say.json_body(record)))
    link.server(say.http_answer("200 OK", say.json_body({"code": 0, "region": "eu"})))
    link.close()

    tape.step("mapping", "drove through both rooms")
    lab.ask(cloud, (cloud, "A", CHINA))
    lab.tls(cloud, CHINA, rtt=236 * MS, sends=(48_000, 61_000, 52_000))
    tape.wait(120 * S)

    tape.step("normal_work", "cleaned both rooms")
    lab.ask(bus, (bus, "A", CHINA))
    link = tape.tcp(device, lab.port(), lab.outside(CHINA), 1883, rtt=238 * MS)
    link.client(say.mqtt_connect("DW1-7KQ4-20831", "dustwhale", "s3cret-of-the-bus"))
    link.server(b"\x20\x02\x00\x00")
    link.client(say.mqtt_subscribe(1, "dw/DW1-7KQ4-20831/cmd"))
    link.server(b"\x90\x03\x00\x01\x00")
    for minute in range(6):
        state = {
            "event": "status",
            "battery": 96 - 3 * minute,
            "clean_area": 4.5 * minute,
            "pose": {"x": 1.25 * minute, "y": 0.5},
            "loc": {"lat": 52.08151 + minute / 1e5, "lon": 4.31272},
        }
        link.client(say.mqtt_publish("dw/DW1-7KQ4-20831/state", say.json_body(state)))
        tape.wait(60 * S)
    link.close()

    tape.step("update", "searched for new firmware")
    lab.ask(firmware, (firmware, "CNAME", edge), (edge, "A", FRANKFURT_CLOUD))
    lab.tls(firmware, FRANKFURT_CLOUD, rtt=11 * MS, sends=(700,), gets=80_000)

    tape.step("idle", "left alone in its dock")
    port = lab.port()
    for _ in range(4):  # a beacon to an address that is built in: no name was ever asked for
        tape.udp(device, port, lab.outside(CHINA_BARE), 8_053, tape.random.randbytes(180))
        tape.wait(228 * MS)
        tape.udp(lab.outside(CHINA_BARE), 8_053, device, port, tape.random.randbytes(40))
        tape.wait(30 * S)
    return tape.pcapng()


def camera_clear() -> bytes:
    """A camera that streams and sends pictures in the clear, to a relay in Switzerland and a store in the EU."""
    lab = Lab(3, "02:6f:77:6c:03:22", "192.168.7.22", "owlcam-c3", "owlcam")
    tape, device = lab.tape, lab.device
    lab.join()
    live, store = "live.owlcam.example", "snap.owlcam.example"
    lab.ask(live, (live, "A", SWITZERLAND))
    relay = lab.outside(SWITZERLAND)
    link = tape.tcp(device, lab.port(), relay, 554, rtt=22 * MS)
    url = f"rtsp://{live}/cam/OWL3-99812"
    login = ("Authorization", say.basic("OWL3-99812", "owl-admin-1"))
    session = ("Session", "71b2")
    media = b"v=0\r\no=- 1 1 IN IP4 192.168.7.22\r\ns=owlcam\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    link.client(say.rtsp_request("ANNOUNCE", url, 1, [login, ("Content-Type", "application/sdp")], media))
    link.server(say.rtsp_answer(1, []))
    sport = lab.port()
    transport = f"RTP/AVP;unicast;client_port={sport}-{sport + 1};mode=record"
    link.client(say.rtsp_request("SETUP", url, 2, [login, ("Transport", transport)]))
    link.server(say.rtsp_answer(2, [session, ("Transport", transport + ";server_port=5004-5005")]))
    link.client(say.rtsp_request("RECORD", url, 3, [login, session]))
    link.server(say.rtsp_answer(3, [session]))
    source = tape.random.getrandbits(32)
    for number in range(240):
        packet = say.rtp_h264(1_000 + number, number * 3_000, source, tape.random, key=number % 30 == 0)
        tape.udp(device, sport, relay, 5_004, packet)
        tape.wait(33 * MS)
    link.close()

    lab.ask(store, (store, "A", NETHERLANDS))
    for _ in range(2):
        link = tape.tcp(device, lab.port(), lab.outside(NETHERLANDS), 80, rtt=15 * MS)
        picture = say.jpeg(tape.random, 1_280, 720, 24_000)
        head = [
            ("User-Agent", "Owlcam/3.1"),
            ("Authorization", say.basic("OWL3-99812", "owl-admin-1")),
            ("Content-Type", "image/jpeg"),
        ]
        link.client(say.http_request("POST", store, "/upload?mac=026f776c0322&reason=motion", head, picture))
        link.server(say.http_answer("201 Created", say.json_body({"ok": True})))
        link.close()
        tape.wait(45 * S)
    return tape.pcap()


CAPTURES = {
    "robot-eu-cloud.pcapng": robot_eu_cloud,
    "robot-eu-name.pcapng": robot_eu_name,
    "camera-clear.pcap": camera_clear,
}


def main() -> None:
    """Writes every capture beside this script."""
    for name, make in CAPTURES.items():
        (Path(__file__).resolve().parent / name).write_bytes(make())


if __name__ == "__main__":
    main()
