"""Messages in and out: sendEdoc, getReceivedEdocList, getEdoc, updateStatus, getSentEdocList."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import UUID

from docaxis.directory import DirectorySnapshot
from docaxis.directory.sharing import sent_for
from docaxis.gateway.authentication import member_of
from docaxis.gateway.edxml.spooling import SpooledPacket
from docaxis.gateway.edxml.writing import delivery_packet
from docaxis.gateway.parts import Parts
from docaxis.gateway.records import UNSIGNED
from docaxis.gateway.refusals import Refused
from docaxis.gateway.vxp.asking import Asked
from docaxis.gateway.vxp.states import MessageState, read_mark, sent_state, state_of
from docaxis.storage.exchange import ReceivedMessage, SentMessage, Window
from docaxis_schemas.canonical import canonical
from docaxis_schemas.document import DocumentMetadata, EarlierDocument, Issuer
from docaxis_schemas.edxml import PacketKind, RejectedPacket, Status, write_status
from docaxis_schemas.edxml.values import write_moment
from docaxis_schemas.edxml.writer import complete
from docaxis_schemas.lifecycle import Report
from docaxis_schemas.problems import Code
from docaxis_schemas.submission import HandoverRecord, Heading, Kind

_KINDS: Final = {"edoc": "delivery", "status": "news"}


async def send(parts: Parts, asked: Asked, packet: SpooledPacket, kind: str) -> UUID:
    """Take a packet; what it is must be what the call says.

    Raises:
        Refused: By any rule.
    """
    holds = packet.examination.kind
    if (holds is PacketKind.STATUS) != (kind == "status"):
        raise Refused(
            Code.STATES_MIXED,
            f"messageType là {kind} nhưng gói tin là {'trạng thái' if holds is PacketKind.STATUS else 'văn bản'}.",
            f"messageType is {kind}, but the packet is a {holds.value if holds else 'nothing'}.",
        )
    if kind == "status":
        return (await parts.packets.take_status(asked.principal, packet, None)).action_id
    return (await parts.packets.take_document(asked.principal, packet, None)).claim.submission_id


async def received(parts: Parts, asked: Asked) -> dict[str, Any]:
    """List messages: those that are not finished, or all of the time that is asked for; ``more`` may follow."""
    window = asked.window()
    found = await parts.exchange.received(
        member_of(asked.principal),
        _KINDS[asked.kind()],
        window,
        organisations=asked.organisations,
        unfinished=window.since is None and window.until is None,
    )
    snapshot = await parts.directory.snapshot()
    listed = [_received_json(message) for message in found if _may_see(snapshot, message, asked)]
    return {"count": len(listed), "more": len(found) == window.limit, "data": listed}


def _may_see(snapshot: DirectorySnapshot, message: ReceivedMessage, asked: Asked) -> bool:
    """A report is for who sent the document: of a member's credentials only those that name its issuer.

    A recall is for its recipient, like the delivery.
    """
    if message.kind != "delivery" and _is_recall(message):
        return message.recipient in asked.organisations
    return message.kind == "delivery" or sent_for(json.loads(message.manifest), asked.principal, snapshot)


def _is_recall(message: ReceivedMessage) -> bool:
    return bool(json.loads(message.body).get("news") == "change_asked")


def _received_json(message: ReceivedMessage) -> dict[str, Any]:
    manifest = json.loads(message.manifest)
    issuer, state = manifest["document"]["issuer"]["code"], state_of(message)
    is_document = message.kind == "delivery"
    to_recipient = is_document or _is_recall(message)
    sender, receiver = (issuer, message.recipient) if to_recipient else (message.recipient, issuer)
    name = str(message.delivery_id if is_document else message.event_id)
    return {
        "docId": name,
        "id": name,
        "from": sender,
        "to": receiver,
        "serviceType": "eDoc",
        "messageType": "edoc" if is_document else "status",
        "status": state.word,
        "statusDesc": state.description,
        "status_desc": state.description,
        "createdTime": write_moment(message.at),
        "created_time": write_moment(message.at),
        "updatedTime": write_moment(message.changed_at),
        "updated_time": write_moment(message.changed_at),
    }


async def packet_of(parts: Parts, asked: Asked, *, packed: bool) -> tuple[ReceivedMessage, AsyncIterator[bytes]]:
    """Give a message as a packet, and note that it is being fetched.

    Raises:
        Refused: None of this party's.
    """
    message = await _own(parts, asked)
    member, now = member_of(asked.principal), parts.clock()
    if message.kind == "delivery":
        assert message.delivery_id is not None, "a delivery has its id"
        view = await parts.models.delivery(member, message.delivery_id)
        assert view is not None, "it was found in the same inbox"
        pieces = await delivery_packet(view, parts.contents, now, packed=packed)
    else:
        pieces = _once(_status_packet(message))
    if state_of(message) is MessageState.INITIAL:
        await parts.exchange.mark(member, asked.message(), MessageState.PROCESSING.word, now)
    return message, pieces


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _own(parts: Parts, asked: Asked) -> ReceivedMessage:
    member, name = member_of(asked.principal), asked.message()
    snapshot = await parts.directory.snapshot()
    for kind in _KINDS.values():
        found = await parts.exchange.received(
            member, kind, Window(limit=1), organisations=asked.organisations, one=name
        )
        if found and _may_see(snapshot, found[0], asked):
            return found[0]
    raise Refused(Code.NOT_FOUND)


def _status_packet(message: ReceivedMessage) -> bytes:
    """Write what a recipient reported as a packet to the document's issuer, or a recall as one to the recipient."""
    body, document = json.loads(message.body), DocumentMetadata.from_stored(json.loads(message.manifest)["document"])
    words = [body.get("reason"), body.get("note"), body.get("register_number") and f"Số đến: {body['register_number']}"]
    named = complete(document, message.at).document_id or str(message.submission_id)
    sender, receiver = message.recipient, document.issuer.code
    if _is_recall(message):
        sender, receiver = receiver, sender
    status = Status(
        issuer=Issuer(sender),
        response_for=EarlierDocument(receiver, document.display_number or None, named, document.promulgated_on),
        code=Report(body.get("code", Report.RECALL_ASKED)),
        description="; ".join(word for word in words if word) or None,
        at=message.at,
    )
    try:
        return write_status(status)
    except RejectedPacket as error:
        raise Refused(Code.EDXML_INVALID, faults=error.faults) from error


