"""Algorithms: weak ones, and names that contradict what was done. Integrity is answered whatever the algorithm is."""

from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from docaxis_signing.verdict import Cause, Indication, Integrity
from pdfcases.case import Case, Group, Sample, attack
from pdfcases.cms import HONEST, Form, Key, Pss, sign_bytes, signed_anew
from pdfcases.pages import plain
from pdfcases.scene import Scene
from pdfcases.witnesses import fact, signed_data, signer_certificate, signer_info

OPEN = Indication.INDETERMINATE
INTACT = Integrity.INTACT


def _digest(name: str) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.rsa_holder(), form=replace(HONEST, digest=name)))

    build.__name__, build.__doc__ = f"digest_{name}", f"The document is hashed with {name.upper()}."
    witness = fact(
        f"the digest is {name}",
        lambda sample: signer_info(sample.data)["digest_algorithm"]["algorithm"].native == name,
    )
    return attack(
        Group.ALGORITHMS,
        witness,
        Cause.WEAK_ALGORITHM,
        integrity=INTACT,
        indication=OPEN,
        rule="strong-algorithms",
        behind=("demands",),
    )(build)


DIGESTS = (_digest("md5"), _digest("sha1"))


def _key(name: str, about: str, key: Callable[[], Key], rule: str, *behind: str) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.holder(key=key())))

    build.__name__, build.__doc__ = name, about
    witness = fact(about, lambda sample: _weak(signer_certificate(sample.data).public_key()))
    return attack(
        Group.ALGORITHMS,
        witness,
        Cause.WEAK_ALGORITHM,
        integrity=INTACT,
        indication=OPEN,
        rule=rule,
        behind=behind,
    )(build)


def _weak(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < 2048 or key.public_numbers().e < 65_537
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < 256


KEYS = (
    _key(
        "rsa_1024",
        "The key is RSA with 1024 bits.",
        lambda: rsa.generate_private_key(65_537, 1024),
        "strong-algorithms",
        "demands",
    ),
    _key("rsa_exponent_3", "The public exponent is 3.", lambda: rsa.generate_private_key(3, 2048), "large-exponent"),
    _key(
        "curve_p_192", "The curve is P-192.", lambda: ec.generate_private_key(ec.SECP192R1()), "large-curve", "demands"
    ),
    _key(
        "curve_p_224", "The curve is P-224.", lambda: ec.generate_private_key(ec.SECP224R1()), "large-curve", "demands"
    ),
)


def _pss(name: str, about: str, pss: Pss, *causes: Cause, integrity: Integrity, rule: str = "") -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.rsa_holder(), form=replace(HONEST, pss=pss)))

    build.__name__, build.__doc__ = name, about
    witness = fact(
        "PSS with other hashes than the digest",
        lambda sample: {"sha1", "sha384", "sha512"} & _hashes_of_pss(sample) != set(),
    )
    indication = OPEN if integrity is INTACT else Indication.TOTAL_FAILED
    return attack(Group.ALGORITHMS, witness, *causes, integrity=integrity, indication=indication, rule=rule)(build)


