"""Files, or the wish for a certificate of our own → what a server speaks TLS with.

`ssl` is imported where there are any: to a server of plain HTTP it is two megabytes for nothing.
"""

from __future__ import annotations

import hashlib
import ipaddress
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.file_reader import read_input

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
"""Whom a certificate of our own is for, besides the host served at."""


class Tls(Struct, frozen=True):
    """A certificate chain and its key, both PEM files that fit together."""

    certificate: Path
    key: Path
    ca_file: Path | None = None
    """What a client is to trust, where the certificate is of our own making."""

    def as_dict(self) -> dict[str, str]:
        """What a script needs to know: `fingerprint` (SHA-256 of the certificate), and `caFile`."""
        import ssl

        first = self.certificate.read_text("ascii", "replace").partition(_END)[0].rpartition(_BEGIN)[2]
        told = {"fingerprint": hashlib.sha256(ssl.PEM_cert_to_DER_cert(_BEGIN + first + _END)).hexdigest()}
        return told if self.ca_file is None else told | {"caFile": str(self.ca_file)}


_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


@contextmanager
def tls_from_options(
    certificate: Path | None, key: Path | None, host: str, *, self_signed: bool
) -> Iterator[Tls | None]:
    """What the options ask for, as long as the context lasts; None: plain HTTP.

    InputError where they contradict each other, or no server could speak TLS with what they name.
    """
    if self_signed:
        if certificate or key:
            raise InputError("it needs no files", where="--tls-self-signed", remedy="give it alone")
        with tempfile.TemporaryDirectory(prefix="partner-insights-tls-") as folder:  # for its owner only
            yield _made(Path(folder), host)
    elif certificate and key:
        yield of_files(certificate, key)
    elif certificate or key:
        given, missing = ("--tls-cert", "--tls-key") if certificate else ("--tls-key", "--tls-cert")
        raise InputError(f"{missing} is missing", where=given, remedy="give both, or --tls-self-signed")
    else:
        yield None


def of_files(certificate: Path, key: Path) -> Tls:
    """A certificate and a key as given; InputError where a server cannot speak TLS with them."""
    import ssl

    _holds("CERTIFICATE", certificate, "--tls-cert")
    _holds("PRIVATE KEY", key, "--tls-key")

    def password() -> NoReturn:
        remedy = f"decrypt it: openssl pkey -in {key} -out plain.pem"
        raise InputError(f"the key in {key} is encrypted", where="--tls-key", remedy=remedy)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            words = f"the key in {key} is not the key of the certificate in {certificate}"
            remedy = "the server's own certificate comes first in its file"
            raise InputError(words, where="--tls-key", remedy=remedy) from error
        words = f"{certificate} and {key} cannot be used ({(error.reason or 'unreadable').lower()})"
        remedy = "give a chain and a key that OpenSSL takes; RSA has 2048 bits or more"
        raise InputError(words, where="--tls-cert", remedy=remedy) from error
    return Tls(certificate, key)


def _holds(what: str, path: Path, option: str) -> None:
    """InputError where a file holds no such PEM block."""
    try:
        text = read_input(path).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", where=option) from error
    if f"{what}-----" not in text:
        noun = "certificate" if what == "CERTIFICATE" else "private key"
        raise InputError(f"{path} holds no {noun} in PEM form (-----BEGIN …{what}-----)", where=option)


def _made(folder: Path, host: str) -> Tls:
    """A certificate for this machine, signed by an authority made for it, whose key nobody keeps."""
    trustme = _trustme()
    names = dict.fromkeys((*_LOCAL_NAMES, *_own_name(host)))
    authority = trustme.CA(organization_name="partner-insights", organization_unit_name="made for one run")
    issued = authority.issue_cert(*names)
    tls = Tls(folder / "certificate.pem", folder / "key.pem", folder / "ca.pem")
    tls.certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(tls.key))
    authority.cert_pem.write_to_path(str(tls.ca_file))
    return tls


def _own_name(host: str) -> list[str]:
    """The host served at, where a certificate can be for it: for any address there is none."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return [host]
    return [] if address.is_unspecified else [str(address)]


def _trustme() -> Any:
    try:
        import trustme
    except ImportError as error:
        words = "making a certificate needs the package trustme, which is not installed"
        remedy = 'install "partner-insights[tls]", or give --tls-cert and --tls-key'
        raise InputError(words, where="--tls-self-signed", remedy=remedy) from error
    return trustme
