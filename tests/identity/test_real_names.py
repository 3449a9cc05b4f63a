"""Sign-in libraries that know of no fake: the real host names are led to it, where the machine allows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

if TYPE_CHECKING:
    from conftest import Certificate

pytestmark = pytest.mark.external
NAMES = ("login.microsoftonline.com", "login.windows.net", "api.partnercenter.microsoft.com")
LEAD = 'ip link set lo up && mount --bind "$1" /etc/hosts && exec "$2" "$3" "$4"'


@pytest.fixture
def folder(tmp_path: Path, certificate: Certificate) -> Path:
    """The certificate for the names, an application's, and the hosts file that leads the names here."""
    authority = trustme.CA()
    issued = authority.issue_cert(*NAMES)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(tmp_path / "cert.pem", append=True)
    (tmp_path / "app.pem").write_text(certificate.key_pem + certificate.pem)
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {' '.join(NAMES)}\n")
    return tmp_path


def test_libraries_sign_in_under_the_real_names(folder: Path) -> None:
    """Instance discovery, realms on port 443, every default: users' tokens open the API, an app's do not."""
    unshare = shutil.which("unshare")
    tools = ("ip", "mount")
    if unshare is None or None in map(shutil.which, tools):
        pytest.skip("this machine has no unshare, ip or mount")
    namespace = [unshare, "--map-root-user", "--net", "--mount"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine allows no network namespaces")
    script = Path(__file__).with_name("real_names.py")
    command = ["sh", "-c", LEAD, "sh", folder / "hosts", sys.executable, script, folder]
    run = subprocess.run([*namespace, *command], capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert len(answers) >= 5
    for flow, status in answers.items():
        assert (flow, status) == (flow, 403 if flow.endswith(("client", "certificate")) else 200)
