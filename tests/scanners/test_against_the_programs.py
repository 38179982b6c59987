"""The installed programs in modes that send nothing, on fresh random seeds."""

import os
import re
import secrets
import shutil
import subprocess
from ipaddress import IPv4Address

import pytest
from click.testing import CliRunner

from scangait.cli import cli

BLOCKED = "0.0.0.0/8,10.0.0.0/8,127.0.0.0/8,224.0.0.0/3"
ZMAP, MASSCAN = shutil.which("zmap") or shutil.which("zmap", path="/usr/sbin"), shutil.which("masscan")


def ours(*words):
    done = CliRunner().invoke(cli, ["order", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


@pytest.mark.skipif(not ZMAP, reason="needs zmap: apt-get install zmap")
@pytest.mark.skipif(os.geteuid() != 0, reason="zmap opens its socket as root even in a dry run")
@pytest.mark.parametrize("shard", ["0/1", "1/3"])
def test_zmap_prints_the_same_targets(tmp_path, shard):
    release = re.search(
        r"\d+\.\d+\.\d+", subprocess.run([ZMAP, "--version"], capture_output=True, text=True, check=False).stdout
    )[0]
    (tmp_path / "blocked").write_text(BLOCKED.replace(",", "\n") + "\n")
    (tmp_path / "empty").write_text("")
    for _ in range(3):
        seed = secrets.randbelow(2**63)
        own, total = shard.split("/")
        command = f"{ZMAP} -C {tmp_path}/empty --dryrun -i lo -G 02:00:00:00:00:01 --source-mac=02:00:00:00:00:02 "
        command += f"-S 127.0.0.1 -p 80 -e {seed} -q -v 0 -b {tmp_path}/blocked -c 0 -T 1 -n 500"
        words = [*command.split(), f"--shards={total}", f"--shard={own}"]
        printed = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout
        theirs = [f"{address},80" for address in re.findall(r"daddr: (\S+)", printed)]
        assert len(theirs) > 100
        mine = ours(f"zmap:{release}", "--seed", seed, "--blocklist", BLOCKED, "--shard", shard, "-n", len(theirs))
        assert mine == theirs, seed


@pytest.mark.skipif(not MASSCAN, reason="needs masscan: apt-get install masscan")
@pytest.mark.parametrize("targets", ["0.0.0.0/1", "93.184.0.0/20"])
def test_masscan_prints_the_same_targets(targets):
    for _ in range(3):
        seed = secrets.randbelow(2**64 - 1) + 1
        words = [MASSCAN, "-sL", "--seed", str(seed), "-p", "22,80", targets]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
            lines = [program.stdout.readline().split() for _ in range(500)]
            program.kill()
        theirs = [",".join(line[-1].split(":")) if ":" in line[-1] else f"{line[-1]},80" for line in lines]
        mine = ours("masscan:1.3.2", "--seed", seed, "--targets", targets, "--ports", "22,80", "-n", 500)
        assert mine == theirs, (seed, targets)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["angryip", "--seed", "1"], "known are zmap 2.1"),
        (["zmap:0.5", "--seed", "1"], "no such version"),
        (["shodan", "--seed", "1"], "no order"),
        (["zmap:x", "--seed", "1"], "no such version"),
        (["zmap", "--seed", "1", "--shard", "5/4"], "5/4"),
        (["zmap", "--seed", "1", "--ports", "70000"], "70000"),
        (["zmap", "--seed", "1", "--targets", "10.0.0.0/8", "--blocklist", "10.0.0.0/8"], "blocked"),
    ],
)
def test_what_cannot_be_scanned_is_said(words, message):
    done = CliRunner().invoke(cli, ["order", *words])
    assert done.exit_code != 0
    assert message in (done.output + str(done.exception))


def test_releases_belong_to_the_class_that_orders_like_them():
    from scangait.scanners.orders import scanner_of

    expected = {"zmap:2.1.1": "2.1", "zmap:4.0.5": "4.0", "zmap:4.1.0": "4.3", "zmap:4.3.4": "4.3", "zmap": "4.3"}
    expected |= {"masscan:1.0.5": "1.0", "masscan:1.3.1": "1.0", "masscan:1.3.2": "1.3", "masscan": "1.3"}
    assert {word: scanner_of(word)[1] for word in expected} == expected
    assert IPv4Address(ours("zmap:2.1.1", "--seed", 7, "-n", 1)[0].split(",")[0])
