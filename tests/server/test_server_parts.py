"""The parts that decide without Flask: ids, secrets, and what is read from headers."""

from __future__ import annotations

from base64 import b64decode
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from partner_insights.server.auth.tokens import Tokens
from partner_insights.server.http.request_headers import RequestHeaders, new_guid
from partner_insights.server.http.response import correlation_vector
from partner_insights.server.settings import Settings


def test_ids_are_made_as_their_forms_say() -> None:
    """GUIDs of version 4 (RFC 9562), and MS-CVs of 16 bytes; each is new, beyond a batch, too."""
    guids = [UUID(new_guid()) for _ in range(2500)]
    assert all((guid.version, guid.variant) == (4, RFC_4122) for guid in guids)
    vectors = [correlation_vector() for _ in range(2500)]
    assert all(len(b64decode(each.removesuffix(".0") + "==", validate=True)) == 16 for each in vectors)
    assert len({*guids, *vectors}) == 5000


def test_secrets_are_not_printed() -> None:
    """Keys and tokens do not show where a value is printed, in a log or a failed assertion."""
    secretive = Settings(token_key=b"key-bytes", admin_token="hush")
    assert "key-bytes" not in repr(secretive)
    assert "hush" not in repr(secretive)
    assert "key-bytes" not in repr(Tokens(b"key-bytes"))


@given(header=st.text(max_size=60))
def test_any_accept_header_can_be_read(header: str) -> None:
    """No header value makes the reading fail; a wildcard beside no media type makes it acceptable."""
    asked = RequestHeaders.of({"HTTP_ACCEPT": header, "HTTP_ACCEPT_ENCODING": header})
    assert asked.takes_json in (True, False)
    assert asked.takes_gzip in (True, False)
    if "/" not in header:
        assert RequestHeaders.of({"HTTP_ACCEPT": f"{header}, */*"}).takes_json
