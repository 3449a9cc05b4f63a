"""A running fake and its own description → what Schemathesis objects to: nothing; to a spoilt one, something.

python .ci/schemathesis.py PROGRAM, the path of a `schemathesis` that is installed anywhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Final

from partner_insights.child_server import RunningFake, running_fake

SETTINGS: Final = Path(__file__).with_suffix(".toml")
SPOILT: Final = {"faults": [{"operation": "*", "fault": "html-error-page"}], "all": True, "repeat": True}
SECONDS: Final = 300


def objections(program: str, fake: RunningFake, examples: int) -> subprocess.CompletedProcess[str]:
    """A run with every check there is; the same requests each time."""
    command = [program, "--config-file", str(SETTINGS), "run", f"{fake.url}/openapi.json", "--url", fake.url]
    command += ["--header", f"Authorization: Bearer {fake.token}"]
    command += ["--generation-deterministic"]
    command += ["--max-examples", str(examples), "--continue-on-failure", "--suppress-health-check", "all"]
    command += ["--phases", "examples,coverage,fuzzing", "--no-color"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def spoil(fake: RunningFake) -> None:
    """Let every answer be a gateway's error page."""
    body = json.dumps(SPOILT).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{fake.url}/_admin/faults", body, headers)).close()


def main(program: str) -> int:
    """0: it found nothing where there is nothing, and something where there is."""
    with running_fake("--customers", "5") as fake:
        sound = objections(program, fake, 40)
        print(sound.stdout[-3000:] + sound.stderr)
        spoil(fake)
        spoilt = objections(program, fake, 1)
    if spoilt.returncode != 1:
        print(f"a spoilt fake went unnoticed: exit code {spoilt.returncode}\n{spoilt.stdout}{spoilt.stderr}")
    return 0 if (sound.returncode, spoilt.returncode) == (0, 1) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
