"""The order of the stages, and the public call `audit(paths, ...) -> Audit`.

`reading`: capture → assemble → dissect → detect as batches stream by; `conclusion`: devices, names, destinations,
exposures and the verdict over what was kept; `parallel`: the reading shared by several processes. No packet is an object,
no payload outlives its segment, and every stage's problems travel to the verdict.
"""

import datetime
import ipaddress
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from iotaudit import detect
from iotaudit.assemble.devices import normal_device
from iotaudit.capture import follow_input, open_inputs
from iotaudit.codec.wpa_keys import master_key
from iotaudit.errors import UsageError
from iotaudit.model.inputs import InputFacts
from iotaudit.model.result import Audit, Run, Settings
from iotaudit.packs.declared import load_declaration
from iotaudit.packs.keylog import KeyLogFile, load_keylog
from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.known import load_known
from iotaudit.packs.library import open_shelf
from iotaudit.packs.observations import load_observations
from iotaudit.packs.profiles import load_profile
from iotaudit.packs.rules import load_packs
from iotaudit.packs.wifi_key import load_wifi_keys
from iotaudit.pipeline.conclusion import conclude
from iotaudit.pipeline.cycles import NEVER, SELDOM, searched
from iotaudit.pipeline.parallel import Task, Workers, choose_jobs, lanes_of
from iotaudit.pipeline.reading import Progress, Reading

DEFAULT_PACKS = ("gdpr-transfers", "foreign-access")


def audit(  # noqa: PLR0913 - every one is an option of the command
    paths: str | Path | Sequence[str | Path],
    *,
    device: str | None = None,
    profile: str | None = None,
    rules: Sequence[str] = (),
    known: str | Path | None = None,
    keylog: Sequence[str | Path] = (),
    wifi_key: str | Path | None = None,
    declared: str | Path | None = None,
    knowledge: str | None = None,
    geoip: Sequence[str | Path] = (),
    inside: Sequence[str] = (),
    all_hosts: bool = False,
    lab_position: tuple[float, float] | None = None,
    as_of: str | None = None,
    fail_on: str = "none",
    fail_on_undetermined: bool = False,
    jobs: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
    stdin: BinaryIO | None = None,
    follow: Callable[[], bool] | None = None,
    reveal: Callable[[Mapping[str, str]], None] | None = None,
) -> Audit:
    """Audits captures of one set-up as one.

    Args:
        paths: capture files, web logs or recording folders; "-" is `stdin`.
        device: MAC or IP of the device under audit; None audits every inside host but the gateway.
        profile: name or file of a profile.
        rules: names or paths of rule packs; the profile's, else the shipped ones, where empty.
        known: YAML file of values that the lab knows of the device.
        keylog: key logs that open TLS and QUIC sessions.
        wifi_key: file of lines "ssid:passphrase" that opens Wi-Fi frames from the handshake on.
        declared: YAML file of what the vendor declares of the device.
        knowledge: an installed version of the knowledge, or "shipped"; None takes the one in use.
        geoip: MMDB files of the user.
        inside: CIDR texts that count as inside.
        all_hosts: list the conversations of every host.
        lab_position: latitude and longitude in degrees.
        as_of: ISO date by which laws are judged (default today).
        fail_on: kept in the settings; the exit code is the caller's affair.
        fail_on_undetermined: as `fail_on`.
        jobs: processes to read with, which never changes the result; None takes several for large inputs.
        progress: called after each block.
        stdin: what "-" reads.
        follow: the one capture file still grows; called at its end, waits a while for more, False ends the reading.
        reveal: called with the values of the exposures by id, as they were sent; the audit itself holds none of them.

    Raises:
        UsageError: an option is wrong, or the device is not in the capture.
        InputError: no input can be read; one beside readable ones is told as a problem.
        PackError: a rule, profile, known-values, Wi-Fi key or declaration file has mistakes.
        IotauditError: one of several processes died.
    """
    started = time.time_ns()
    clock = time.perf_counter()
    names = tuple(str(p) for p in ([paths] if isinstance(paths, str | Path) else paths))
    wanted = normal_device(device) if device else None
    for text in inside:
        _check_network(text)
    chosen = load_profile(profile) if profile else None
    with open_shelf(knowledge) as shelf:
        with searched(NEVER):
            rule_packs = load_packs(tuple(rules) or (chosen.packs if chosen else ()) or DEFAULT_PACKS)
            world = load_knowledge([str(p) for p in geoip], shelf)
            declaration = load_declaration(str(declared)) if declared else None
            observed, unread = load_observations(name for name in names if name != "-" and Path(name).is_dir())
            known_values = detect.known_values(load_known(str(known))) if known else ()
            key_logs = [load_keylog(str(p)) for p in keylog]
            networks = load_wifi_keys(str(wifi_key)) if wifi_key else ()
        settings = Settings(
            as_of=_date(as_of),
            profile=chosen.id if chosen else None,
            rules=tuple(pack.id for pack in rule_packs),
            device=wanted,
            inside=tuple(inside),
            all_hosts=all_hosts,
            lab_position=lab_position,
            geoip=tuple(Path(p).name for p in geoip),
            known=Path(known).name if known else None,
            keylog=tuple(log.name for log in key_logs),
            wifi_key=Path(wifi_key).name if wifi_key else None,
            declared=Path(declared).name if declared else None,
            knowledge=shelf.version,
            fail_on=fail_on,
            fail_on_undetermined=fail_on_undetermined,
        )
        with searched(SELDOM):
            masters = tuple(dict.fromkeys(master_key(*network) for network in networks))
            task = Task(names, world.data_types, known_values, masters, tuple(log.text for log in key_logs))
            reading, inputs = _read(task, jobs, progress, stdin, follow)
        with searched(NEVER):
            result = conclude(reading, inputs, world, rule_packs, chosen, settings, declaration, reveal, observed)
        run = Run(started, _host(), time.perf_counter() - clock)
        return replace(result, run=run, warnings=(*result.warnings, *_about_keys(key_logs, reading), *_about_tests(unread)))


