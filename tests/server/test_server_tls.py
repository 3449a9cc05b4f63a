"""TLS: with a certificate of our own making or with files given, and what is said of files no good."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
import trustme
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.fixtures.testing.server import InsightsServer
from partner_insights.fixtures.testing.settings import ServerOptions
from partner_insights.server.process.tls import of_files, tls_from_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USAGE = "/v1/analytics/licenses/usage"


@pytest.fixture(scope="module")
def secure() -> Iterator[RunningFake]:
    with running_fake(*ServerOptions(customers=3, tls=True).arguments()) as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> tuple[Path, Path]:
    """A certificate and its key, good ones."""
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def bearer(fake: RunningFake) -> dict[str, str]:
    return {"Authorization": f"Bearer {fake.token}"}


def test_a_client_that_trusts_its_certificate_is_served(secure: RunningFake) -> None:
    """By address and by name, with `verify=` of requests and with a context of httpx; and nobody else is."""
    assert secure.url.startswith("https://127.0.0.1:")
    assert requests.get(secure.url + USAGE, headers=bearer(secure), verify=secure.ca_file, timeout=10).ok
    trusting = ssl.create_default_context(cafile=secure.ca_file)
    named = secure.url.replace("127.0.0.1", "localhost")
    assert httpx.get(named + USAGE, headers=bearer(secure), verify=trusting).is_success
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(secure.url + USAGE, headers=bearer(secure), timeout=10)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_speaks_the_versions_clients_speak(secure: RunningFake, version: ssl.TLSVersion) -> None:
    """TLS 1.2, which .NET Framework stops at, and 1.3."""
    trusting = ssl.create_default_context(cafile=secure.ca_file)
    trusting.minimum_version = trusting.maximum_version = version
    assert httpx.get(secure.url + USAGE, headers=bearer(secure), verify=trusting).is_success


def test_what_it_says_works(secure: RunningFake) -> None:
    """The curl line it prints trusts the certificate, which lies in a folder that is nobody else's."""
    curl = secure.output.splitlines()[-1]
    assert f"--cacert {secure.ca_file}" in curl
    fetched = subprocess.run(["sh", "-c", f"{curl} -s"], capture_output=True, check=True)
    assert b'"totalCount"' in fetched.stdout
    folder = Path(secure.ca_file or "").parent
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("fault", ["reset", "truncate", "close"])
def test_faults_of_the_wire_are_the_same_beneath_tls(secure: RunningFake, fault: str) -> None:
    """A reset is one of TCP; a truncated body is short of its length; closing says not a word of HTTP."""
    where = urlsplit(secure.url)
    context = ssl.create_default_context(cafile=secure.ca_file)
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    spoken = context.wrap_bio(arriving, leaving, server_hostname=where.hostname)
    head = f"GET {USAGE} HTTP/1.1\r\nHost: localhost\r\nPrefer: fault={fault}\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        _until_done(spoken.do_handshake, connection, arriving, leaving)
        spoken.write(f"{head}Authorization: Bearer {secure.token}\r\n\r\n".encode())
        connection.sendall(leaving.read())
        got, ended = b"", None
        try:
            while piece := connection.recv(65536):
                arriving.write(piece)
        except OSError as error:
            ended = type(error)
        while arriving.pending:
            try:
                got += spoken.read(65536)
            except ssl.SSLError:
                break
    if fault == "reset":
        assert ended is ConnectionResetError
    elif fault == "close":
        assert (ended, got) == (None, b"")
    else:
        length = int(re.search(rb"content-length: (\d+)", got.lower())[1])  # type: ignore[index]
        assert 0 < len(got.partition(b"\r\n\r\n")[2]) < length


def _until_done(act: Callable[[], Any], connection: Any, arriving: Any, leaving: Any) -> None:
    while True:
        try:
            act()
        except ssl.SSLWantReadError:
            connection.sendall(leaving.read())
            arriving.write(connection.recv(65536))
        else:
            connection.sendall(leaving.read())
            return


def test_verify_judges_it(secure: RunningFake) -> None:
    """`verify --ca-file` reaches it and holds it to the contract."""
    asked = [sys.executable, "-m", "partner_insights", "verify", "--url", secure.url, "--token-env", "T"]
    asked += ["--max-requests", "5", "--rate", "1000", "--ca-file", str(secure.ca_file)]
    held = subprocess.run(asked, env=os.environ | {"T": secure.token}, capture_output=True, check=False)
    assert (held.returncode, held.stdout[:5]) == (0, b"held ")


def test_a_tests_own_controls_trust_it(secure: RunningFake) -> None:
    """`insights_server` of a fake with TLS selects scenarios, plans and judges as without."""
    server = InsightsServer.of(secure, ServerOptions(tls=True))
    server.scenario("silent-empty")
    asked = requests.get(server.url + USAGE, headers=server.headers, verify=server.ca_file, timeout=10)
    assert asked.json()["items"] == []
    server.reset()


