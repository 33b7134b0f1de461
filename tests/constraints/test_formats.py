"""Which texts Kubernetes takes for which `format`."""

from __future__ import annotations

import pytest

from constraints import formats

FITS = [
    ("bsonobjectid", "0123456789abcdef01234567"),
    ("byte", "YWI="),
    ("cidr", "10.0.0.0/8"),
    ("cidr", "fd00::/64"),
    ("date", "2024-02-29"),
    ("date-time", "2024-02-29T10:00:00.5Z"),
    ("datetime", "2024-02-29t10:00:00+01:00"),
    ("duration", "1h2.5m"),
    ("duration", "2 days"),
    ("duration", "0"),
    ("email", "a.b@example.com"),
    ("email", "A B <a@example.com>"),
    ("email", '"a b"@example.com'),
    ("hexcolor", "#a0F"),
    ("hostname", "shop.example.com"),
    ("hostname", "web"),
    ("hostname", "bücher.example"),
    ("ipv4", "10.0.0.1"),
    ("ipv4", "010.0.0.1"),
    ("ipv6", "fe80::1"),
    ("mac", "01:23:45:67:89:ab"),
    ("mac", "0123.4567.89ab"),
    ("password", ""),
    ("rgbcolor", "rgb(0, 128,255)"),
    ("uri", "https://example.com/a?b"),
    ("uri", "/a b"),
    ("uuid", "01234567-89ab-cdef-0123-456789abcdef"),
    ("uuid4", "01234567-89ab-4def-8123-456789ABCDEF"),
    ("no-such-format", "anything"),
]
BREAKS = [
    ("bsonobjectid", "0123"),
    ("byte", "YWI"),
    ("byte", "abc"),
    ("cidr", "10.0.0.0"),
    ("cidr", "10.0.0.0/33"),
    ("date", "2024-02-30"),
    ("date", "20240229"),
    ("date-time", "2024-02-29"),
    ("date-time", "2024-02-29T24:00:00Z"),
    ("duration", "2024-01-01"),
    ("duration", ""),
    ("email", "a"),
    ("hexcolor", "#a0"),
    ("hostname", ""),
    ("hostname", "-a.example.com"),
    ("hostname", f"{'a' * 64}.com"),
    ("ipv4", "fe80::1"),
    ("ipv4", "10.0.0"),
    ("ipv6", "10.0.0.1"),
    ("ipv6", "fe80::1%eth0"),
    ("mac", "01:23:45"),
    ("mac", "01:23-45:67:89:ab"),
    ("rgbcolor", "rgb(0,0,256)"),
    ("uri", "a"),
    ("uri", ""),
    ("uuid", "0123"),
    ("uuid3", "01234567-89ab-4def-8123-456789abcdef"),
    ("uuid5", "01234567-89ab-5def-0123-456789abcdef"),
]


@pytest.mark.parametrize(("name", "text"), FITS)
def test_a_text_fits_its_format(name: str, text: str) -> None:
    assert formats.fits(name, text)


@pytest.mark.parametrize(("name", "text"), BREAKS)
def test_a_text_breaks_its_format(name: str, text: str) -> None:
    assert not formats.fits(name, text)