async def mark(parts: Parts, asked: Asked) -> MessageState:
    """Take what a client says of a message; ``done`` of a delivery is its hand-over, signed in the member's place.

    Raises:
        Refused: A business status, no state, or no message of this party's.
    """
    state = read_mark(asked.text("status"))
    message = await _own(parts, asked)
    member, now = member_of(asked.principal), parts.clock()
    if state is MessageState.DONE and message.kind == "delivery" and state_of(message) is not MessageState.DONE:
        assert message.delivery_id is not None, "a delivery has its id"
        own_id = f"handover:{message.delivery_id}"
        heading = Heading(Kind.HANDOVER, parts.intake.axis, parts.intake.environment, member, own_id, now)
        hashes = {item["sha256"] for item in json.loads(message.manifest)["contents"]}
        record = HandoverRecord(heading, message.delivery_id, tuple(sorted(hashes)))
        data = canonical(record.to_json())
        await parts.desk.take(
            asked.principal, Kind.HANDOVER, message.delivery_id, data, media_type=UNSIGNED, own_id=own_id
        )
    await parts.exchange.mark(member, asked.message(), state.word, now)
    return state


async def sent(parts: Parts, asked: Asked) -> dict[str, Any]:
    """List what was sent, a line for each receiver; ``more`` may follow."""
    snapshot, window = await parts.directory.snapshot(), asked.window()
    found = await parts.exchange.sent(member_of(asked.principal), window)
    seen = [
        message
        for message in found
        if asked.organisations is None or sent_for(json.loads(message.manifest), asked.principal, snapshot)
    ]
    return {"count": len(seen), "more": len(found) == window.limit, "data": [_sent_json(message) for message in seen]}


def _sent_json(message: SentMessage) -> dict[str, Any]:
    document, state = json.loads(message.manifest)["document"], sent_state(message)
    at = message.changed_at or message.received_at
    return {
        "senderDocId": str(message.submission_id),
        "receiverDocId": None if message.delivery_id is None else str(message.delivery_id),
        "fromCode": document["issuer"]["code"],
        "toCode": message.recipient,
        "serviceType": "eDoc",
        "messageType": "edoc",
        "sendStatus": MessageState.DONE.word,
        "sendStatusDesc": MessageState.DONE.description,
        "receiveStatus": state.word,
        "receiveStatusDesc": state.description,
        "businessStatus": message.report,
        "createdTime": write_moment(message.received_at),
        "updatedTime": write_moment(at),
    }


async def edoc_json(
    message: ReceivedMessage, packet: AsyncIterator[bytes], head: Mapping[str, Any]
) -> AsyncIterator[str]:
    """Give a packet as the provincial interface does: as text in JSON, written as it is read, never held whole."""
    document = json.loads(message.manifest)["document"]
    data = _received_json(message) | {
        "edocCode": "/".join(document[name] for name in ("number", "notation") if document.get(name)),
        "edocAbstract": document["subject"],
        "fromName": document["issuer"].get("name", ""),
    }
    yield json.dumps(dict(head), ensure_ascii=False)[:-1] + ', "data": '
    yield json.dumps(data, ensure_ascii=False)[:-1] + ', "edxml": "'
    async for piece in packet:  # every piece ends where a character does
        yield json.dumps(piece.decode(), ensure_ascii=False)[1:-1]
    yield '"}}'
