"""Throw-away authorities and certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key."""

    x509: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def certificate(self) -> bytes:
        """In PEM form."""
        return self.x509.public_bytes(serialization.Encoding.PEM)

    @property
    def key(self) -> bytes:
        """In PEM form, without a password."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Write both into files; their paths."""
        paths = directory / f"{name}.crt", directory / f"{name}.key"
        paths[0].write_bytes(self.certificate)
        paths[1].write_bytes(self.key)
        return paths

    def write_store(self, path: Path, password: str) -> None:
        """Write both as PKCS #12, which Java reads."""
        secret = serialization.BestAvailableEncryption(password.encode())
        path.write_bytes(
            pkcs12.serialize_key_and_certificates(b"own", self.private_key, self.x509, None, secret)
        )


class Authority:
    """Issues certificates that are valid for a day."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        built = self._builder(self._name, self._key).add_extension(constraint, critical=True)
        self._own = built.sign(self._key, hashes.SHA256())

    @property
    def certificate(self) -> bytes:
        """The authority's own, in PEM form."""
        return self._own.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, *addresses: str, is_expired: bool = False) -> Certificate:
        """A certificate for a client, or for a server at these addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = self._builder(subject, key, is_expired=is_expired)
        if addresses:
            names = [x509.IPAddress(ip_address(address)) for address in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return Certificate(builder.sign(self._key, hashes.SHA256()), key)

    def write_trust(self, path: Path, password: str) -> None:
        """Write the authority's certificate as a trust store for Java."""
        secret = serialization.BestAvailableEncryption(password.encode())
        trusted = [pkcs12.PKCS12Certificate(self._own, b"authority")]
        path.write_bytes(pkcs12.serialize_java_truststore(trusted, secret))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_expired: bool = False
    ) -> x509.CertificateBuilder:
        end = datetime.now(UTC) + timedelta(days=-1 if is_expired else 1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=2))
            .not_valid_after(end)
        )