def _hashes_of_pss(sample: Sample) -> set[str]:
    parameters = signer_info(sample.data)["signature_algorithm"]["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    return {parameters["hash_algorithm"]["algorithm"].native, mask}


PSS = (
    _pss(
        "pss_mask_of_sha1",
        "The mask of the padding is made with SHA-1.",
        Pss(mask="sha1"),
        Cause.WEAK_ALGORITHM,
        integrity=INTACT,
        rule="one-hash-in-pss",
    ),
    _pss(
        "pss_mask_of_another_hash",
        "The mask of the padding is made with another hash than the signature.",
        Pss(mask="sha512"),
        Cause.WEAK_ALGORITHM,
        integrity=INTACT,
        rule="one-hash-in-pss",
    ),
    _pss(
        "pss_hash_of_another_name",
        "The parameters name another hash than was used.",
        Pss(digest="sha384", done="sha256"),
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
    ),
)


def _named(name: str, about: str, form: Form, *causes: Cause, integrity: Integrity, indication: Indication) -> Case:
    def build(scene: Scene) -> Sample:
        return Sample(scene.sign(plain(), who=scene.rsa_holder(), form=form))

    build.__name__, build.__doc__ = name, about
    witness = fact(
        "the names of digest and signature differ",
        lambda sample: (
            signer_info(sample.data)["digest_algorithm"]["algorithm"].native
            not in signer_info(sample.data)["signature_algorithm"]["algorithm"].native
        ),
    )
    return attack(Group.ALGORITHMS, witness, *causes, integrity=integrity, indication=indication)(build)


NAMES = (
    _named(
        "signature_with_sha1",
        "The document is hashed with SHA-256, the attributes are signed with SHA-1.",
        replace(HONEST, hash_signed="sha1"),
        Cause.WEAK_ALGORITHM,
        integrity=INTACT,
        indication=OPEN,
    ),
    _named(
        "signature_named_otherwise",
        "The signature names SHA-512 and was made with SHA-256.",
        replace(HONEST, algorithm="sha512_rsa"),
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
        indication=Indication.TOTAL_FAILED,
    ),
    _named(
        "signature_of_an_unknown_algorithm",
        "The signature names an algorithm that nobody knows.",
        replace(HONEST, algorithm="1.2.3.4.5"),
        Cause.BROKEN,
        Cause.WEAK_ALGORITHM,
        Cause.UNSUPPORTED,
        integrity=Integrity.BROKEN,
        indication=Indication.TOTAL_FAILED,
    ),
    _named(
        "ecdsa_named_on_an_rsa_key",
        "The signature names ECDSA though the key is RSA.",
        replace(HONEST, algorithm="sha384_ecdsa"),
        Cause.BROKEN,
        integrity=Integrity.BROKEN,
        indication=Indication.TOTAL_FAILED,
    ),
)


@attack(
    Group.ALGORITHMS,
    fact(
        "the modulus is negative",
        lambda sample: (
            signed_data(sample.data)["certificates"][0].chosen.public_key["public_key"].parsed["modulus"].native < 0
        ),
    ),
    Cause.BROKEN,
    integrity=Integrity.BROKEN,
)
def negative_modulus(scene: Scene) -> Sample:
    """The signer's certificate has a negative modulus, which makes libraries raise."""
    holder = scene.rsa_holder()
    modulus = holder.certificate.public_key().public_numbers().n.to_bytes(257)  # type: ignore[union-attr]

    def made(covered: bytes) -> bytes:
        der = sign_bytes(covered, holder)
        return der.replace(modulus, b"\xff" + modulus[1:])

    return Sample(scene.sign(plain(), cms_of=made))


@attack(
    Group.ALGORITHMS,
    fact(
        "the certificate is signed with SHA-1",
        lambda sample: isinstance(signer_certificate(sample.data).signature_hash_algorithm, hashes.SHA1),
    ),
    Cause.WEAK_ALGORITHM,
    integrity=INTACT,
    indication=OPEN,
)
def certificate_signed_with_sha1(scene: Scene) -> Sample:
    """The authority signed the signer's certificate with SHA-1."""
    holder = scene.holder()
    authority = scene.authorities.authorities["gov-local"].private_key
    return Sample(
        scene.sign(plain(), who=replace(holder, certificate=signed_anew(holder.certificate, authority, "sha1")))
    )


@attack(
    Group.ALGORITHMS,
    fact("the time-stamp covers a SHA-1 imprint", lambda sample: _imprint(sample) == "sha1"),
    Cause.WEAK_ALGORITHM,
    Cause.TIMESTAMP_INVALID,
    integrity=INTACT,
    indication=OPEN,
)
def time_stamp_over_sha1(scene: Scene) -> Sample:
    """The time-stamp covers a SHA-1 hash of the signature."""
    form = replace(HONEST, stamps=(scene.token(digest="sha1"),))
    return Sample(scene.sign(plain(), form=form))


def _imprint(sample: Sample) -> str:
    token = signer_info(sample.data)["unsigned_attrs"][0]["values"][0]["content"]["encap_content_info"][
        "content"
    ].parsed
    found: str = token["message_imprint"]["hash_algorithm"]["algorithm"].native
    return found
