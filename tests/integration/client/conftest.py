"""A small axis that keeps its word about the HTTP interface and can be told to misbehave, on a real loopback socket."""

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from docaxis.client import AxisClient, InboxMemory, Patience, Profile, TransientMemory, write_profile
from docaxis_schemas.identifiers import delivery_id, event_id, submission_id
from docaxis_schemas.moments import to_text
from docaxis_schemas.problems import PROBLEMS, Code
from docaxis_schemas.submission import MAX_MANIFEST, record_digest
from docaxis_signing.receipts import EvidenceKey, EvidenceSigner, PinnedKeys, evidence_file, thumbprint
from docaxis_signing.statements import MemberKey, MemberSigner, OpenedStatement, open_statement

CREDENTIAL = "credential-of-a-member"
MEMBER = "so-thu-nghiem"
AXIS, ENVIRONMENT = "docaxis-test", "test"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def problem(code: Code, **more: Any) -> Response:
    known = PROBLEMS[code]
    value: dict[str, Any] = {"title": known.title_en, "title_vi": known.title_vi, "code": code.value}
    value |= {"status": known.status, "action": known.action_en, "action_vi": known.action_vi} | more
    return JSONResponse(value, known.status, media_type="application/problem+json")


@dataclass
class FakeAxis:
    """State of the fake, for tests to look at, and its faults, for tests to set."""

    signer: MemberSigner = field(default_factory=lambda: MemberSigner.generate("member-1"))
    gateway: MemberSigner = field(default_factory=lambda: MemberSigner.generate("gateway-1"))
    registrar: EvidenceSigner = field(default_factory=lambda: EvidenceSigner.generate("evidence-1"))
    url: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    partial: dict[str, bytes] = field(default_factory=dict)
    claims: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    manifests: list[dict[str, Any]] = field(default_factory=list)
    submissions_posted: int = 0
    inbox: list[dict[str, Any]] = field(default_factory=list)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    handovers: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    recalls: list[dict[str, Any]] = field(default_factory=list)
    offsets_asked: list[int] = field(default_factory=list)
    ranges_asked: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[dict[str, Any]] = field(default_factory=list)
    unavailable: int = 0
    """So many requests are answered with 503 first."""
    stop_upload_after: int | None = None
    """The next upload stops after so many bytes."""
    stop_download_after: int | None = None
    """The next download breaks off after so many bytes."""
    wrong_bytes: bool = False
    held_back: tuple[str, int] = ("", 0)
    """A content that is given only once so many deliveries were handed over."""
    decided: dict[str, Any] = field(default_factory=lambda: {"disposition": "deliver", "verdict": None})
    acknowledge: Callable[[dict[str, Any]], dict[str, Any]] = lambda value: value

    def opened(self, token: bytes) -> OpenedStatement:
        key = MemberKey("member-1", self.signer.public_jwk(), LONG_AGO, None)
        key_of = {"member-1": key}.get
        return open_statement(token, key_of, at=datetime.now(UTC), limit=MAX_MANIFEST)

    def deliver(self, *contents: bytes, names: tuple[str, ...] = ("van-ban.pdf",), recipient: str = "H37.02") -> UUID:
        """Put a delivery into the inbox."""
        submission = uuid4()
        delivery = delivery_id(submission, recipient)
        files = []
        for number, data in enumerate(contents):
            sha256 = hashlib.sha256(data).hexdigest()
            self.contents[sha256] = data
            role = "enclosure" if number else "main"
            name = names[min(number, len(names) - 1)]
            media_type = "application/pdf"
            files.append({"role": role, "name": name, "media_type": media_type, "size": len(data), "sha256": sha256})
        verdict = {
            "indication": "TOTAL-PASSED",
            "disposition": "deliver",
            "sentence": {"vi": "Hợp lệ.", "en": "Valid."},
        }
        document = {"number": "15", "notation": "QĐ-TN", "subject": "Về việc thử nghiệm"}
        body = {"document": document, "contents": files, "sender": "bo-gui", "issuer": "G01", "verdict": verdict}
        self._add("delivery", submission, recipient, delivery, body)
        return delivery

    def tell(self, **body: Any) -> None:
        """Put a piece of news into the inbox."""
        self._add("news", uuid4(), str(body.get("recipient", "H37.02")), None, body)

    def _add(self, kind: str, submission: UUID, recipient: str, delivery: UUID | None, body: dict[str, Any]) -> None:
        self.inbox.append(
            {
                "cursor": f"1.{len(self.inbox)}",
                "event_id": str(event_id(submission, kind, recipient)),
                "kind": kind,
                "submission_id": str(submission),
                "recipient": recipient,
                "delivery_id": str(delivery) if delivery else None,
                "version": 1,
                "at": to_text(datetime.now(UTC)),
                "body": body,
            }
        )

    def pinned(self) -> PinnedKeys:
        key = EvidenceKey("evidence-1", self.registrar.public_jwk(), LONG_AGO, None)
        return PinnedKeys(AXIS, ENVIRONMENT, (key,))

    def prove(self, statement: dict[str, Any], record: OpenedStatement | None = None, token: str | None = None) -> None:
        """Make evidence of a statement."""
        from docaxis_schemas.canonical import canonical  # noqa: PLC0415 - beside what it serves

        facts = dict(statement["facts"])
        if record is not None:
            facts["record_sha256"] = hashlib.sha256(record.data).hexdigest()
            facts["record_key_sha256"] = thumbprint(self.signer.public_jwk())
        receipt = self.registrar.sign(canonical(statement | {"facts": facts}), datetime.now(UTC))
        key = self.signer.public_jwk() if record is not None else None
        self.evidence.append(evidence_file(receipt, record=token, record_key=key))


