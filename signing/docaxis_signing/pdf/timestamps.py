"""The time-stamp client for signing: RFC 3161 over HTTP with a time limit, its failures told as our own."""

from datetime import timedelta

from asn1crypto import cms
from pyhanko.sign.timestamps import HTTPTimeStamper

from docaxis_signing.signing_errors import UnavailableTimestamp

TIME_LIMIT = timedelta(seconds=10)


class TimestampClient(HTTPTimeStamper):
    """Asks one authority for tokens and checks that each is over the bytes that were asked for."""

    def __init__(self, url: str, *, time_limit: timedelta = TIME_LIMIT) -> None:
        super().__init__(url, timeout=time_limit.total_seconds())

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Give a token.

        Raises:
            UnavailableTimestamp: No answer in time, a refusal, or an answer that is no token over this digest.
        """
        try:
            token = await super().async_timestamp(message_digest, md_algorithm)
            imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
            answered = (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native)
        # AttributeError: pyHanko stumbles over its own message about a nonce; ValueError: a refusal has no token
        except (OSError, TimeoutError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnavailableTimestamp(
                "timestamp",
                "Không nhận được dấu thời gian từ dịch vụ cấp dấu thời gian.",
                "The time-stamping authority gave no usable token.",
            ) from error
        if answered != (md_algorithm, message_digest):
            raise UnavailableTimestamp(
                "timestamp-mismatch",
                "Dấu thời gian nhận được không phải cho văn bản này.",
                "The token received is over other bytes than these.",
            )
        return token
