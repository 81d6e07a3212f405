"""The signature around Apple's profiles, and what is said of a wrong set-up."""

import plistlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from pytest_django import Settings

from accounts import sites
from accounts.models import Account
from clientpasswords.setup import profiles, signing
from mailportal.checks.sites import profiles_can_be_signed

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
AUTHORITY = ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certificate(key: CertificateIssuerPrivateKeyTypes, name: str = "portal") -> str:
    """Of this key, in PEM, vouched for by an authority of the tests."""
    now = datetime.now(tz=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(name == "authority", None), critical=True)
    )
    signed = builder.sign(AUTHORITY, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def pem(
    key: CertificateIssuerPrivateKeyTypes,
    protection: KeySerializationEncryption | None = None,
) -> str:
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, protection or NoEncryption()
    ).decode()


def verified(document: bytes, folder: Path) -> bytes:
    """What openssl finds inside, once it has verified the chain up to the authority."""
    authority = folder / "authority.pem"
    authority.write_text(certificate(AUTHORITY, "authority"))
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-purpose", "any"]
    done = subprocess.run(
        [*command, "-CAfile", authority],
        input=document,
        capture_output=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("key", [EC, RSA], ids=["ec", "rsa"])
def test_a_profile_is_signed_so_that_openssl_verifies_it(
    settings: Settings,
    alice: Account,
    tmp_path: Path,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    ways = sites.choose_servers(sites.get_own_site().servers)
    assert ways is not None
    plain = profiles.build_profile(alice, "secret", ways, host="portal.example")
    settings.PROFILE_CERTIFICATE = certificate(key) + certificate(
        AUTHORITY, "authority"
    )
    settings.PROFILE_KEY = pem(key)

    signed = profiles.build_profile(alice, "secret", ways, host="portal.example")

    assert plistlib.loads(plain)["PayloadType"] == "Configuration"
    assert signed != plain
    assert verified(signed, tmp_path) == plain
    assert profiles_can_be_signed() == []


def test_the_certificates_that_vouch_for_ours_come_along(settings: Settings) -> None:
    settings.PROFILE_KEY = pem(EC)
    settings.PROFILE_CERTIFICATE = certificate(EC)
    alone = signing.sign(b"x")

    settings.PROFILE_CERTIFICATE += certificate(AUTHORITY, "authority")

    assert len(signing.sign(b"x")) > len(alone) + 200


def test_without_a_certificate_nothing_is_signed() -> None:
    assert signing.sign(b"<plist/>") == b"<plist/>"
    assert profiles_can_be_signed() == []


@pytest.mark.parametrize(
    ("chain", "key"),
    [
        (certificate(EC), ""),
        ("", pem(EC)),
        (certificate(EC), pem(RSA)),
        (certificate(ED25519), pem(ED25519)),
        (certificate(EC), "nonsense"),
        ("nonsense", pem(EC)),
        (certificate(EC), pem(EC, BestAvailableEncryption(b"passphrase"))),
    ],
)
def test_what_cannot_sign_is_found_before_the_portal_starts(
    settings: Settings, chain: str, key: str
) -> None:
    settings.PROFILE_CERTIFICATE, settings.PROFILE_KEY = chain, key

    (found,) = profiles_can_be_signed()

    assert found.id == "mailportal.E011"
    assert "PROFILE_CERTIFICATE" in found.msg
    assert "PRIVATE KEY" not in found.msg
