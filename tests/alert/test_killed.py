"""Kill the program that writes alerts, at any moment, and go on: each alert is in the file once."""

import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from scangait.alert.alert import Alert

HERE = Path(__file__).parent
WRITES = (
    "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
    "from alert_samples import alert\n"
    "from scangait.alert.dispatch import Dispatcher\nfrom scangait.alert.outputs import Choices\n"
    "place = Path(sys.argv[2])\n"
    "mark = place / 'checkpoint'\n"
    "begun = int(mark.read_text()) if mark.exists() else 0\n"
    "outputs = {f'json={place}/a.json': Choices(rotate_bytes=20_000)}\n"
    "dispatcher = Dispatcher(outputs, place / 'spool', waiting=20, resumed=begun if sys.argv[3] == 'resumed' else None)\n"
    "print('ready', flush=True)\n"
    "for sequence in range(begun + 1, 801):\n"
    "    dispatcher.put(alert(sequence))\n"
    "    if sequence % 70 == 0 and dispatcher.flush(0.001):\n"
    "        (place / 'new').write_text(str(sequence)); (place / 'new').replace(mark)\n"
    "dispatcher.close(30)\nprint('done', flush=True)\n"
)


@pytest.mark.parametrize("seed", range(3))
def test_killed_and_resumed_each_alert_is_in_the_files_once_and_in_order(tmp_path, seed):
    rng = random.Random(seed)
    words = [sys.executable, "-c", WRITES, str(HERE), str(tmp_path)]
    for life in range(4):
        mode = "resumed" if life else "new"
        with subprocess.Popen([*words, mode], stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 0.04))
            program.kill()
    last = subprocess.run([*words, "resumed"], capture_output=True, text=True, check=True)
    assert last.stdout.endswith("done\n")
    aside = sorted(tmp_path.glob("a.json.*"))
    lines = [line for path in [*aside, tmp_path / "a.json"] for line in path.read_bytes().splitlines()]
    assert [msgspec.json.decode(line, type=Alert).sequence for line in lines] == list(range(1, 801))
