"""Signing Apple's profiles by CMS: devices say *Verified* instead of *Not Signed*."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

Signer = tuple[list[x509.Certificate], EllipticCurvePrivateKey | RSAPrivateKey]


@sensitive_variables()
def sign(document: bytes) -> bytes:
    """The document with its signature around it; as it is, where none is set up."""
    found = load_signer()
    if found is None:
        return document
    (own, *others), key = found
    builder = PKCS7SignatureBuilder().set_data(document)
    builder = builder.add_signer(own, key, SHA256())
    for certificate in others:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def load_signer() -> Signer | None:
    """The certificate with those that vouch for it, and its key; None if not set.

    Raises:
        ValueError, TypeError, UnsupportedAlgorithm: they are no such things, or do not
            belong together, or the key has a passphrase.
    """
    if not (settings.PROFILE_CERTIFICATE or settings.PROFILE_KEY):
        return None
    chain = x509.load_pem_x509_certificates(settings.PROFILE_CERTIFICATE.encode())
    key = load_pem_private_key(settings.PROFILE_KEY.encode(), password=None)
    if not isinstance(key, (EllipticCurvePrivateKey, RSAPrivateKey)):
        raise TypeError("the key is neither RSA nor of an elliptic curve")
    if key.public_key() != chain[0].public_key():
        raise ValueError("the key is not the first certificate's")
    return chain, key
