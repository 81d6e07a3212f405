"""Sign Apple's profiles by CMS, so that devices show *Verified*."""

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
    """Return the signed document; unchanged if no certificate is configured."""
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
    """Return the chain of certificates and the key; None if not configured.

    Raises:
        ValueError, TypeError, UnsupportedAlgorithm: They are invalid, do not belong
            together, or the key has a passphrase.
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
