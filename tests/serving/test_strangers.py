from __future__ import annotations

import pytest

from mvsnap.serving.strangers import Strangers

PAGE_S = 0.01


class Flood:
    """An address that asks for pages as fast as it is let."""

    def __init__(self, *exempt: str) -> None:
        self.now_s = 100.0
        self.strangers = Strangers(lambda text: text in exempt, lambda: self.now_s)

    def ask(self, address: str, seconds: float) -> int:
        """Return how many pages one connection gets in that time."""
        end_s, pages = self.now_s + seconds, 0
        while self.now_s < end_s:
            self.now_s += self.strangers.wait_s(address) + PAGE_S
            self.strangers.used(address, PAGE_S)
            pages += 1
        return pages


def test_a_few_pages_wait_for_nothing() -> None:
    flood = Flood()
    assert flood.ask("192.0.2.1", 0.5) == 50


def test_a_flood_gets_a_quarter_of_a_thread() -> None:
    flood = Flood()
    flood.ask("192.0.2.1", 5)
    assert flood.ask("192.0.2.1", 20) == pytest.approx(20 * 0.25 / PAGE_S, rel=0.1)
    assert flood.strangers.wait_s("192.0.2.2") == 0


def test_nobody_waits_longer_than_a_second_nor_after_it() -> None:
    flood = Flood()
    flood.strangers.used("192.0.2.1", 1000)
    assert flood.strangers.wait_s("192.0.2.1") == 1
    flood.now_s += 1
    assert flood.strangers.wait_s("192.0.2.1") == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    flood = Flood()
    flood.strangers.used("2001:db8::1", 1000)
    assert flood.strangers.wait_s("2001:db8::2") == 1
    assert flood.strangers.wait_s("2001:db8:1::2") == 0


def test_a_proxy_speaks_for_many() -> None:
    flood = Flood("192.0.2.9")
    flood.strangers.used("192.0.2.9", 1000)
    assert flood.strangers.wait_s("192.0.2.9") == 0


def test_addresses_are_forgotten() -> None:
    flood = Flood()
    for number in range(5000):
        flood.strangers.used(f"192.0.{number // 250}.{number % 250}", 1000)
    assert len(flood.strangers._even_at_s) == 1000
