"""Astra's secure connect bundle, looked through before the driver is given it.

The driver says of a bundle that it cannot use little more than that: not which member is missing,
or that two of them do not belong together.
"""

from __future__ import annotations

import json
import ssl
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

MEMBERS = ("config.json", "ca.crt", "cert", "key")  # those that the driver reads
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
HANDSHAKE_TURNS = 5
AGAIN = "download it again (`astra db download-scb`) and check ASTRA_DB_SECURE_BUNDLE_PATH."


class BundleError(Exception):
    """The bundle cannot be used. The message names the setting and the remedy."""


def read_bundle(path: Path) -> ssl.SSLContext:
    """See that a file is a bundle with all that the driver needs of it.

    Returns:
        What knows Astra by the bundle's authority and shows the bundle's certificate.

    Raises:
        BundleError: it is not.
    """
    try:
        with ZipFile(path) as bundle:
            present = {name: bundle.read(name) for name in MEMBERS if name in bundle.namelist()}
    except FileNotFoundError:
        raise BundleError(f"there is no file {path}: check ASTRA_DB_SECURE_BUNDLE_PATH.") from None
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read ({error.strerror}): check ASTRA_DB_SECURE_BUNDLE_PATH and the "
            "file's permissions."
        ) from None
    except (BadZipFile, EOFError, zlib.error):
        raise BundleError(f"{path} is not a whole zip file: {AGAIN}") from None
    if not present:
        raise BundleError(f"{path} is a zip file but no secure connect bundle: {AGAIN}")
    for name in MEMBERS:
        if name not in present:
            raise BundleError(f"{path} lacks {name}, which every bundle has: {AGAIN}")
    _check_config(path, present["config.json"])
    return _context(path, present)


def _check_config(path: Path, text: bytes) -> None:
    try:
        config = json.loads(text)
        complete = bool(config["host"]) and 0 < int(config["port"]) < 2**16
    except (ValueError, TypeError, KeyError):
        complete = False
    if not complete:
        raise BundleError(f"config.json in {path} does not name a host and a port: {AGAIN}")


def _context(path: Path, members: dict[str, bytes]) -> ssl.SSLContext:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ours.check_hostname = False  # nodes are asked for by their ids, which no certificate names
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.verify_mode = ssl.CERT_REQUIRED
    for context in (ours, theirs):
        _load(context, path, members)
    if _has_expired(ours, theirs):
        raise BundleError(f"the certificates in {path} have expired: {AGAIN}")
    return ours


def _load(context: ssl.SSLContext, path: Path, members: dict[str, bytes]) -> None:
    try:
        context.load_verify_locations(cadata=members["ca.crt"].decode())
    except (ssl.SSLError, ValueError):
        raise BundleError(f"ca.crt in {path} is no certificate: {AGAIN}") from None
    with TemporaryDirectory() as directory:
        for name in ("cert", "key"):
            (Path(directory) / name).write_bytes(members[name])
        try:
            context.load_cert_chain(Path(directory) / "cert", Path(directory) / "key")
        except ssl.SSLError as error:
            belong = "do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else None
            raise BundleError(
                f"cert and key in {path} {belong or 'are not a certificate and its key'}: {AGAIN}"
            ) from None


def _has_expired(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> bool:
    """Whether a server with the same authority would find our certificate expired.

    The standard library tells no certificate's dates, so such a server is asked, in memory. What
    else it may complain of is for the real one to say.
    """
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        ours.wrap_bio(back, there, server_hostname="any"),
        theirs.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(HANDSHAKE_TURNS):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_code == EXPIRED
            except ssl.SSLError:
                return False
    return False
