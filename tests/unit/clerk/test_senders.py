"""Whose request it is, as limits count it: the connecting address, or what trusted proxies say."""

import ipaddress

import pytest
from starlette.requests import Request

from docaxis.addresses import Senders, is_loopback

PROXY = "192.0.2.1"


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request({"type": "http", "headers": headers, "client": None if peer is None else (peer, 4711)})


def senders(*networks: str) -> Senders:
    return Senders(tuple(map(ipaddress.ip_network, networks)))


@pytest.mark.parametrize(
    ("peer", "forwarded", "name"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),  # who is no proxy of ours says what it likes
        (PROXY, (), PROXY),
        (PROXY, ("198.51.100.1",), "198.51.100.1"),
        (PROXY, ("10.9.9.9, 198.51.100.1",), "198.51.100.1"),  # what the client itself wrote stands to the left
        (PROXY, ("198.51.100.1, 192.0.2.9",), "198.51.100.1"),  # through two proxies of ours
        (PROXY, ("10.9.9.9", "198.51.100.1"), "198.51.100.1"),  # two lines are one list
        (PROXY, ("192.0.2.9, 192.0.2.8",), "192.0.2.9"),
        (PROXY, ("198.51.100.1, rubbish",), PROXY),
        (PROXY, ("rubbish, 192.0.2.9",), "192.0.2.9"),
        (PROXY, ("",), PROXY),
        ("::ffff:192.0.2.1", ("198.51.100.1",), "198.51.100.1"),
        (PROXY, ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", (), "2001:db8:1:2::/64"),
        (None, ("198.51.100.1",), ""),
    ],
)
def test_the_nearest_hop_that_is_no_proxy_of_ours_counts(
    peer: str | None, forwarded: tuple[str, ...], name: str
) -> None:
    assert senders("192.0.2.0/24").of(request(peer, *forwarded)) == name


def test_without_named_proxies_nothing_forwarded_is_believed() -> None:
    assert Senders().of(request(PROXY, "198.51.100.1")) == PROXY


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("0.0.0.0", False), ("axis.example", False)],
)
def test_loopback_is_this_machine_only(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
