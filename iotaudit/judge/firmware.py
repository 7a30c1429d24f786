"""Which conversations fetched a firmware file, as far as names and sizes tell."""

from iotaudit.model.flows import Flow

FIRMWARE_ENDINGS = (
    ".bin",
    ".fw",
    ".ota",
    ".img",
    ".swu",
    ".raucb",
    ".mender",
    ".hex",
    ".dfu",
    ".upd",
)
"""Ends of paths of files that devices fetch as firmware. Reasoning: usual names of images and of the packages of
common updaters (RAUC, SWUpdate, Mender, USB DFU); a picture or a table may be called .img or .bin as well, so
the finding asks and does not claim. Source: the documentation of the updaters named."""
MIN_UPDATE_LEN = 64 * 1024
"""Bytes below which a file of such a name is no firmware; the least images of radio chips are of this order."""


def fetched_firmware(flow: Flow) -> bool:
    """Says whether the device of a conversation was given a file that is named and sized like firmware."""
    received = flow.payload_out if "device_serves" in flow.tags else flow.payload_in
    return received >= MIN_UPDATE_LEN and any(
        x.method == "GET"
        and x.status in (200, 206)
        and x.uri.partition("?")[0].lower().endswith(FIRMWARE_ENDINGS)
        for x in flow.http
    )
