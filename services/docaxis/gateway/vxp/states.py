"""Transport states of a message: what the field calls them, and how they come from what the axis knows.

INITIAL, PROCESSING and then DONE or FAIL say how a message travels to its receiver's software. They are no status of
the document: codes 01 to 16 are packets of their own.
"""

import re
from enum import Enum, unique
from typing import Final

from docaxis.gateway.refusals import Refused
from docaxis.storage.exchange import ReceivedMessage, SentMessage
from docaxis_schemas.lifecycle import TransportState
from docaxis_schemas.problems import Code


@unique
class MessageState(Enum):
    """A state and its name for people."""

    INITIAL = "initial", "Chờ nhận"
    PROCESSING = "processing", "Đang nhận"
    DONE = "done", "Đã nhận"
    FAIL = "fail", "Lỗi"

    @property
    def description(self) -> str:
        return self.value[1]

    @property
    def word(self) -> str:
        return self.value[0]


_MARKS: Final = {state.word: state for state in MessageState if state is not MessageState.INITIAL}
_BUSINESS: Final = re.compile(r"\d{1,2}")
_ENDED_BADLY: Final = {state.value for state in TransportState} - {"consigned", "handed_over"}


def read_mark(text: str) -> MessageState:
    """Read what a client says of a message.

    Raises:
        Refused: It is a business status, or no state at all.
    """
    word = text.strip().lower()
    if state := _MARKS.get(word):
        return state
    if _BUSINESS.fullmatch(word):
        raise Refused(
            Code.STATES_MIXED,
            f"'{word}' là trạng thái xử lý văn bản, không phải trạng thái truyền nhận.",
            f"'{word}' is a business status, no transport state.",
        )
    raise Refused(
        Code.MALFORMED_REQUEST, "status là processing, done hoặc fail.", "status is processing, done or fail."
    )


def state_of(message: ReceivedMessage) -> MessageState:
    """Give the state of a message for its receiver; a hand-over, however it came, is DONE."""
    if message.transport == TransportState.HANDED_OVER and message.kind == "delivery":
        return MessageState.DONE
    return _MARKS.get(message.marked or "", MessageState.INITIAL)


def sent_state(message: SentMessage) -> MessageState:
    """Give the state of a sent message: not yet in the receiver's inbox, there, taken, or ended badly."""
    if message.state in _ENDED_BADLY:
        return MessageState.FAIL
    if message.state == TransportState.HANDED_OVER:
        return MessageState.DONE
    return MessageState.PROCESSING if message.state == TransportState.CONSIGNED else MessageState.INITIAL
