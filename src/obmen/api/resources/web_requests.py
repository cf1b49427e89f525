"""External requests: any method, any format, answered by a process (docs/reference/external-requests.md).

A plain ASGI application under ``/api/webrequest``: HTTP knows no end of methods, and what lies behind the address is the
scenario's business.
"""

from functools import partial
from itertools import chain, islice
from typing import Any

from litestar import Router, asgi
from litestar.types import Receive, Scope, Send

from obmen.api.access import OPEN, cookie_caller
from obmen.api.connections import count_address, root_address
from obmen.api.errors import respond
from obmen.api.headers import about_process
from obmen.api.methods import ANY_ORIGIN, EXTERNAL, is_external, path_as_sent
from obmen.api.request_limits import header_limits
from obmen.api.wire import ApiRequest, aside, body
from obmen.domain.field_types import shown
from obmen.domain.masking import MOST, SHORTEST, secrets_in
from obmen.domain.requests.credentials import secrets_of
from obmen.domain.requests.external import ExternalAnswer, Received, answer_of, variables_of
from obmen.domain.requests.query_strings import text_of
from obmen.errors import NotFound, ObmenError
from obmen.settings import Settings


@asgi(EXTERNAL, is_mount=True, copy_scope=False, opt={OPEN: True})
async def listen(scope: Scope, receive: Receive, send: Send) -> None:
    """Runs the listener's scenario with the request and answers what it says."""
    request = ApiRequest(scope, receive, send)
    try:
        answer = _preflight(request) if _is_preflight(request) else await _answer(request)
    except ObmenError as error:
        about_process(scope, error.facts.get("process"))
        await respond(request, error).to_asgi_response(None, request)(scope, receive, send)
        return
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _answer(request: ApiRequest) -> ExternalAnswer:
    obmen = request.obmen
    count_address(request)
    path = path_as_sent(request.scope)
    if not is_external(path):
        raise NotFound("request.no_page", path=shown(path))
    listener = await obmen.listeners.find(path.removeprefix(EXTERNAL).strip("/"))
    caller = await cookie_caller(request)
    received = Received(
        method=request.method,
        url=f"{root_address(request)}{path}{'?' if request.query_text else ''}{request.query_text}",
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]],
        body=await body(request),
    )
    settings = obmen.settings
    read = partial(_read, received, settings)
    variables, secrets = await aside(read, len(received.body))
    is_async = text_of(variables["query"], "async").lower() == "true"
    initiator = caller.user_id if caller else None
    launch = obmen.processes.launch(listener, "$async" if is_async else "$sync", variables, initiator, secrets)
    if is_async:
        about_process(request.scope, await obmen.processes.enqueue(launch))
        return ExternalAnswer(status=200, headers=[ANY_ORIGIN], body=b"")
    ended = await obmen.processes.run(launch)
    about_process(request.scope, ended.record)
    return answer_of(ended.variables, own_cookie=settings.http.cookie, limits=header_limits(settings.limits))


def _read(received: Received, settings: Settings) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The variables of a process, and what of the request its journal hides."""
    variables = variables_of(received, own_cookie=settings.http.cookie, limits=settings.limits)
    found = chain(secrets_of(variables["headers"].items(), received.url.partition("?")[2]), secrets_in(variables))
    return variables, tuple(islice(dict.fromkeys(secret for secret in found if len(secret) >= SHORTEST), MOST))


def _is_preflight(request: ApiRequest) -> bool:
    return request.method == "OPTIONS" and {"origin", "access-control-request-method"} <= set(request.headers)


def _preflight(request: ApiRequest) -> ExternalAnswer:
    """A browser asks whether it may ask: it may, without credentials; whether a page reads the answer, the process's headers say."""
    headers = [
        ANY_ORIGIN,
        ("Access-Control-Allow-Methods", request.headers["access-control-request-method"]),
        ("Access-Control-Allow-Headers", request.headers.get("access-control-request-headers", "*")),
        ("Access-Control-Max-Age", "600"),
    ]
    return ExternalAnswer(status=204, headers=headers, body=b"")


RESOURCE = Router("/", route_handlers=[listen])
