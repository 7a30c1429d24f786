"""The labelled set's values: one record per detector, and one known value per data type. All are invented."""

import base64
from dataclasses import dataclass

from tests.codec.media_bytes import h264, jpeg, wave
from tests.detect.labelled.wraps import Record

KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----"

FINGER = "Rk1SACAyMAAAAAAeAAABAAFoAMUAxQEAAAFQAAAA"
"""A record of finger minutiae (ISO/IEC 19794-2) with one view and no point."""
APPS = "com.vendor.map.ui com.vendor.ota.core com.vendor.speech.engine org.example.player.app com.android.shell.cmd"

DETECTED: dict[str, Record] = {
    "biometric.face": {"face_id": "face-2041-a", "similarity": "0.93"},
    "biometric.other": {"fingerprint_template": FINGER},
    "credential.password": {"password": "Summer-in-the-hall-7"},
    "credential.private_key": {"pem": KEY},
    "credential.token": {"access_token": "q8Zr2LxV7nKd0TfWc5Yb"},
    "credential.wifi": {"wifi_password": "blue lamp 42 north"},
    "device.battery": {"battery": "87"},
    "device.imei": {"imei": "490154203237518"},
    "device.installed_apps": {"installed_apps": APPS},
    "device.logs": {"crash": "Fatal signal 11 (SIGSEGV), code 1"},
    "device.imsi": {"imsi": "262011234567890"},
    "device.ip.internal": {"local_ip": "192.168.17.42"},
    "device.ip.public": {},
    "device.mac": {"mac": "02:64:75:73:02:21"},
    "device.model": {"model": "CleanBot X7 Pro"},
    "device.os_firmware": {"firmware_version": "4.12.7"},
    "device.serial": {"serial_number": "DW1-0000-0031"},
    "device.uuid": {"device_id": "3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab"},
    "geo.ble_beacons": {"ble_scan": "c0:11:22:33:44:01 -60 d0:11:22:33:44:02 -71"},
    "geo.coarse": {"timezone": "Europe/Berlin"},
    "geo.floor_map": {"room_name": "Board room"},
    "geo.pose_track": {"robot_path": "0.1,0.2|0.3,0.2|0.5,0.2|0.7,0.3|0.9,0.4|1.1,0.5|1.3,0.6"},
    "geo.gps": {"latitude": "51.45563", "longitude": "7.01164"},
    "geo.wifi_scan": {"ssid": "Lab-Guest"},
    "health.data": {"heart_rate": "72"},
    "media.audio": {"clip": base64.b64encode(wave()).decode()},
    "media.image": {"shot": base64.b64encode(jpeg(160, 120)).decode()},
    "media.video": {"clip": base64.b64encode(h264()).decode()},
    "payment.account": {"iban": "DE89370400440532013000"},
    "payment.card": {"card_number": "4111111111111111"},
    "people.detection": {"person_count": "3"},
    "person.address": {"street": "Musterstrasse 1"},
    "person.email": {"mail": "erika.m@firma-muster.de"},
    "person.name": {"full_name": "Erika Mustermann"},
    "person.phone": {"phone": "+49 30 5550123"},
    "person.username": {"username": "emuster"},
    "person.vehicle_plate": {"license_plate": "E-AB 1234"},
    "site.environment": {"humidity": "41"},
    "usage.schedule": {"working_hours": "08:00-17:30"},
    "usage.telemetry": {"clean_area": "120"},
    "work.performance": {"operator_id": "op-77", "efficiency": "87"},
}
"""Data type → the fields that its detector is to find, under names that senders use."""
del DETECTED["device.ip.public"]


@dataclass(frozen=True, slots=True)
class Planted:
    """A known value as the file has it, and as the device sends it: under names that tell nothing."""

    data_type: str
    label: str
    value: str
    record: Record

    @property
    def row(self) -> tuple[str, str | None, str]:
        """Gives the row of the known-values file."""
        return (self.label, self.data_type if self.label == "other" else None, self.value)


def _same(data_type: str, label: str, value: str) -> Planted:
    return Planted(data_type, label, value, {"v1": value})


PLANTED: tuple[Planted, ...] = (
    _same("device.serial", "serial", "DW1-0000-0031"),
    Planted("device.mac", "mac", "02:64:75:73:02:21", {"v1": "026475730221"}),
    _same("device.imei", "imei", "490154203237518"),
    _same("geo.wifi_scan", "ssid", "Lab-Guest"),
    Planted("geo.wifi_scan", "bssid", "02:00:5e:00:53:0f", {"v1": "02-00-5E-00-53-0F"}),
    Planted("person.email", "email", "Tester@lab.example", {"v1": "tester@LAB.example"}),
    Planted("person.phone", "phone", "+49 30 5550123", {"v1": "0049305550123"}),
    Planted("person.name", "name", "Erika Mustermann", {"v1": "Mustermann, Erika"}),
    _same("person.address", "address", "Musterstrasse 1, 10115 Berlin"),
    _same("credential.password", "password", "planted-password-1"),
    _same("credential.token", "token", "planted-token-0123456789"),
    Planted("geo.gps", "gps", "52.5163,13.3777", {"v1": "52.516", "v2": "13.378"}),
    _same("geo.floor_map", "map_label", "Board room"),
    _same("device.uuid", "other", "6f1c1c50-0000-4000-8000-00000000abcd"),
    _same("person.vehicle_plate", "other", "E-AB 1234"),
    _same("device.os_firmware", "other", "fw-4.12.7-lab"),
    _same("device.model", "other", "CleanBot X7"),
    _same("device.imsi", "other", "262011234567890"),
    _same("payment.account", "other", "DE89370400440532013000"),
    _same("credential.wifi", "other", "blue lamp 42 north"),
    _same("person.username", "other", "emuster.lab"),
    _same("health.data", "other", "patient-0815-lab"),
    _same("usage.schedule", "other", "early shift hall 4"),
    _same("work.performance", "other", "operator-77-lab"),
    _same("site.lan_inventory", "other", "printer-lab-2.test"),
    _same("device.installed_apps", "other", "example.vendor.cleaner"),
    _same("biometric.face", "other", "face-template-lab-9"),
)
"""One known value a row, in a spelling that the file need not have."""
FILLER: Record = {"state": "idle", "note": "all is well"}
"""Fields that hold nothing, around those that do."""
