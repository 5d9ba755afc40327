#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program beside a Kafka broker of its own, on free ports, and ends the broker afterwards.

usage: run.py PROGRAM [ARGUMENT…]

The program finds the broker in WEIR_TEST_KAFKA, where it asks for a login in WEIR_TEST_KAFKA_LOGIN,
where it gives an address that does not exist in WEIR_TEST_KAFKA_AWAY, and can stop and start it by
the script that WEIR_TEST_KAFKA_SCRIPT names. Exit code 77, which Meson counts as skipped: no broker
can be had.
"""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

BROKER = Path(__file__).resolve().with_name("broker")


def free_ports(n):
    """Ports that the system gives nobody as the near end of a connection: else a client that looks
    for a broker that is down could be given the broker's own port, and the broker could not start."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    held = []
    while len(held) < n:
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", random.randrange(first_given // 2, first_given)))
        except OSError:
            s.close()
            continue
        held.append(s)
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def main(command):
    port, controller, login, away = free_ports(4)
    folder = tempfile.mkdtemp(prefix="weir-kafka-")
    env = dict(os.environ, WEIR_KAFKA_PORT=str(port), WEIR_KAFKA_CONTROLLER_PORT=str(controller),
               WEIR_KAFKA_LOGIN_PORT=str(login), WEIR_KAFKA_AWAY_PORT=str(away),
               WEIR_KAFKA_DIR=folder,
               WEIR_TEST_KAFKA=f"127.0.0.1:{port}", WEIR_TEST_KAFKA_LOGIN=f"127.0.0.1:{login}",
               WEIR_TEST_KAFKA_AWAY=f"127.0.0.1:{away}",
               WEIR_TEST_KAFKA_SCRIPT=str(BROKER))
    try:
        started = subprocess.run([BROKER, "start"], env=env, stdout=subprocess.DEVNULL).returncode
        if started:
            return started
        failed = abs(subprocess.run(command, env=env).returncode)
        if failed:
            log = Path(folder, "broker.log").read_text(errors="replace").splitlines()
            print("The broker's last lines:", *log[-20:], sep="\n", file=sys.stderr)
        return failed
    finally:
        subprocess.run([BROKER, "wipe"], env=env)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
