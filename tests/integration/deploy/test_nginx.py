"""The nginx configuration before stand-ins for gateway and pages: what passes, as what, and what does not."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from docaxis.embedded.ports import free_ports
from docaxis.serving import WebServer

CONFIG = Path(__file__).parents[3] / "deploy" / "nginx" / "docaxis.conf"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
GATEWAY, PAGES = "axis.example", "pages.axis.example"

pytestmark = pytest.mark.skipif(
    not Path(NGINX).exists() and not os.environ.get("CI"), reason="nginx is not installed; tools/test.sh says how"
)


def stand_in(name: str) -> Starlette:
    async def told(request: Request) -> JSONResponse:
        seen = {key: request.headers.get(key) for key in ("host", "x-forwarded-for", "connection")}
        return JSONResponse({"service": name, "path": request.url.path, "bytes": len(await request.body())} | seen)

    return Starlette(routes=[Route("/{path:path}", told, methods=["GET", "POST", "PUT"])])


def write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GATEWAY)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    for host in ("axis", "pages"):
        (folder / f"{host}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / f"{host}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def configured(folder: Path, port: int, gateway: str, pages: str) -> Path:
    """Write the configuration as it is, but for addresses and places of this machine."""
    text = CONFIG.read_text("utf-8")
    for found, put in (
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("listen [::]:443 ssl http2;", ""),
        ("127.0.0.1:8480", gateway.removeprefix("http://")),
        ("127.0.0.1:8481", pages.removeprefix("http://")),
        ("/etc/nginx/tls", str(folder)),
    ):
        assert found in text
        text = text.replace(found, put)
    temporary = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    head = f"daemon off; pid {folder}/pid; error_log stderr; {'user root;' if os.geteuid() == 0 else ''}"
    path = folder / "nginx.conf"
    path.write_text(f"{head} events {{}} http {{ access_log off; {temporary}\n{text}\n}}", "utf-8")
    return path


def check(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([NGINX, "-t", "-p", folder, "-c", config], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """Run nginx; gives what makes a client of one of its hosts."""
    folder = tmp_path_factory.mktemp("nginx")
    write_certificate(folder)
    servers = [WebServer(stand_in(name), "127.0.0.1", 0, name=name) for name in ("gateway", "pages")]
    port = free_ports("127.0.0.1", 1)[0]
    config = configured(folder, port, *[await server.start() for server in servers])
    checked = await asyncio.to_thread(check, folder, config)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    process = await asyncio.create_subprocess_exec(NGINX, "-p", str(folder), "-c", str(config))

    def client(host: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=False, headers={"Host": host}, trust_env=False
        )

    try:
        async with asyncio.timeout(60), client(GATEWAY) as visitor:
            while True:
                try:
                    await visitor.get("/")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None, "nginx ended"
                    await asyncio.sleep(0.05)
        yield client
    finally:
        process.terminate()
        await process.wait()
        for server in servers:
            await server.stop()


Client = Callable[[str], httpx.AsyncClient]


@pytest.mark.parametrize(
    "path", ["/v1/submissions", "/v1/inbox/events", "/log/checkpoint", "/log/tile/0/000", "/openapi.json"]
)
async def test_the_gateway_is_reached_where_clients_need_it(proxy: Client, path: str) -> None:
    async with proxy(GATEWAY) as visitor:
        answer = await visitor.get(path)
    assert (answer.status_code, answer.json()["service"], answer.json()["path"]) == (200, "gateway", path)


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/", "/v2/x", "/v1/../metrics", "/log/../readyz"])
async def test_what_needs_no_credential_stays_inside(proxy: Client, path: str) -> None:
    async with proxy(GATEWAY) as visitor:
        answer = await visitor.get(path)
    assert answer.status_code == 404
    assert "gateway" not in answer.text


async def test_the_log_is_read_and_not_written(proxy: Client) -> None:
    async with proxy(GATEWAY) as visitor:
        assert (await visitor.post("/log/checkpoint")).status_code == 403


@pytest.mark.parametrize("path", ["/", "/sign-in", "/inbox", "/static/clerk.css"])
async def test_the_pages_have_a_host_of_their_own(proxy: Client, path: str) -> None:
    async with proxy(PAGES) as visitor:
        answer = await visitor.get(path)
    told = answer.json()
    assert (told["service"], told["path"], told["host"]) == ("pages", path, PAGES)
    assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize("host", [GATEWAY, PAGES])
async def test_what_a_client_says_of_its_own_address_does_not_pass(proxy: Client, host: str) -> None:
    async with proxy(host) as visitor:
        answer = await visitor.get("/v1/keys", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.json()["x-forwarded-for"] == "127.0.0.1"


async def test_large_bodies_pass_whole(proxy: Client) -> None:
    body = bytes(20_000_000)
    for host, path in ((GATEWAY, "/v1/edxml"), (PAGES, "/send")):
        async with proxy(host) as visitor:
            assert (await visitor.post(path, content=body)).json()["bytes"] == len(body)
