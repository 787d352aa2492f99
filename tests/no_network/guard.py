"""Refuse every network address but this machine's own, before anything is sent."""

from __future__ import annotations

import ipaddress
import socket


class NetworkCutError(RuntimeError):
    """Not an OSError: a program that shrugs off a missing network must fail here."""


def install(*names: str) -> None:
    """Put the guard around these functions of `socket.socket` or, failing that, of `socket`."""
    for name in names:
        owner, check = (socket.socket, _refuse_peer) if name in _PEER else (socket, _refuse_lookup)
        setattr(owner, name, _guarded(getattr(owner, name), check))


_PEER = ("connect", "connect_ex", "sendto")
ALL = (*_PEER, "getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")


def _guarded(true, check):
    def call(*arguments, **named):
        check(*arguments, **named)
        return true(*arguments, **named)

    return call


def _refuse_peer(sock, *arguments) -> None:
    address = arguments[-1]  # sendto has the data, and perhaps flags, before it
    if isinstance(address, tuple) and not _is_here(address[0]):
        raise NetworkCutError(f"the tests run without a network, so {address[0]} is refused")


def _refuse_lookup(host=None, *_, **__) -> None:
    # An address in figures is looked up nowhere.
    if host and not _is_here(host) and _figures(host) is None:
        raise NetworkCutError(f"the tests run without a network, so the name {host} is refused")


def _is_here(host) -> bool:
    address = _figures(host)
    if address is None:
        return host in ("localhost", b"localhost", "")
    return address.is_loopback or address.is_unspecified


def _figures(host):
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
