"""Certificates of one run: who does not hold its key can neither join nor talk to its scheduler.

The key lies in the run's folder, readable by its owner alone, and lives as long as the run: a
driver that is started again lets the workers of the first one in.
"""

import datetime
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble.chunks import write_file

if TYPE_CHECKING:
    from cryptography.x509 import KeyUsage
    from distributed.security import Security

FOLDER = "tls"
VALID = datetime.timedelta(days=365)


def security(store: Path) -> "Security":
    """Return what Dask needs to use a run's certificate, which is made where there is none."""
    from distributed.security import Security

    folder = store / FOLDER
    if not _usable(folder):
        _make(folder)
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    files = {
        f"tls_{role}_{kind}": file
        for role in ("scheduler", "worker", "client")
        for kind, file in (("cert", cert), ("key", key))
    }
    # The one certificate is its own authority: who shows it is who holds the key.
    return Security(require_encryption=True, tls_ca_file=cert, **files)


def remove(store: Path) -> None:
    """Remove a run's key: the run is over."""
    shutil.rmtree(store / FOLDER, ignore_errors=True)


def _usable(folder: Path) -> bool:
    """Return whether there is a key that lasts; a run may go on a year after it began."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    lasts = certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + VALID / 2
    return lasts and (folder / "key.pem").exists()


def _make(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder.mkdir(mode=0o700, exist_ok=True)
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
        write_file(folder / "cert.pem", certificate.public_bytes(pem), sync=True)
        write_file(folder / "key.pem", secret, sync=True)
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
