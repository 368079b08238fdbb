"""Strangers at the doors of a run: who listens where, and what a port says to whom."""

import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path

import psutil
from distributed.protocol import dumps
from distributed.protocol.utils import pack_frames_prelude

from ensemble.farming import certificates
from ensemble.store.folders import Folder

WAIT = 5.0
ALERT = b"\x15\x03"
"""How a TLS record begins that says no more than why the door is shut."""


def family(pid):
    """Return a process and all its descendants."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def internet(process):
    """Return a process's internet sockets; none if it has gone."""
    with suppress(psutil.NoSuchProcess):
        return process.net_connections(kind="inet")
    return []


def listening(processes):
    """Return the addresses that processes listen on."""
    found = {c.laddr for p in processes for c in internet(p) if c.status == psutil.CONN_LISTEN}
    return sorted(tuple(address) for address in found)


def message(content):
    """Return a message as Dask's TCP carries it."""
    frames = [bytes(frame) for frame in dumps(content)]
    body = pack_frames_prelude(frames) + b"".join(frames)
    return struct.pack("Q", len(body)) + body


HELLO = message({"compression": None, "python": (3, 11, 0), "pickle-protocol": 5})
WHO = message({"op": "identity", "reply": True})


def identity(heard):
    """Return who of Dask has answered; empty for none."""
    # A scheduler also tells of its workers.
    for who in ("Scheduler", "Nanny", "Worker"):
        if b"\xa4type" + bytes([0xA0 + len(who)]) + who.encode() in heard:
            return who
    return ""


def speak(door, said):
    """Say something and return all that is answered until the other side closes or is silent."""
    heard = b""
    door.settimeout(WAIT)
    # A refusal of a certificate comes with the first read in TLS 1.3, not when connecting.
    with suppress(OSError):
        door.sendall(said)
        while more := door.recv(65536):
            heard += more
            # Who may talk is told who is there; nothing more is to be waited for.
            if identity(heard):
                break
    return heard


def plain(address, said=HELLO + WHO):
    """Talk without TLS; an alert counts as nothing said."""
    with socket.create_connection(address, timeout=WAIT) as door:
        heard = speak(door, said)
    return b"" if heard.startswith(ALERT) else heard


def encrypted(address, folder=None, said=HELLO + WHO):
    """Talk through TLS to whoever is there, with a folder's certificate or with none."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    if folder:
        trusting.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with socket.create_connection(address, timeout=WAIT) as outside:
        try:
            door = trusting.wrap_socket(outside)
        except OSError:
            return b""
        with door:
            return speak(door, said)


def stranger(folder):
    """Return the certificate and key of another run: all but the key is the same."""
    certificates.security(Folder.at(folder))
    return folder / certificates.FOLDER


def page(address, path="/"):
    """Return the status line of an answer to a web browser; empty for none."""
    asked = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    heard = plain(address, asked)
    return heard.split(b"\r\n")[0].decode() if heard.startswith(b"HTTP/") else ""


def secrets(folder):
    """Return what must be nowhere else: the lines of a key."""
    lines = (folder / "key.pem").read_text().splitlines()
    return [line.encode() for line in lines if "---" not in line] + [b"PRIVATE KEY"]


def leaks(words, folder, processes=()):
    """Return files below a folder, and processes, that show one of the words."""
    files = [f for f in Path(folder).rglob("*") if f.is_file() and f.parent.name != "tls"]
    found = [str(f) for f in files if any(word in f.read_bytes() for word in words)]
    for process in processes:
        for kind in ("environ", "cmdline"):
            with suppress(OSError):
                text = Path(f"/proc/{process.pid}/{kind}").read_bytes()
                found += [f"{kind} of {process.pid}"] * any(word in text for word in words)
    return found
