"""A seed → the RSA test key that a fake signs its tokens with, and the key set clients verify them by.

The same seed gives the same key, so what was signed stays good over a restart and a recorded key set stays
true. The keys are made of the shipped primes: everybody knows them, and nothing but a fake should trust them.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM: Final = "RS256"
_EXPONENT: Final = 65537


class SigningKey(Struct, frozen=True, dict=True):
    """The test key of a seed; cryptography is imported when it is first used."""

    seed: int

    @cached_property
    def private(self) -> RSAPrivateKey:
        """The key itself."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        p, q = self._primes
        d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)  # a test proves the primes

    @cached_property
    def id(self) -> str:
        """The key's `kid`."""
        p, q = self._primes
        return hashlib.sha256((p * q).to_bytes(256)).hexdigest()[:27]

    @cached_property
    def key_set(self) -> dict[str, Any]:
        """The JSON Web Key Set with the public half (RFC 7517)."""
        from jwt.algorithms import RSAAlgorithm

        public = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        known = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [known | {"use": "sig", "alg": ALGORITHM, "kid": self.id, "x5t": self.id}]}

    @cached_property
    def _primes(self) -> tuple[int, int]:
        pairs = list(combinations(_shipped_primes(), 2))
        digest = hashlib.sha256(str(self.seed).encode()).digest()
        return pairs[int.from_bytes(digest) % len(pairs)]


def _shipped_primes() -> list[int]:
    lines = Path(__file__).with_name("test_primes.txt").read_text(encoding="ascii").splitlines()
    return [int(line, 16) for line in lines if not line.startswith("#")]