class _Handlers:
    """What the interface answers."""

    def __init__(self, fake: FakeAxis) -> None:
        self._fake = fake

    async def submissions(self, request: Request) -> Response:
        self._fake.submissions_posted += 1
        files: dict[str, bytes] = {}
        async with request.form() as form:
            token = form["manifest"]
            assert isinstance(token, str)
            for name, part in form.multi_items():
                if not isinstance(part, str):
                    files[name] = await part.read()
        record = self._fake.opened(token.encode())
        manifest = dict(record.payload)
        assert manifest["id"] == request.headers["Idempotency-Key"]
        if any(hashlib.sha256(data).hexdigest() != name for name, data in files.items()):
            return problem(Code.CONTENT_MISMATCH)
        self._fake.contents.update(files)
        digest = record_digest(manifest)
        known = self._fake.claims.get(manifest["id"])
        if known is not None:
            return JSONResponse(known[1], 202) if known[0] == digest else problem(Code.IDEMPOTENCY_CONFLICT)
        if any(content["sha256"] not in self._fake.contents for content in manifest["contents"]):
            return problem(Code.CONTENT_MISSING)
        if manifest["document"].get("subject") == "bad":
            faults = [{"field": "subject", "rule": "required", "value": "", "vi": "Thiếu.", "en": "Missing."}]
            return problem(Code.METADATA_INVALID, faults=faults)
        self._fake.manifests.append(manifest)
        answer = _acknowledged(self._fake, manifest, digest, waited=request.headers.get("Prefer"))
        self._fake.claims[manifest["id"]] = (digest, answer)
        return JSONResponse(answer, 202)

    async def put_content(self, request: Request) -> Response:
        sha256, offset = request.path_params["sha256"], int(request.headers["Upload-Offset"])
        self._fake.offsets_asked.append(offset)
        held = self._fake.partial.get(sha256, b"")
        if offset != len(held):
            return problem(Code.OFFSET_MISMATCH)
        async for chunk in request.stream():
            held += chunk
            if self._fake.stop_upload_after is not None and len(held) >= self._fake.stop_upload_after:
                self._fake.partial[sha256] = held[: self._fake.stop_upload_after]
                self._fake.stop_upload_after = None
                return problem(Code.UNAVAILABLE)
        self._fake.partial[sha256] = held
        if len(held) == int(request.headers["Upload-Length"]):
            if hashlib.sha256(held).hexdigest() != sha256:
                return problem(Code.CONTENT_MISMATCH)
            self._fake.contents[sha256] = held
        return Response(status_code=204, headers={"Upload-Offset": str(len(held))})

    async def head_content(self, request: Request) -> Response:
        held = self._fake.partial.get(request.path_params["sha256"], b"")
        return Response(status_code=200, headers={"Upload-Offset": str(len(held))})

    async def inbox(self, request: Request) -> Response:
        cursor = request.query_params.get("cursor")
        begin = int(cursor.split(".")[1]) + 1 if cursor else 0
        limit = int(request.query_params.get("limit", 100))
        items = self._fake.inbox[begin : begin + limit]
        return JSONResponse({"items": items, "cursor": items[-1]["cursor"] if items else cursor})

    async def delivery(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        listed = next((item for item in self._fake.inbox if item["delivery_id"] == wanted), None)
        found = self._fake.views.get(wanted, listed)
        return problem(Code.NOT_FOUND) if found is None else JSONResponse(found)

    async def download(self, request: Request) -> Response:
        data = self._fake.contents[request.path_params["sha256"]]
        asked = request.headers.get("Range")
        while request.path_params["sha256"] == self._fake.held_back[0]:
            if len(self._fake.handovers) >= self._fake.held_back[1]:
                break
            await asyncio.sleep(0.01)
        self._fake.ranges_asked.append(asked or "")
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        sent = data[begin:]
        if self._fake.wrong_bytes:
            sent = bytes(len(sent))
        headers = {"Content-Length": str(len(data) - begin)}
        if asked:
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        if self._fake.stop_download_after is not None:
            sent, self._fake.stop_download_after = sent[: self._fake.stop_download_after], None

        async def body() -> AsyncIterator[bytes]:
            yield sent

        return StreamingResponse(body(), 206 if asked else 200, headers=headers)

    async def handover(self, request: Request) -> Response:
        self._fake.handovers.append(dict(self._fake.opened(await request.body()).payload))
        return Response(status_code=202)

    async def reports(self, request: Request) -> Response:
        payload = dict(self._fake.opened(await request.body()).payload)
        if payload["code"] == "02" and "reason" not in payload:
            return problem(Code.REPORT_REASON_MISSING)
        self._fake.reports.append(payload)
        return Response(status_code=202)

    async def recalls(self, request: Request) -> Response:
        self._fake.recalls.append(dict(self._fake.opened(await request.body()).payload))
        return Response(status_code=202)

    async def submission(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        known = next((answer for _, answer in self._fake.claims.values() if answer["submission_id"] == wanted), None)
        if known is None:
            return problem(Code.NOT_FOUND)
        lines = [{"recipient": "H37.02", "state": "handed_over", "delivery_id": str(uuid4()), "report": {"code": "03"}}]
        timeline = [{"type": "submission.received", "at": known["received_at"], "recipient": None, "facts": {}}]
        value = {"submission_id": wanted, "state": "delivered", "verdict": {"indication": "TOTAL-PASSED"}}
        return JSONResponse(value | {"deliveries": lines, "timeline": timeline})

    async def evidence(self, request: Request) -> Response:
        return JSONResponse({"evidence": self._fake.evidence})

    async def signatures(self, request: Request) -> Response:
        return JSONResponse({"signatures": self._fake.signatures})

    async def organisations(self, request: Request) -> Response:
        return JSONResponse({"organisations": [{"code": "H37.02", "name": "Sở Thử Nghiệm", "member": MEMBER}]})

    async def dead_letters(self, request: Request) -> Response:
        return problem(Code.FORBIDDEN)


def _application(fake: FakeAxis) -> Starlette:
    answers = _Handlers(fake)
    routes = [
        Route("/v1/submissions", answers.submissions, methods=["POST"]),
        Route("/v1/submissions/{id}", answers.submission),
        Route("/v1/submissions/{id}/recalls", answers.recalls, methods=["POST"]),
        Route("/v1/submissions/{id}/evidence", answers.evidence),
        Route("/v1/submissions/{id}/evidence/signatures", answers.signatures),
        Route("/v1/contents/{sha256}", answers.put_content, methods=["PUT"]),
        Route("/v1/contents/{sha256}", answers.head_content, methods=["HEAD"]),
        Route("/v1/inbox", answers.inbox),
        Route("/v1/deliveries/{id}", answers.delivery),
        Route("/v1/deliveries/{id}/contents/{sha256}", answers.download),
        Route("/v1/deliveries/{id}/handover", answers.handover, methods=["POST"]),
        Route("/v1/deliveries/{id}/reports", answers.reports, methods=["POST"]),
        Route("/v1/organisations", answers.organisations),
        Route("/v1/dead-letters", answers.dead_letters),
    ]
    return Starlette(routes=routes)


def _acknowledged(fake: FakeAxis, manifest: dict[str, Any], digest: str, *, waited: str | None) -> dict[str, Any]:
    found = str(submission_id(manifest["member"], manifest["id"]))
    now = to_text(datetime.now(UTC))
    recipients = {"delivered_to": len(manifest["recipients"]), "merged": [], "unknown": ["H99"], "suspended": []}
    statement = {
        "v": 1,
        "kind": "acknowledgement",
        "axis": manifest["axis"],
        "environment": manifest["environment"],
        "submission_id": found,
        "member": manifest["member"],
        "id": manifest["id"],
        "manifest_sha256": digest,
        "received_at": now,
        "recipients": recipients,
    }
    token = fake.gateway.sign(fake.acknowledge(statement))
    answer = {"submission_id": found, "acknowledgement": token, "received_at": now, "recipients": recipients}
    if waited:
        answer |= fake.decided
    return answer


class _Gate:
    """Checks the credential and answers for an axis that is away."""

    def __init__(self, fake: FakeAxis, inner: Starlette) -> None:
        self._fake, self._inner = fake, inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if Request(scope).headers.get("Authorization") != f"Bearer {CREDENTIAL}":
            await problem(Code.UNAUTHENTICATED)(scope, receive, send)
        elif self._fake.unavailable:
            self._fake.unavailable -= 1
            await problem(Code.UNAVAILABLE)(scope, receive, send)
        else:
            await self._inner(scope, receive, send)


@pytest.fixture
def fake() -> Iterator[FakeAxis]:
    """Run the fake in a thread, as a server that other processes can reach."""
    state = FakeAxis()
    config = uvicorn.Config(_Gate(state, _application(state)), port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    state.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield state
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()
    listening.close()


class LosingTransport(httpx.AsyncHTTPTransport):
    """Carries requests out and loses so many answers on the way back."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.lost = lost

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.lost and request.method == "POST" and response.is_success:
            self.lost -= 1
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("the connection was lost")
        return response


Connect = Callable[..., AxisClient]


@pytest.fixture
def connect(fake: FakeAxis) -> Connect:
    """Make clients of the fake."""

    def make(
        *,
        credential: str = CREDENTIAL,
        memory: InboxMemory | None = None,
        patience: Patience | None = None,
        pinned: bool = True,
        lost: int = 0,
    ) -> AxisClient:
        key = MemberKey("gateway-1", fake.gateway.public_jwk(), LONG_AGO, None)
        return AxisClient(
            fake.url,
            credential,
            fake.signer,
            member=MEMBER,
            axis=AXIS,
            environment=ENVIRONMENT,
            gateway_keys=(key,) if pinned else (),
            memory=memory or TransientMemory(),
            patience=patience or Patience(seconds=20, first_pause=0.01, longest_pause=0.02),
            transport=LosingTransport(lost),
        )

    return make


@pytest.fixture
def metadata() -> dict[str, Any]:
    return {
        "issuer": {"code": "H37.02"},
        "type": "CV",
        "subject": "Về việc thử nghiệm",
        "place": "Hà Nội",
        "promulgated_on": "2026-01-05",
        "number": "15",
        "notation": "STN-VP",
    }


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "công văn.pdf"
    path.write_bytes(b"%PDF-1.7 a document")
    return path


@pytest.fixture
def profile(fake: FakeAxis, tmp_path: Path) -> Path:
    """Write the files by which the command finds the fake."""
    key = tmp_path / "member.jwk"
    key.write_text(json.dumps(fake.signer.private_jwk()), "utf-8")
    path = tmp_path / "profile.toml"
    write_profile(path, Profile(fake.url, CREDENTIAL, MEMBER, AXIS, ENVIRONMENT, signing_key=key))
    return path
