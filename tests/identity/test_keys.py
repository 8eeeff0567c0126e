"""Which keys are used: those of a file, and those of a published set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from graphql_api.identity.key_file import KeyFile
from graphql_api.identity.key_set import usable_keys
from graphql_api.settings import SettingsError
from tests.support.provider import a_key

if TYPE_CHECKING:
    from pathlib import Path

ASYMMETRIC = ("RS256", "ES256", "EdDSA")
RSA = a_key("rsa")


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_a_file_s_key_is_for_its_own_algorithm(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(a_key(None, algorithm).pem)
    key = await KeyFile(file, ASYMMETRIC).find("any")
    assert key.algorithm_name == algorithm


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    with pytest.raises(SettingsError, match=r"^AUTH_PUBLIC_KEY_FILE: .* cannot be read \(No such"):
        KeyFile(file, ASYMMETRIC)
    file.write_bytes(RSA.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SettingsError, match="is no public key in PEM") as refused:
        KeyFile(file, ASYMMETRIC)
    assert "PRIVATE" not in str(refused.value)
    file.write_bytes(RSA.pem)
    with pytest.raises(SettingsError, match=r"suits none of AUTH_ALGORITHMS \(ES256\)"):
        KeyFile(file, ("ES256",))


@pytest.mark.parametrize("content", [None, [], {}, {"keys": None}, {"keys": {}}])
def test_what_is_no_key_set_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match="it is no JSON Web Key Set"):
        usable_keys(content, ASYMMETRIC)


def test_keys_of_no_use_are_passed_over() -> None:
    without_algorithm = {**RSA.public, "kid": "plain"}
    del without_algorithm["alg"]
    members = [
        None,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
        {"kty": "RSA", "n": "?", "e": "AQAB", "kid": "broken"},
        {"kty": "RSA", "kid": "empty"},
        {"kty": "EC", "crv": "unheard of", "kid": "curve"},
        {**RSA.public, "kid": "other algorithm", "alg": "RS512"},
        {**RSA.public, "kid": "encryption", "use": "enc"},
        without_algorithm,
        RSA.public,
    ]
    keys = usable_keys({"keys": members}, ASYMMETRIC)
    assert {name: key.algorithm_name for name, key in keys.items()} == {
        "plain": "RS256",
        "rsa": "RS256",
    }
