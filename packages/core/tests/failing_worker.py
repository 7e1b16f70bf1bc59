"""A process that answers, fails and dies as it is told, for the tests."""

import os
import sys
import time

from snn.processes.serving import serve


def answer(word, value, report):
    if word == "echo":
        report("echo", 1, 2)
        sys.stdout.write("something to see\n")
        sys.stdout.flush()
        return value
    if word == "path":
        return sys.path
    if word == "fail":
        raise ValueError("no such thing\nand a long story")
    if word == "sleep":
        time.sleep(60)
    sys.stderr.write("the last words\n")
    os._exit(value)


if __name__ == "__main__":
    serve(answer)
