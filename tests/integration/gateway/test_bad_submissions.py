"""Everything that can be wrong with what is handed in: a clear answer in both languages, and nothing taken."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert

from docaxis.storage.tables.decisions import natural_keys
from docaxis.storage.tables.intake import claims
from docaxis_schemas.canonical import canonical
from docaxis_schemas.digests import document_digest
from docaxis_schemas.document import DocumentMetadata
from docaxis_schemas.moments import to_text
from docaxis_schemas.natural_key import natural_key, write_document_id
from docaxis_schemas.problems import PROBLEMS, Code
from docaxis_schemas.submission import FileRole, Kind, read_manifest
from docaxis_signing.statements import MemberSigner

World = Any
SENDER, RECIPIENT, OTHER, SUSPENDED = "so-noi-vu", "bo-mau", "xa-mot", "xa-tam-dung"
PDF = "application/pdf"


def assert_problem(response: httpx.Response, code: Code, status: int | None = None) -> dict[str, Any]:
    """Assert a problem as RFC 9457 and the table of problems want it, with text in both languages."""
    value: dict[str, Any] = response.json()
    assert value["code"] == code, value
    assert response.status_code == value["status"] == (status or PROBLEMS[code].status)
    assert response.headers["content-type"] == "application/problem+json"
    for name in ("title", "title_vi", "detail", "detail_vi", "action", "action_vi"):
        assert value[name], name
    assert value["title_vi"] != value["title"]
    for secret in ("Traceback", "sqlalchemy", "asyncpg", "/contents/", "dax_"):
        assert secret not in response.text
    return value


async def refused(world: World, response: httpx.Response, code: Code, status: int | None = None) -> dict[str, Any]:
    value = assert_problem(response, code, status)
    await world.nothing_was_taken()
    return value


# --- metadata ---------------------------------------------------------------------------------------------------------


async def test_every_fault_of_the_metadata_is_listed_at_once(world: World) -> None:
    document = {"issuer": {"code": "??"}, "type": "no such type", "promulgated_on": "2999-01-01", "strange": 1}
    written = world.write((FileRole.MAIN, "../a.pdf", PDF, b"%PDF-1.7\n"), document=document)
    value = await refused(world, await world.send(written), Code.METADATA_INVALID)
    fields = {fault["field"] for fault in value["faults"]}
    assert {"issuer.code", "type", "subject", "place", "promulgated_on", "strange", "contents[0].name"} <= fields
    assert all(fault["vi"] and fault["en"] for fault in value["faults"])


@pytest.mark.parametrize("mark", ["mat", "toi-mat", "tuyet-mat", "Tuyệt mật"])
async def test_a_secrecy_mark_stops_it(world: World, mark: str) -> None:
    written = world.write(document=world.document(secrecy=mark))
    await refused(world, await world.send(written), Code.SECRET_DOCUMENT)


async def test_future_is_judged_in_vietnam(world: World) -> None:
    tomorrow = (world.time() + timedelta(hours=7) + timedelta(days=1)).date().isoformat()
    value = await refused(
        world,
        await world.send(world.write(document=world.document(promulgated_on=tomorrow))),
        Code.METADATA_INVALID,
    )
    assert [fault["rule"] for fault in value["faults"]] == ["in-the-future"]


# --- recipients -------------------------------------------------------------------------------------------------------


async def test_no_reachable_recipient_is_refused_with_each_reason(world: World) -> None:
    written = world.write(recipients=("X99", "H20.21", "group:none"))
    value = await refused(world, await world.send(written), Code.UNKNOWN_RECIPIENTS)
    assert [item["reason"] for item in value["recipients"]["unknown"]] == ["unknown", "unknown-group"]
    assert [item["asked"] for item in value["recipients"]["suspended"]] == ["H20.21"]


async def test_5001_recipients_are_too_many(world: World) -> None:
    written = world.write(recipients=[f"K{number}" for number in range(5001)])
    await refused(world, await world.send(written), Code.TOO_MANY_RECIPIENTS)


async def test_a_recipient_list_is_wanted(world: World) -> None:
    await refused(world, await world.send(world.write(recipients=())), Code.METADATA_INVALID)
    nobody = world.write(document=world.document(recipients=[]), recipients=())
    value = await refused(world, await world.send(nobody), Code.METADATA_INVALID)
    assert [fault["rule"] for fault in value["faults"]] == ["no-recipient"], "told once, though both lack it"


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.CONTENT_EMPTY),
        (b"PK\x03\x04 word/document.xml", Code.NOT_A_PDF),
        (b"MZ\x90\x00 a program", Code.NOT_A_PDF),
        (b"%PDF-1.7\ntrailer<</Encrypt 5 0 R/Root 1 0 R>>\n%%EOF", Code.PDF_ENCRYPTED),
    ],
)
async def test_the_main_file_is_a_readable_pdf(world: World, body: bytes, code: Code) -> None:
    await refused(world, await world.send(world.write((FileRole.MAIN, "a.pdf", PDF, body))), code)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"MZ\x90\x00\x03\x00\x00\x00 a program"),
        ("text/plain", b"\x7fELF\x02\x01\x01\x00"),
        ("application/xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("text/plain", b"<!DOCTYPE html><html></html>"),
        ("text/plain", rb"{\rtf1\ansi an object}"),
        ("image/png", b"\xff\xd8\xff\xe0 a photograph"),
        ("application/x-msdownload", b"just text"),
    ],
)
async def test_only_permitted_types_that_are_what_they_say(world: World, kind: str, body: bytes) -> None:
    written = world.write((FileRole.MAIN, "a.pdf", PDF, b"%PDF-1.7\n%%EOF"), (FileRole.ENCLOSURE, "b.bin", kind, body))
    await refused(world, await world.send(written), Code.CONTENT_TYPE_REFUSED)


async def test_a_type_is_judged_also_when_it_was_uploaded_before(world: World) -> None:
    written = world.write((FileRole.MAIN, "a.pdf", PDF, b"no document at all"))
    for name, body in written.files.items():
        assert (await world.client.put(f"/v1/contents/{name}", content=body, headers=world.bearer(SENDER))).is_success
    await refused(world, await world.send(written, files={}), Code.NOT_A_PDF)


async def test_100_mib_and_one_byte_is_refused_before_a_byte_is_read(world: World) -> None:
    written = world.write()
    written.payload["contents"][0]["size"] = 100 * 1024 * 1024 + 1
    await refused(world, await world.send(written), Code.CONTENT_TOO_LARGE)


@pytest.mark.parametrize("by", [-1, 1])
async def test_another_size_than_the_manifest_says(world: World, by: int) -> None:
    written = world.write()
    written.payload["contents"][0]["size"] += by
    await refused(world, await world.send(written), Code.CONTENT_MISMATCH)


async def test_other_bytes_than_the_manifest_says(world: World) -> None:
    written = world.write()
    [(name, body)] = written.files.items()
    await refused(world, await world.send(written, files={name: body[:-2] + b"xx"}), Code.CONTENT_MISMATCH)
    assert [path for path in world.place.rglob("*") if path.is_file()] == []


async def test_a_missing_content_and_one_of_another_member_are_answered_alike(world: World) -> None:
    written = world.write()
    [(name, body)] = written.files.items()
    missing = await refused(world, await world.send(written, files={}), Code.CONTENT_MISSING)
    other = await world.client.put(f"/v1/contents/{name}", content=body, headers=world.bearer(OTHER))
    assert other.status_code == 201
    assert (await world.send(written, files={})).json() == missing
    assert (await world.client.head(f"/v1/contents/{name}", headers=world.bearer(SENDER))).status_code == 404
    mine = await world.client.put(f"/v1/contents/{name}", content=body, headers=world.bearer(SENDER))
    assert (mine.status_code, mine.content) == (other.status_code, other.content)


# --- signature, axis, age ---------------------------------------------------------------------------------------------


def _forged(world: World, payload: Mapping[str, Any]) -> str:
    return MemberSigner.generate(f"{SENDER}-1").sign(payload)


def _of_another_member(world: World, payload: Mapping[str, Any]) -> str:
    return str(world.signers[OTHER].sign(payload))


def _changed_after_signing(world: World, payload: Mapping[str, Any]) -> str:
    head, _, signature = world.signers[SENDER].sign(payload).split(".")
    other = dict(payload) | {"recipients": [{"organisation": "H20.20", "role": "action"}]}
    return f"{head}.{base64.urlsafe_b64encode(canonical(other)).rstrip(b'=').decode()}.{signature}"


def _unsigned(world: World, payload: Mapping[str, Any]) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{base64.urlsafe_b64encode(canonical(payload)).rstrip(b'=').decode()}."


def _no_jws(world: World, payload: Mapping[str, Any]) -> str:
    return "this is no JWS"


@pytest.mark.parametrize("make", [_forged, _of_another_member, _changed_after_signing, _unsigned, _no_jws])
async def test_a_manifest_is_signed_by_its_member(
    world: World, make: Callable[[World, Mapping[str, Any]], str]
) -> None:
    written = world.write()
    response = await world.send(written, token=make(world, written.payload))
    await refused(world, response, Code.MANIFEST_SIGNATURE_INVALID)


async def test_a_members_system_signs_itself(world: World) -> None:
    written = world.write()
    response = await world.send(written, token=json.dumps(written.payload), media_type="application/json")
    await refused(world, response, Code.MANIFEST_SIGNATURE_INVALID)


async def test_a_manifest_of_another_member_is_not_taken_even_if_well_signed(world: World) -> None:
    written = world.write(member=OTHER)
    response = await world.send(written, signer=world.signers[SENDER])
    await refused(world, response, Code.MANIFEST_SIGNATURE_INVALID)


@pytest.mark.parametrize(("name", "code"), [("axis", Code.WRONG_AXIS), ("environment", Code.WRONG_ENVIRONMENT)])
async def test_a_manifest_names_this_axis_and_environment(world: World, name: str, code: Code) -> None:
    written = world.write()
    written.payload[name] = "production"
    await refused(world, await world.send(written), code)


@pytest.mark.parametrize("by", [timedelta(hours=24, seconds=1), timedelta(minutes=-6)])
async def test_an_old_manifest_and_one_from_the_future_make_no_new_claim(world: World, by: timedelta) -> None:
    written = world.write()
    written.payload["time"] = to_text(world.time() - by)
    await refused(world, await world.send(written), Code.MANIFEST_EXPIRED)


async def test_the_key_of_the_request_is_the_one_that_was_signed(world: World) -> None:
    response = await world.send(world.write(), headers={"Idempotency-Key": "another"})
    await refused(world, response, Code.MALFORMED_REQUEST)


async def test_a_suspended_member_hands_nothing_in(world: World) -> None:
    written = world.write(member=SUSPENDED, document=world.document(issuer={"code": "H20.21"}))
    await refused(world, await world.send(written, credential=SUSPENDED), Code.MEMBER_SUSPENDED)


async def test_a_clerk_sends_for_its_own_organisations_only(world: World) -> None:
    written = world.write(member=RECIPIENT, document=world.document(issuer={"code": "G99.01"}))
    response = await world.send(written, credential=f"clerk of {RECIPIENT}")
    await refused(world, response, Code.NOT_AUTHORISED_FOR_ISSUER)


# --- JSON and multipart -----------------------------------------------------------------------------------------------

CLERK = f"clerk of {SENDER}"


@pytest.mark.parametrize(
    "text",
    [
        '{"v":1,"v":1}',
        '{"v":NaN}',
        '{"v":1e400}',
        '{"v":"\\ud800"}',
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"v":123456789012345678901234567890}',
        "[]",
        "{",
        "\xff",
    ],
    ids=["duplicate", "nan", "infinite", "surrogate", "deep", "large", "list", "cut", "not utf-8"],
)
async def test_json_has_one_meaning(world: World, text: str) -> None:
    written = world.write()
    parts = [("manifest", (None, text.encode("latin-1"), "application/json"))]
    headers = {"Idempotency-Key": written.own_id} | world.bearer(CLERK)
    response = await world.client.post("/v1/submissions", files=parts, headers=headers)
    await refused(world, response, Code.MALFORMED_JSON)


async def test_json_inside_a_signature_has_one_meaning_too(world: World) -> None:
    written = world.write()
    head, _, _ = world.signers[SENDER].sign(written.payload).split(".")
    body = base64.urlsafe_b64encode(b'{"a":1,"a":2}').rstrip(b"=").decode()
    from joserfc import jws  # noqa: PLC0415 - only this test signs what our own signer would refuse

    signer = world.signers[SENDER]
    token = jws.serialize_compact(
        {"alg": "ES256", "kid": signer.kid, "typ": "docaxis+jws"}, b'{"a":1,"a":2}', signer._key, algorithms=["ES256"]
    )
    assert token.split(".")[1] == body
    assert head
    await refused(world, await world.send(written, token=token), Code.MALFORMED_JSON)


@pytest.mark.parametrize(
    ("change", "value"),
    [("strange", 1), ("contents", []), ("kind", "report"), ("v", 2), ("time", "yesterday"), ("recipients", None)],
)
async def test_a_manifest_has_its_form(world: World, change: str, value: object) -> None:
    written = world.write()
    written.payload[change] = value
    await refused(world, await world.send(written), Code.MALFORMED_REQUEST)


def _multipart(*parts: tuple[str, str, bytes], end: bytes = b"--x--\r\n") -> bytes:
    return (
        b"".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
            + body
            + b"\r\n"
            for name, kind, body in parts
        )
        + end
    )


async def post(world: World, body: bytes, **headers: str) -> httpx.Response:
    given = {"Idempotency-Key": "key", "Content-Type": "multipart/form-data; boundary=x"}
    response: httpx.Response = await world.client.post(
        "/v1/submissions", content=body, headers=given | world.bearer(SENDER) | headers
    )
    return response


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "application/json"}),
        (b"", {"Content-Type": "multipart/form-data"}),
        (b"no multipart", {}),
        (_multipart(("file", PDF, b"x")), {}),
        (_multipart(("manifest", "text/html", b"x")), {}),
        (_multipart(("manifest", "application/jose", b"x")), {"Idempotency-Key": ""}),
        (_multipart(("manifest", "application/jose", b"x")), {"Idempotency-Key": "k" * 129}),
        (b"--x\r\n" + b"X-Header: 1\r\n" * 100 + b"\r\n\r\n--x--\r\n", {}),
        (b"--x\r\nContent-Disposition: form-data; name=" + b"n" * 10_000 + b"\r\n\r\n\r\n--x--\r\n", {}),
    ],
)
async def test_a_request_has_its_form(world: World, body: bytes, headers: dict[str, str]) -> None:
    await refused(world, await post(world, body, **headers), Code.MALFORMED_REQUEST)


async def test_a_body_that_ends_early_is_told_so(world: World) -> None:
    body = _multipart(("manifest", "application/jose", b"x" * 100))[:-30]
    await refused(world, await post(world, body), Code.CONTENT_LENGTH_WRONG)


@pytest.mark.parametrize("by", [-5, 5])
async def test_a_content_length_that_lies(world: World, by: int) -> None:
    written = world.write()
    token = world.signers[SENDER].sign(written.payload).encode()
    body = _multipart(("manifest", "application/jose", token), *((name, PDF, b) for name, b in written.files.items()))
    headers = {"Content-Length": str(len(body) + by), "Idempotency-Key": written.own_id}
    response = await post(world, body, **headers)
    await refused(world, response, Code.CONTENT_LENGTH_WRONG)


async def test_a_body_framed_twice_is_refused(world: World) -> None:
    response = await post(world, b"x", **{"Content-Length": "1", "Transfer-Encoding": "chunked"})
    await refused(world, response, Code.CONTENT_LENGTH_WRONG)


async def test_a_manifest_above_its_limit(world: World) -> None:
    body = _multipart(("manifest", "application/jose", b"x" * (6 * 1024 * 1024)))
    await refused(world, await post(world, body), Code.CONTENT_TOO_LARGE)


async def test_ten_thousand_parts(world: World) -> None:
    written = world.write()
    token = world.signers[SENDER].sign(written.payload).encode()
    body = _multipart(("manifest", "application/jose", token), *((f"{n}", PDF, b"") for n in range(10_000)))
    await refused(world, await post(world, body, **{"Idempotency-Key": written.own_id}), Code.MALFORMED_REQUEST)


async def test_a_part_that_the_manifest_does_not_name(world: World) -> None:
    written = world.write()
    await refused(world, await world.send(written, files=written.files | {"0" * 64: b"more"}), Code.MALFORMED_REQUEST)


async def test_too_many_headers(world: World) -> None:
    response = await world.client.get("/healthz", headers={f"x-{number}": "1" for number in range(100)})
    assert_problem(response, Code.MALFORMED_REQUEST, 431)


async def test_a_slow_upload_is_ended(world: World) -> None:
    async def trickle() -> Any:
        yield _multipart(("manifest", "application/jose", b"x"), end=b"")[:20]
        await asyncio.sleep(30)
        yield b"never"

    async with asyncio.timeout(10):
        response = await world.client.post(
            "/v1/submissions",
            content=trickle(),
            headers={"Idempotency-Key": "k", "Content-Type": "multipart/form-data; boundary=x"} | world.bearer(SENDER),
        )
    await refused(world, response, Code.UPLOAD_TOO_SLOW)


# --- keys that are taken ----------------------------------------------------------------------------------------------


async def test_the_same_key_with_another_body_is_a_conflict(world: World) -> None:
    first = world.write()
    assert (await world.send(first)).status_code == 202
    other = world.write(own_id=first.own_id)
    value = assert_problem(await world.send(other), Code.IDEMPOTENCY_CONFLICT)
    assert UUID(value["submission_id"])
    assert await world.count(claims) == 1


async def test_equal_keys_with_other_bodies_at_once_leave_one_claim(world: World) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(world.send(world.write(own_id=key)) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 9
    assert await world.count(claims) == 1


async def _reserve(world: World, document: Mapping[str, Any], body: bytes = b"%PDF-1.7\nthe first\n") -> None:
    """Do what the router does for a delivered document."""
    metadata = DocumentMetadata.from_json(document, now=world.time())
    key = natural_key(metadata, "H20.14")
    assert key is not None
    manifest = world.write((FileRole.MAIN, "a.pdf", PDF, body), document=document)
    digest = document_digest(read_manifest(manifest.payload).contents)
    async with world.engine.begin() as connection:
        values = {"submission_id": uuid4(), "contents_sha256": digest, "reserved_at": world.time()}
        await connection.execute(insert(natural_keys).values(natural_key=key.to_text(), **values))


async def test_a_number_that_another_document_holds_is_taken(world: World) -> None:
    document = world.document()
    await _reserve(world, document)
    await refused(world, await world.send(world.write(document=document)), Code.NATURAL_KEY_TAKEN)


async def test_the_same_document_under_its_number_is_not_a_conflict(world: World) -> None:
    document = world.document()
    await _reserve(world, document)
    same = world.write((FileRole.MAIN, "a.pdf", PDF, b"%PDF-1.7\nthe first\n"), document=document)
    assert (await world.send(same)).status_code == 202


@pytest.mark.parametrize("action", ["update", "replace"])
async def test_a_correction_that_names_the_document_is_taken(world: World, action: str) -> None:
    document = world.document()
    await _reserve(world, document)
    metadata = DocumentMetadata.from_json(document, now=world.time())
    named = write_document_id("H20.14", metadata.promulgated_on, metadata.number or "", metadata.notation)
    correction = dict(document) | {"business": {"action": action, "document_id": named}}
    assert (await world.send(world.write(document=correction))).status_code == 202


async def test_a_document_without_a_number_has_no_natural_key(world: World) -> None:
    document = world.document(number=None)
    assert (await world.send(world.write(document=document))).status_code == 202
    assert (await world.send(world.write(document=document))).status_code == 202


# --- who asks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Basic dXNlcg==", "Bearer", "Bearer dax_wrong", "Bearer " + "x" * 5000])
async def test_a_wrong_credential_is_401_and_says_nothing_more(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = await world.client.get("/v1/inbox", headers=headers)
    value = assert_problem(response, Code.UNAUTHENTICATED)
    assert value["detail"] == PROBLEMS[Code.UNAUTHENTICATED].title_en
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_an_expired_and_a_revoked_credential_are_answered_like_an_unknown_one(world: World) -> None:
    unknown = (await world.get("/v1/inbox", "dax_unknown")).json()
    world.time.now += timedelta(days=366)
    assert (await world.get("/v1/inbox", SENDER)).json() == unknown


async def test_guessing_is_slowed_down(world: World) -> None:
    for number in range(10):
        assert (await world.get("/v1/inbox", f"dax_{number}")).status_code == 401
    response = await world.get("/v1/inbox", "dax_11")
    assert_problem(response, Code.TOO_MANY_ATTEMPTS)
    assert 1 <= int(response.headers["retry-after"]) <= 10


@pytest.mark.parametrize("who", ["operator", "auditor"])
async def test_who_oversees_hands_nothing_in(world: World, who: str) -> None:
    response = await world.send(world.write(), credential=who)
    await refused(world, response, Code.FORBIDDEN)


async def test_a_members_system_replays_no_dead_letters(world: World) -> None:
    response = await world.client.post(f"/v1/dead-letters/{uuid4()}/replay", headers=world.bearer(SENDER))
    assert_problem(response, Code.FORBIDDEN)


# --- what is away -----------------------------------------------------------------------------------------------------


async def test_a_store_that_is_away_takes_nothing_and_says_so(world: World) -> None:
    (world.place / "unfinished").rename(world.place / "gone")
    response = await world.send(world.write())
    await refused(world, response, Code.OUTCOME_UNKNOWN)
    ready = await world.client.get("/readyz")
    assert ready.status_code == 503
    assert "content store" in ready.json()["checks"]["contents"]
    (world.place / "gone").rename(world.place / "unfinished")
    assert (await world.client.get("/readyz")).status_code == 200


async def test_kinds_of_records_are_not_mixed_up(world: World) -> None:
    written = world.write()
    written.payload["kind"] = Kind.HANDOVER.value
    await refused(world, await world.send(written), Code.MALFORMED_REQUEST)


@pytest.mark.parametrize("uploaded", [False, True])
@pytest.mark.parametrize("main_first", [False, True])
async def test_a_content_named_twice_has_to_be_right_in_each_role(
    world: World, *, uploaded: bool, main_first: bool
) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + uuid4().bytes
    named = [
        (FileRole.MAIN, "chính.pdf", PDF, picture),
        (FileRole.ENCLOSURE, "ảnh.png", "image/png", picture),
    ]
    written = world.write(*(named if main_first else named[::-1]))
    if uploaded:
        for name, body in written.files.items():
            sent = await world.client.put(f"/v1/contents/{name}", content=body, headers=world.bearer(SENDER))
            assert sent.is_success
    await refused(world, await world.send(written, files={} if uploaded else None), Code.NOT_A_PDF)


async def test_a_content_named_with_two_sizes_is_refused(world: World) -> None:
    body = b"%PDF-1.7\n%%EOF"
    written = world.write((FileRole.MAIN, "a.pdf", PDF, body), (FileRole.ENCLOSURE, "b.pdf", PDF, body))
    written.payload["contents"][1]["size"] += 1
    await refused(world, await world.send(written), Code.CONTENT_MISMATCH)
