"""One public key out of a file, for where no provider publishes its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from graphql_api.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class KeyFile:
    """The key of a file; every token must be signed with it.

    Args:
        algorithms: those taken here; the first that suits the key is the key's.

    Raises:
        SettingsError: the file holds no public key, or one that suits no algorithm.
    """

    def __init__(self, path: Path, algorithms: tuple[str, ...]) -> None:
        self._key = _key(path, algorithms)

    async def find(self, _key_id: str | None) -> jwt.PyJWK:
        """The key, whatever its id."""
        return self._key


def _key(path: Path, algorithms: tuple[str, ...]) -> jwt.PyJWK:
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"AUTH_PUBLIC_KEY_FILE: {path} cannot be read ({error.strerror})."
        ) from error
    except ValueError:
        raise SettingsError(
            f"AUTH_PUBLIC_KEY_FILE: {path} is no public key in PEM (BEGIN PUBLIC KEY)."
        ) from None
    family, jwk = _as_jwk(key)
    algorithm = next((each for each in algorithms if each in family), None)
    if algorithm is None:
        raise SettingsError(
            f"AUTH_PUBLIC_KEY_FILE: the key of {path} suits none of AUTH_ALGORITHMS "
            f"({', '.join(algorithms)})."
        )
    return jwt.PyJWK(jwk, algorithm)


def _as_jwk(key: object) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The algorithms that a key is for, and the key as a JSON Web Key."""
    if isinstance(key, RSAPublicKey):
        return ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSAAlgorithm.to_jwk(
            key, as_dict=True
        )
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return (_CURVES[key.curve.name],), ECAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, Ed25519PublicKey):
        return ("EdDSA",), OKPAlgorithm.to_jwk(key, as_dict=True)
    return (), {}
