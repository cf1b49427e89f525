"""What a redirect is answered with: the next request, and what stays behind when it leads elsewhere.

Methods and bodies are those of RFC 9110, 15.4, and of browsers (https://fetch.spec.whatwg.org/#http-redirect-fetch). Called
by ``clients/http`` and ``services/processes/own_api``.
"""

import re
from typing import Final

from msgspec.structs import replace

from obmen.clients.urls import is_same_place, joined, url_of
from obmen.domain.requests.credentials import signs_in
from obmen.errors import StepFailed
from obmen.ports import HttpRequest, HttpResponse

MOST: Final = 5
"""Maximum of redirects that one request follows."""

_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_OF_THE_BODY: Final = frozenset(
    {"content-type", "content-encoding", "content-language", "content-location", "content-disposition", "digest"}
)
_OF_THE_PLACE: Final = re.compile(r"host$|(x-)?forwarded", re.IGNORECASE)


def redirected(request: HttpRequest, status: int, location: str) -> HttpRequest | None:
    """The request that follows an answer, ``None`` where the answer leads nowhere; the address of ``request`` has no user.

    Headers that sign in, by their names, are not sent to another place. `StepFailed` where a body would be, or where the
    location is no address.
    """
    if status not in _STATUSES or not location:
        return None
    url = url_of(request.url)
    target = joined(url, location)
    method, body, left_out = request.method.upper(), request.body, frozenset[str]()
    if (status == 303 and method not in ("GET", "HEAD")) or (status in (301, 302) and method == "POST"):
        method, body, left_out = "GET", None, _OF_THE_BODY
    stays = is_same_place(url, target)
    if body and not stays:
        raise StepFailed("http.body_elsewhere", host=url.host, location=str(target))
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in left_out and (stays or not (signs_in(name) or _OF_THE_PLACE.match(name)))
    }
    return replace(request, method=method, url=str(target), headers=headers, body=body)


def location_of(response: HttpResponse) -> str:
    """Where an answer leads; empty where it leads nowhere."""
    return next((value for name, value in response.headers if name == "location"), "")
