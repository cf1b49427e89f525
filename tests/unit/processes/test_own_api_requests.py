"""Which requests of a process are for its own API, and what becomes of them when the API redirects."""

from pathlib import Path

import pytest

from obmen.errors import StepFailed
from obmen.ports import HttpRequest, HttpResponse
from obmen.services.accounts.internal_tokens import InternalTokens
from obmen.services.processes.own_api import OwnApi, ProcessHttp
from obmen.settings import Http, Settings

TOKENS = InternalTokens(b"k" * 32)


class Recorder:
    """`ports.Http` that keeps what it is asked and answers with redirects while it has some."""

    def __init__(self, *locations: str, status: int = 302) -> None:
        self.asked: list[HttpRequest] = []
        self._locations = list(locations)
        self._status = status

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        if self._locations:
            headers = [("location", self._locations.pop(0))]
            return HttpResponse(status=self._status, headers=headers, body=b"", url=request.url)
        return HttpResponse(status=200, headers=[], body=b"content", url=request.url)

    @property
    def signed_in(self) -> list[bool]:
        """Whether each request had a token."""
        return ["Authorization" in request.headers for request in self.asked]

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.asked]


def own_api(http: Recorder | None = None, **settings: str | int) -> OwnApi:
    return OwnApi(Settings(data=Path("/"), http=Http(**settings)), TOKENS, http or Recorder())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"host": "127.0.0.1", "port": 8080}, "http://127.0.0.1:8080/api/v1/x"),
        ({"host": "127.0.0.1", "port": 8080}, "http://localhost:8080/api/v1/x"),
        ({"host": "0.0.0.0", "port": 8080}, "http://127.0.0.1:8080/api/v1/x"),
        ({"host": "::", "port": 8080}, "http://[::1]:8080/api/v1/x"),
        ({"host": "10.0.0.5", "port": 8080}, "http://10.0.0.5:8080/api/v1/x"),
        ({"host": "127.0.0.1", "port": 80}, "http://127.0.0.1/api/v1/x"),
        ({"url": "https://crm.example"}, "https://crm.example/api/v1/x"),
        ({"url": "https://CRM.example/"}, "HTTPS://crm.example:443/api/v1/x"),
        ({"url": "https://crm.example:443"}, "https://crm.example/api/v1/x?y=1"),
        ({"url": "https://crm.example/obmen"}, "https://crm.example/obmen/api/v1/x"),
        ({"url": "https://crm.example", "port": 8080}, "http://127.0.0.1:8080/api/v1/x"),
    ],
)
def test_the_own_api_is_known(settings: dict[str, str | int], url: str) -> None:
    assert own_api(**settings).token(HttpRequest(method="GET", url=url), 7) is not None


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"host": "10.0.0.5", "port": 8080}, "http://127.0.0.1:8080/api/v1/x"),
        ({"url": "https://crm.example"}, "http://crm.example/api/v1/x"),
        ({"url": "https://crm.example"}, "https://crm.example:8443/api/v1/x"),
        ({"url": "https://crm.example"}, "https://crm.example.evil/api/v1/x"),
        ({"url": "https://crm.example"}, "https://evil/https://crm.example/api/v1/x"),
        ({"url": "https://crm.example"}, "https://crm.example@evil/api/v1/x"),
        ({"url": "https://crm.example"}, "https://evil\\@crm.example/api/v1/x"),
        ({"url": "https://crm.example"}, "https://crm.example/api/v1/../x"),
        ({"url": "https://crm.example"}, "https://crm.example/api/v2/x"),
        ({"url": "https://crm.example/obmen"}, "https://crm.example/api/v1/x"),
    ],
)
def test_no_other_address_is_taken_for_it(settings: dict[str, str | int], url: str) -> None:
    assert own_api(**settings).token(HttpRequest(method="GET", url=url), 7) is None


OWN = "http://127.0.0.1:8080"


async def ask(own: Recorder, guarded: Recorder, method: str = "GET", **options: bool) -> HttpResponse:
    http = ProcessHttp(guarded, own_api(own, host="127.0.0.1", port=8080), 7)
    return await http.send(HttpRequest(method=method, url=f"{OWN}/api/v1/files/1", headers={"X-Own": "a"}, **options))


async def test_a_redirect_of_the_own_api_is_followed_without_the_token() -> None:
    own, guarded = Recorder("/files/content/1?token=x"), Recorder()
    assert (await ask(own, guarded)).body == b"content"
    assert own.urls == [f"{OWN}/api/v1/files/1", f"{OWN}/files/content/1?token=x"]
    assert own.signed_in == [True, False]
    assert guarded.asked == []
    assert not any(request.follow_redirects for request in own.asked)


async def test_a_redirect_to_elsewhere_passes_the_policy_without_the_token() -> None:
    own, guarded = Recorder("https://store.example/1"), Recorder()
    assert (await ask(own, guarded)).body == b"content"
    assert (own.signed_in, guarded.urls, guarded.signed_in) == ([True], ["https://store.example/1"], [False])


async def test_what_signs_in_elsewhere_is_not_taken_along_by_a_redirect() -> None:
    own, guarded = Recorder("https://store.example/1"), Recorder()
    http = ProcessHttp(guarded, own_api(own, host="127.0.0.1", port=8080), 7)
    headers = {"X-Own": "a", "X-Api-Key": "k", "X-Auth-Token": "t"}
    await http.send(HttpRequest(method="GET", url=f"{OWN}/api/v1/files/1", headers=headers))
    assert dict(guarded.asked[0].headers) == {"X-Own": "a"}


@pytest.mark.parametrize(("method", "options"), [("POST", {}), ("GET", {"follow_redirects": False})])
async def test_a_redirect_that_is_not_followed_is_the_answer(method: str, options: dict[str, bool]) -> None:
    own, guarded = Recorder("https://store.example/1"), Recorder()
    assert (await ask(own, guarded, method, **options)).status == 302
    assert guarded.asked == []


async def test_redirects_come_to_an_end() -> None:
    with pytest.raises(StepFailed):
        await ask(Recorder(*["/api/v1/files/1"] * 20), Recorder())


async def test_a_request_that_signs_in_itself_passes_the_policy() -> None:
    own, guarded = Recorder(), Recorder()
    http = ProcessHttp(guarded, own_api(own, host="127.0.0.1", port=8080), 7)
    for header in ("Authorization", "authorization", "COOKIE"):
        await http.send(HttpRequest(method="GET", url=f"{OWN}/api/v1/x", headers={header: "own"}))
    assert own.asked == []
    assert [dict(request.headers) for request in guarded.asked] == [
        {"Authorization": "own"},
        {"authorization": "own"},
        {"COOKIE": "own"},
    ]
