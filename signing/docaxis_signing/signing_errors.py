"""Errors of signing, each with a stable code and a sentence in Vietnamese and in English."""


class SigningError(Exception):
    """Root of everything that stops a signature from being made."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.vi = vi
        self.en = en


class RejectedKey(SigningError):
    """The key URI, the key file or the passphrase is bad."""


class RejectedCertificate(SigningError):
    """The signer's certificate must not be used to sign now."""


class RejectedRequest(SigningError):
    """The document or what was asked for it cannot be signed that way."""


class UnavailableKey(SigningError):
    """The token or key file could not be reached; trying again may help."""


class UnavailableTimestamp(SigningError):
    """The time-stamping authority gave no usable token in time; trying again may help."""