def test_files_given_are_used(files: tuple[Path, Path], tmp_path: Path, authority: trustme.CA) -> None:
    """The certificate of `--tls-cert` is the one presented, and whoever trusts its authority is served."""
    certificate, key = files
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running_fake("--tls-cert", str(certificate), "--tls-key", str(key), "--customers", "1") as fake:
        assert fake.ca_file is None
        assert requests.get(fake.url + USAGE, headers=bearer(fake), verify=tmp_path / "ca.pem", timeout=10).ok
        where = urlsplit(fake.url)
        presented = ssl.get_server_certificate((str(where.hostname), int(where.port or 0)))
    assert ssl.PEM_cert_to_DER_cert(presented) == ssl.PEM_cert_to_DER_cert(certificate.read_text())


def test_the_fingerprint_is_the_certificates(files: tuple[Path, Path], secure: RunningFake) -> None:
    """SHA-256 of the first certificate of the file, whatever stands around it."""
    certificate, key = files
    text = certificate.read_text()
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()
    certificate.write_text(f"subject=CN = localhost\n{text}\n{Path(secure.ca_file or '').read_text()}")
    assert of_files(certificate, key).as_dict() == {"fingerprint": expected}


def test_nothing_is_left_of_it() -> None:
    """The folder with the key is gone once the fake has stopped."""
    with tls_from_options(None, None, "fake.test", self_signed=True) as tls:
        assert tls is not None
        assert tls.key.exists()
        assert {path.name for path in tls.key.parent.iterdir()} == {"ca.pem", "certificate.pem", "key.pem"}
    assert not tls.key.parent.exists()


def spoil_encrypted(certificate: Path, key: Path) -> None:
    loaded = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )


def spoil_mismatched(certificate: Path, key: Path) -> None:
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(key)


def spoil_der(certificate: Path, key: Path) -> None:
    certificate.write_bytes(ssl.PEM_cert_to_DER_cert(certificate.read_text()))


def spoil_cut(certificate: Path, key: Path) -> None:
    lines = certificate.read_text().splitlines()
    certificate.write_text("\n".join([*lines[:3], *lines[5:]]))


def spoil_swapped(certificate: Path, key: Path) -> None:
    text = certificate.read_text()
    certificate.write_text(key.read_text())
    key.write_text(text)


BAD = {
    spoil_encrypted: r"--tls-key: the key in \S+key\.pem is encrypted — decrypt it: openssl pkey -in ",
    spoil_mismatched: r"--tls-key: the key in \S+ is not the key of the certificate in \S+cert\.pem",
    spoil_der: r"--tls-cert: \S+ holds no certificate in PEM form",
    spoil_cut: r"--tls-cert: \S+ and \S+ cannot be used \(.+\) — give a chain and a key",
    spoil_swapped: r"--tls-cert: \S+ holds no certificate in PEM form",
}


@pytest.mark.parametrize("spoil", BAD)
def test_bad_files_are_named(spoil: Callable[[Path, Path], None], files: tuple[Path, Path]) -> None:
    """Exit code 2, the option and the file, what is wrong with it and what to do, and nothing is started."""
    spoil(*files)
    refused = CliRunner().invoke(main, ["serve", "--tls-cert", str(files[0]), "--tls-key", str(files[1])])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert re.search(BAD[spoil], refused.stderr)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tls-cert", "{cert}"], "--tls-cert: --tls-key is missing — give both, or --tls-self-signed"),
        (["--tls-key", "{key}"], "--tls-key: --tls-cert is missing"),
        (["--tls-self-signed", "--tls-key", "{key}"], "--tls-self-signed: it needs no files"),
        (["--tls-cert", "nowhere.pem"], "'nowhere.pem' does not exist"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], words: str, files: tuple[Path, Path]) -> None:
    """One file of two, or a wish and files, is said to be so: exit code 2."""
    filled = [each.format(cert=files[0], key=files[1]) for each in options]
    refused = CliRunner().invoke(main, ["serve", *filled])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert words in refused.stderr


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes certificates is an extra: without it, which one."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    refused = CliRunner().invoke(main, ["serve", "--tls-self-signed"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert 'install "partner-insights[tls]"' in refused.stderr


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP521R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_any_key_that_openssl_takes_is_served_with(key: Any, tmp_path: Path) -> None:
    """Kinds of keys that few use are as good as RSA."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA512()
    certificate = builder.add_extension(names, critical=False).sign(key, algorithm)
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    files = "--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")
    with running_fake("--customers", "1", *files) as fake:
        trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        url = fake.url.replace("127.0.0.1", "localhost")
        assert httpx.get(url + USAGE, headers=bearer(fake), verify=trusting).is_success