def _read(
    task: Task,
    jobs: int | None,
    progress: Callable[[Progress], None] | None,
    stdin: BinaryIO | None,
    follow: Callable[[], bool] | None,
) -> tuple[Reading, tuple[InputFacts, ...]]:
    """Reads the inputs, in several processes where that is wanted or pays."""
    readers = follow_input(task.names, follow) if follow else open_inputs(task.names, stdin=stdin)
    count = choose_jobs(jobs, readers)
    reading = task.reading(lanes_of(0, count))
    with Workers(task, count) as workers:
        reading.read(readers, progress, workers.watch)
        workers.collect(reading)
    return reading, reading.inputs(readers)


def _about_keys(key_logs: Sequence[KeyLogFile], reading: Reading) -> Iterator[str]:
    """Gives what is to say of key logs that were of no use, or only in part."""
    for log in key_logs:
        if not log.randoms & reading.keys.used:
            yield f"key log {log.name}: none of its sessions is in the capture, or their beginnings are missing"
        if log.refused:
            yield f"key log {log.name}: lines that are none of a key log were passed over ({log.refused})"


def _about_tests(unread: int) -> Iterator[str]:
    """Gives what is to say of lines of `observations.jsonl` that could not be read."""
    if unread:
        yield f"observations.jsonl: lines that could not be read were passed over ({unread})"


def _host() -> str:
    """Gives system, release and machine; `platform.platform` would run `uname -p` for the processor."""
    return f"{platform.system()}-{platform.release()}-{platform.machine()}"


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UsageError(f"--inside takes a network such as 203.0.113.0/24, not {text!r}") from None


def _date(text: str | None) -> str:
    if text is None:
        return datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--as-of takes a date such as 2026-11-24, not {text!r}") from None


__all__ = ["Progress", "Reading", "audit"]
