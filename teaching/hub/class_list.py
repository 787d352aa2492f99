"""A class's names and passwords: a file that the hub reads, and slips to hand out.

    python teaching/hub/class_list.py FILE NAME [NAME ...]

gives each name a new password, prints it once and keeps only what checks it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
from pathlib import Path

from jupyterhub.auth import Authenticator
from seat_folders import NAME
from traitlets import Unicode

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another one
WORK = {"n": 2**14, "r": 8, "p": 1}  # of scrypt: some 50 ms and 16 MB for each try


class ClassListAuthenticator(Authenticator):
    """Lets in who stands in a class's list with the right password."""

    list_file = Unicode(help="The file that class_list.py wrote.").tag(config=True)

    async def authenticate(self, handler, data):
        """The name, or None if name and password do not fit."""
        name, password = data["username"], data["password"]
        right = await asyncio.to_thread(fits, Path(self.list_file), name, password)
        return name if right else None


def fits(path: Path, name: str, password: str) -> bool:
    """Whether a password is that of a name in the list; as slow for a name that is not there."""
    salt, kept = read_list(path).get(name, ("00", "00"))
    return secrets.compare_digest(digest(password, salt), kept)


def read_list(path: Path) -> dict[str, tuple[str, str]]:
    """Each name with the salt and the digest of its password."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: (salt, kept) for name, salt, kept in map(str.split, lines)}


def digest(password: str, salt: str) -> str:
    """What is kept of a password."""
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **WORK).hex()


def add(path: Path, names: list[str]) -> dict[str, str]:
    """Give each name a new password and write the list; other names stay as they are."""
    known = read_list(path) if path.exists() else {}
    passwords = {}
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a seat: small letters, digits, - and _")
        passwords[name] = "".join(secrets.choice(LETTERS) for _ in range(12))
        salt = secrets.token_hex(16)
        known[name] = (salt, digest(passwords[name], salt))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{name} {salt} {kept}\n" for name, (salt, kept) in sorted(known.items()))
    partial.replace(path)
    return passwords


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        for name, password in add(Path(sys.argv[1]), sys.argv[2:]).items():
            print(f"{name:24} {password}")
    except ValueError as error:
        sys.exit(f"class_list: {error}")
