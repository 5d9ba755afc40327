#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs samples on a Kafka broker, nothing else changed, and compares what they print.

usage: on_kafka.py CLEAR SOURCE PROGRAM [ARGUMENT…] -- [SOURCE PROGRAM [ARGUMENT…] --]…

WEIR_TEST_KAFKA names the broker; CLEAR is called before each, to remove the topics of the one
before. The lines may come in any order, and what begins with `committed` is not compared: topics
have several partitions there. The argument BROKER stands for the broker's address.
"""
import os
import subprocess
import sys

import prints


def main(clear, rest):
    broker = "kafka://" + os.environ["WEIR_TEST_KAFKA"]
    os.environ["WEIR_BROKER"] = broker
    failed = 0
    while rest:
        end = rest.index("--")
        (source, *command), rest = rest[:end], rest[end + 1:]
        subprocess.run([clear], check=True, stdout=subprocess.DEVNULL)
        command = [broker if x == "BROKER" else x for x in command]
        failed += prints.main(source, command, on_kafka=True)
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
