"""Files with content credentials, signed by a certificate that is made for the test."""

import datetime
import json
from functools import cache
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CREATED: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": GENERATED}
EDITED: dict[str, Any] = {"action": "c2pa.edited", "description": "Logo removed", "softwareAgent": "Painter 3"}


def signed(source: Path, target: Path, *actions: dict[str, Any], made_from: Path | None = None, url: str = "") -> Path:
    """Sign a file, with the actions that are said to have been done to it; with ``url``, only that goes into it."""
    manifest = {
        "claim_generator_info": [{"name": "test desk", "version": "1"}],
        "title": target.name,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}] if actions else [],
    }
    with c2pa.Builder(manifest) as builder:
        if made_from is not None:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            with made_from.open("rb") as file:
                builder.add_ingredient(
                    json.dumps({"title": made_from.name, "relationship": "parentOf"}), "image/jpeg", file
                )
        if url:
            builder.set_no_embed()
            builder.set_remote_url(url)
        builder.sign_file(str(source), str(target), _signer())
    return target


def _signer() -> c2pa.Signer:
    chain, key = _certificate()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None))


@cache
def _certificate() -> tuple[bytes, bytes]:
    """Return a certificate with the one that it is signed by, and its key, as PEM."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Newsroom"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        for name in ("root", "signer")
    ]
    made = [_made(names, keys, number) for number in (1, 0)]
    pem = serialization.Encoding.PEM
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return b"".join(one.public_bytes(pem) for one in made), key


def _made(names: list[x509.Name], keys: list[ec.EllipticCurvePrivateKey], number: int) -> x509.Certificate:
    root = number == 0
    now = datetime.datetime.now(datetime.UTC)
    public = keys[number].public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[number])
        .issuer_name(names[0])
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, root, root, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
    )
    if not root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(keys[0], hashes.SHA256())
