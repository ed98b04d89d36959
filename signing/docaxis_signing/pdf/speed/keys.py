"""Public keys that verified a signature, kept ready with their algorithm for the next one of the same signer.

Loading a key and reading the parameters of its algorithm take several times what the verification itself takes. Every
signature is verified all the same; what is kept says only how, and depends on nothing but the bytes of key and
algorithm. A key of which nothing was verified yet, and whatever is not plain, is pyHanko's to load.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyhanko_certvalidator import sig_validate, util

from docaxis_signing.patching import Patch, Pin
from docaxis_signing.pdf.speed.memory import Memory

KEPT: Final = 4096
"""Keys of signers of one busy hour; a loaded RSA key takes about 2 kB."""

Stock = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A loaded key with what its `verify` is given beside signature and data."""

    key: Any
    how: tuple[Any, ...]


class ReadyKeys:
    """Keys by their bytes and those of the algorithm that they are used with."""

    def __init__(self) -> None:
        self._ready: Memory[Hashable, _Ready] = Memory(KEPT)

    def __len__(self) -> int:
        return len(self._ready)

    def clear(self) -> None:
        """Forget all."""
        self._ready.clear()

    def patches(self) -> tuple[Patch, ...]:
        """Make the replacements."""
        return (Patch(Pin(sig_validate, "_validate_raw"), self._verify),)

    def _verify(self, stock: Stock) -> Stock:
        def _validate_raw(
            signature: bytes,
            signed_data: bytes,
            public_key_info: Any,
            signature_algorithm: Any,
            context: Any = sig_validate.DEFAULT_VALIDATION_CONTEXT,
        ) -> None:
            key = public_key_info.dump(), signature_algorithm.dump()
            ready = None if context.prehashed else self._ready.get(key)
            if ready is not None:
                ready.key.verify(signature, signed_data, *ready.how)
                return
            stock(signature, signed_data, public_key_info, signature_algorithm, context)
            made = None if context.prehashed else _made_ready(public_key_info, signature_algorithm)
            if made is not None:
                self._ready.put(key, made)

        return _validate_raw


def _made_ready(public_key_info: Any, algorithm: Any) -> _Ready | None:
    """Do once more what verifying a signature did; None where it is not done from key and algorithm alone."""
    if public_key_info.algorithm == "rsassa_pss":
        return None
    try:
        kind, digest = algorithm.signature_algo, algorithm.hash_algo
    except ValueError:  # the algorithm does not name its digest: it comes from elsewhere
        return None
    how: Any
    if kind == "rsassa_pkcs1v15":
        how = padding.PKCS1v15(), util.get_pyca_cryptography_hash(digest)
    elif kind == "rsassa_pss":
        how = util.process_pss_params(algorithm["parameters"])
    elif kind == "ecdsa":
        how = (ec.ECDSA(util.get_pyca_cryptography_hash(digest)),)
    else:
        return None
    return _Ready(load_der_public_key(public_key_info.dump()), how)


RELIED_ON: Final = (
    Pin(util, "get_pyca_cryptography_hash"),
    Pin(util, "get_pyca_cryptography_hash_for_signing"),
    Pin(util, "process_pss_params"),
)
