# ruff: noqa: S603, S607, T201
"""Measures what `iotaudit capture` loses: packets sent against packets recorded, and what its drop counter says.

    python bench/loss.py [--engines dumpcap,tcpdump,ring,scapy] [--rates 20000,100000] [--seconds 30] [--stall 0]

With `--stall` the recording is stopped for so many seconds in the middle (SIGSTOP), so that the kernel runs out of room:
then the drop counter must say what is missing. As root. It works on a veth pair in a network namespace of its own, which no packet leaves; a sender in C (compiled by
gcc) sends UDP datagrams of 158 bytes (200 bytes a frame) at a steady rate.
"""

import argparse
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SEAL = ("unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc")
PORT = 40_000
SENDER = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#define BATCH 20
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
int main(int argc, char **argv) {
  double rate = atof(argv[1]), seconds = atof(argv[2]);
  static char payload[BATCH][158];
  struct iovec pieces[BATCH]; struct mmsghdr messages[BATCH];
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[3])) };
  int handle = socket(AF_INET, SOCK_DGRAM, 0); long sent = 0, due;
  inet_pton(AF_INET, "10.0.0.1", &to.sin_addr);
  if (connect(handle, (struct sockaddr *)&to, sizeof to)) return 1;
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) {
    pieces[i].iov_base = payload[i]; pieces[i].iov_len = sizeof payload[i];
    messages[i].msg_hdr.msg_iov = &pieces[i]; messages[i].msg_hdr.msg_iovlen = 1;
  }
  double begin = now(), passed;
  while ((passed = now() - begin) < seconds) {
    due = (long)(passed * rate);
    if (sent + BATCH > due) {
      struct timespec pause = { 0, 200000 }; nanosleep(&pause, NULL); continue;
    }
    for (int i = 0; i < BATCH; i++) { long number = sent + i; memcpy(payload[i], &number, sizeof number); }
    int done = sendmmsg(handle, messages, BATCH, 0);
    if (done > 0) sent += done;
  }
  printf("%ld %.3f\n", sent, now() - begin);
  return 0;
}
"""


def main() -> None:
    """Runs itself inside a sandbox, and there every engine at every rate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="dumpcap,tcpdump,ring,scapy")
    parser.add_argument("--rates", default="20000,100000")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--stall", type=float, default=0.0)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("gcc") is None:
        raise SystemExit("needs root and gcc")
    if not given.inside:
        raise SystemExit(subprocess.call([*SEAL, sys.executable, __file__, "--inside", *sys.argv[1:]]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", name], check=True)
        try:
            (folder / "sender.c").write_text(SENDER)
            subprocess.run(["gcc", "-O2", "-o", folder / "sender", folder / "sender.c"], check=True)
            _link()
            print("| engine | asked for | sent | recorded | missing | dropped (counter) | CPU of the recording |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for engine in given.engines.split(","):
                for rate in given.rates.split(","):
                    print(_measure(folder, engine, int(rate), given.seconds, given.stall), flush=True)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def _link() -> None:
    """Makes the pair; the sender's end is in a namespace of its own, kept by a process that only waits."""
    for command in (
        "mount -t tmpfs tmpfs /run",
        "mkdir /run/netns",
        "ip netns add sender",
        "ip link set lo up",
        "ip link add lan0 type veth peer name eth0 netns sender",
        "ip address add 10.0.0.1/24 dev lan0",
        "ip link set lan0 up",
        "ip -n sender address add 10.0.0.2/24 dev eth0",
        "ip -n sender link set eth0 up",
        # no answers: what the receiver does is not measured
        "nft add table inet t; add chain inet t in { type filter hook input priority -300; policy drop; }",
        f"ip -n sender neigh replace 10.0.0.1 lladdr {'02:00:00:00:00:01'} dev eth0",
        "ip link set lan0 address 02:00:00:00:00:01",
    ):
        words = ["nft", command.removeprefix("nft ")] if command.startswith("nft") else command.split()
        subprocess.run(words, check=True)


def _measure(folder: Path, engine: str, rate: int, seconds: float, stall: float) -> str:
    target = folder / f"{engine}-{rate}"
    recorder = subprocess.Popen(
        [sys.executable, "-m", "iotaudit", "capture", "--interface", "lan0", "--engine", engine, "--out", target],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
    )
    if recorder.stderr is None or not recorder.stderr.readline().startswith(b"recording"):
        raise SystemExit(f"{engine} does not record")
    command = ["ip", "netns", "exec", "sender", str(folder / "sender"), str(rate), str(seconds), str(PORT)]
    sender = subprocess.Popen(command, stdout=subprocess.PIPE)
    if stall:
        time.sleep(max((seconds - stall) / 2, 0))
        os.kill(recorder.pid, signal.SIGSTOP)
        time.sleep(stall)
        os.kill(recorder.pid, signal.SIGCONT)
    said, _ = sender.communicate()
    sent, lasted = said.split()
    os.kill(recorder.pid, signal.SIGINT)
    told = recorder.stderr.read()
    recorder.stderr.close()
    _, status, used = os.wait4(recorder.pid, 0)
    recorder.returncode = os.waitstatus_to_exitcode(status)
    if recorder.returncode != 0:
        raise SystemExit(f"{engine}: {told.decode()}")
    facts = json.loads((target / "session.json").read_text())["recorder"]
    count = _count(target / "capture.pcapng", int(sent))
    shutil.rmtree(target)
    real = int(sent) / float(lasted)
    return (
        f"| {engine} | {rate}/s | {int(sent)} ({real:.0f}/s) | {count} | {int(sent) - count} | {facts['dropped']} | "
        f"{used.ru_utime + used.ru_stime:.1f} s |"
    )


def _count(path: Path, sent: int) -> int:
    """Counts the datagrams of the sender; each has a number, and none is there twice."""
    seen = bytearray(sent)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        while at + 12 <= len(data):
            kind, length = struct.unpack_from("<II", data, at)
            frame = at + 28
            ours = kind == 6 and data[frame + 12 : frame + 14] == b"\x08\0" and data[frame + 23] == 17
            if ours and struct.unpack_from(">H", data, frame + 36)[0] == PORT:
                seen[struct.unpack_from("<q", data, frame + 42)[0]] += 1
            at += length
    if max(seen, default=0) > 1:
        raise SystemExit("packets were recorded twice")
    return seen.count(1)


if __name__ == "__main__":
    main()
