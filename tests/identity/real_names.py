"""In a network namespace of its own, with the real host names led to this machine: what libraries do untold.

Run by test_real_names.py. The first argument is a folder with the certificate for the names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msal
import requests
from azure import identity

from partner_insights.child_server import running_fake

TENANT = "contoso.onmicrosoft.com"
API = "https://api.partnercenter.microsoft.com"
SCOPE = f"{API}/user_impersonation"
folder = Path(sys.argv[1])
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["NODE_EXTRA_CA_CERTS"] = str(folder / "ca.pem")


def opens(token: str) -> int:
    """What the API answers at its own address."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{API}/v1/analytics/licenses/usage", headers=headers, timeout=10).status_code


def main() -> dict[str, int]:
    """Flow → what its token is answered."""
    answers = {}
    app = msal.ConfidentialClientApplication(
        "app", client_credential="secret", authority=f"https://login.microsoftonline.com/{TENANT}"
    )
    user = app.acquire_token_by_username_password(f"ann@{TENANT}", "any", [SCOPE])
    answers["msal password"] = opens(user["access_token"])
    (account,) = app.get_accounts()
    silent = app.acquire_token_silent([SCOPE], account, force_refresh=True)
    answers["msal silent"] = opens(silent["access_token"])
    answers["msal client"] = opens(app.acquire_token_for_client([f"{API}/.default"])["access_token"])
    alone = identity.ClientSecretCredential(TENANT, "app", "secret").get_token(f"{API}/.default")
    answers["azure-identity client"] = opens(alone.token)
    user_token = identity.UsernamePasswordCredential("app", f"ann@{TENANT}", "any", tenant_id=TENANT)
    answers["azure-identity password"] = opens(user_token.get_token(SCOPE).token)
    program = shutil.which("node")
    if program is not None and os.environ.get("PARTNER_INSIGHTS_NODE_MODULES"):
        script = Path(__file__).parent / "node" / "msal-node.mjs"
        arguments = [program, script, "https://login.microsoftonline.com", TENANT, API, folder / "app.pem"]
        run = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
        answers |= {f"msal-node {flow}": opens(token) for flow, token in json.loads(run.stdout).items()}
    return answers


if __name__ == "__main__":
    certificate = ("--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))
    with running_fake("--port", "443", "--customers", "2", *certificate):
        print(json.dumps(main()))
