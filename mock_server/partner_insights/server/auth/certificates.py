"""PEM → a certificate; cryptography is imported when the first one is read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def load_certificate(pem: bytes) -> Certificate:
    """The certificate of a PEM text; ValueError where there is none."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem)


def pem_of(der: bytes) -> bytes:
    """A certificate in PEM, given as it is in DER."""
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
