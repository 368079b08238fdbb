"""Certificates of one run: who does not hold its key can neither join nor talk to its scheduler.

The key lies in the run's folder, readable by its owner alone, and lives as long as the run: a
driver that is started again lets the workers of the first one in.
"""

import datetime
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from ensemble.store.folders import Folder, Foreign

if TYPE_CHECKING:
    from cryptography.x509 import KeyUsage
    from distributed.security import Security

FOLDER = "tls"
CERTIFICATE, KEY = "cert.pem", "key.pem"
VALID = datetime.timedelta(days=365)


def security(store: Folder) -> "Security":
    """Return what Dask needs to use a run's certificate, which is made where there is none.

    Raises
    ------
    Foreign
        There is a key that somebody else may have put there, or may know.
    """
    from distributed.security import Security

    folder = _folder(store)
    if not _usable(folder):
        _make(folder)
    cert, key = (str(store.path.absolute() / FOLDER / name) for name in (CERTIFICATE, KEY))
    files = {
        f"tls_{role}_{kind}": file
        for role in ("scheduler", "worker", "client")
        for kind, file in (("cert", cert), ("key", key))
    }
    # The one certificate is its own authority: who shows it is who holds the key.
    return Security(require_encryption=True, tls_ca_file=cert, **files)


def remove(store: Folder) -> None:
    """Remove a run's key: the run is over."""
    store.remove_folder(FOLDER)


def _folder(store: Folder) -> Folder:
    """Open the folder of the key, made for this user alone where there is none."""
    with suppress(FileExistsError):
        os.mkdir(FOLDER, 0o700, dir_fd=store.descriptor)
    folder = store.folder(FOLDER)
    _refuse_shared(folder, "", 0o700)
    for name in folder.names():
        _refuse_shared(folder, name, 0o600)
    return folder


def _refuse_shared(folder: Folder, name: str, most: int) -> None:
    """Refuse a key, or its folder, that is not this user's alone."""
    status = folder.status(name) if name else os.fstat(folder.descriptor)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & ~most:
        raise Foreign(
            f"{folder.path / name}: belongs to user {status.st_uid} with mode "
            f"{stat.S_IMODE(status.st_mode):04o}; needed user {os.geteuid()} and {most:04o}, as "
            "whoever knows the key could join the run; remove that folder: the run makes another"
        )


def _usable(folder: Folder) -> bool:
    """Return whether there is a key that lasts; a run may go on a year after it began."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(folder.read(CERTIFICATE))
    except (FileNotFoundError, ValueError):
        return False
    lasts = certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + VALID / 2
    return lasts and folder.exists(KEY)


def _make(folder: Folder) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "soilsweep run")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of nodes differ a little.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Python 3.13 takes no authority without these two.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    before = os.umask(0o077)
    try:
        folder.write(CERTIFICATE, certificate.public_bytes(pem), sync=True)
        folder.write(KEY, secret, sync=True)
    finally:
        os.umask(before)


def _usage() -> "KeyUsage":
    """Return what the key is for: to sign its own certificate and handshakes."""
    from cryptography.x509 import KeyUsage

    signs = {"digital_signature": True, "key_cert_sign": True}
    others = (
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return KeyUsage(**signs, **dict.fromkeys(others, False))
