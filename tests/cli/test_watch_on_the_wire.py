"""The real scanners against a darknet in a namespace of its own: the alert is there before the scan is over.

Nothing leaves the machine: the only addresses that are probed live in a namespace that this test makes, and are
dropped there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pytest

from scangait.alert.alert import Alert

pytestmark = pytest.mark.root
SPACE, DARK = "198.19.0.0/16", "198.19.16.0/20"
SOURCE, GATEWAY = "198.18.255.1", "198.18.255.2"
COMMAND = [sys.executable, "-c", "from scangait.cli import main; main()", "watch"]
SECONDS = 60
TOOLS = {
    "zmap": "zmap -i {if} -G {mac} -S {src} -p 80 -r 4000 -b /dev/null --seed 7 -c 0 -q -o /dev/null {space}",
    "masscan": "masscan -e {if} --router-mac {mac} --adapter-ip {src} -p 80 --rate 4000 --seed 7 --wait 0 {space}",
}


RIGHT = "-all,+net_raw"
AS_THE_UNIT = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs",
               f"--inh-caps={RIGHT}", f"--ambient-caps={RIGHT}", f"--bounding-set={RIGHT}"]  # fmt: skip
"""An ordinary user with one right, as packaging/scangait-watch.service starts a watch."""


def sh(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def wire():
    """(scanner's namespace, its interface, darknet's namespace, its interface, its hardware address)."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("needs root and iproute2")
    own = os.getpid() % 100_000
    scanner, darknet, near, far = f"sgs{own}", f"sgd{own}", f"sga{own}", f"sgb{own}"
    try:
        for name in (scanner, darknet):
            sh("ip", "netns", "add", name)
        sh("ip", "link", "add", near, "netns", scanner, "type", "veth", "peer", "name", far, "netns", darknet)
        for name, link, address in ((scanner, near, SOURCE), (darknet, far, GATEWAY)):
            sh("ip", "-n", name, "addr", "add", f"{address}/16", "dev", link)
            sh("ip", "-n", name, "link", "set", link, "up")
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "-n", scanner, "route", "add", SPACE, "via", GATEWAY)
        sh("ip", "-n", darknet, "route", "add", "blackhole", SPACE)
        yield scanner, near, darknet, far, sh("ip", "netns", "exec", darknet, "cat", f"/sys/class/net/{far}/address")
    finally:
        for name in (scanner, darknet):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def alerts(path):
    return [msgspec.json.decode(line, type=Alert) for line in path.read_bytes().splitlines()] if path.exists() else []


@pytest.fixture
def folder():
    """A folder that any user may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("user", [[], AS_THE_UNIT], ids=["root", "as the unit"])
@pytest.mark.parametrize("tool", TOOLS)
def test_the_alert_comes_before_the_scan_is_over(wire, folder, tool, user):
    for program in (tool, *user[:1]):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    scanner, near, darknet, far, mac = wire
    said, state = folder / "alerts.json", folder / "state"
    watching = ["ip", "netns", "exec", darknet, *user, *COMMAND, f"interface:{far}", "--telescope", DARK, "--output",
                f"json={said}", "--checkpoint", str(state), "--quiet"]  # fmt: skip
    fields = {"if": near, "mac": mac, "src": SOURCE, "space": SPACE}
    scan = [word.format(**fields) for word in TOOLS[tool].split()]
    cache = {"NUMBA_CACHE_DIR": str(folder / "cache")} if user else {}
    with subprocess.Popen(watching, env=os.environ | cache) as watch:
        try:
            until = time.monotonic() + SECONDS
            while not (state / "checkpoint.npz").exists():
                assert watch.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            begun = time.time()
            with subprocess.Popen(
                ["ip", "netns", "exec", scanner, *scan], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as scanning:  # fmt: skip
                try:
                    while not alerts(said):
                        assert time.monotonic() < until
                        time.sleep(0.005)
                    arrived = time.time()
                    assert scanning.poll() is None
                finally:
                    scanning.terminate()
        finally:
            watch.terminate()
            watch.wait(30)
    first = alerts(said)[0]
    assert (first.event, first.verdict.label, first.verdict.sources) == ("opened", tool, (SOURCE,))
    print(f"{tool}: named after {first.probes_needed} probes, {arrived - first.time_ns / 1e9:.3f} s behind the last of "
          f"them, {arrived - begun:.1f} s after the program was started")  # fmt: skip
    assert watch.returncode == 0
