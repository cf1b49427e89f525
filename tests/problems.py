"""The one shape of failures: ``application/problem+json`` with a stable code (RFC 9457)."""

from typing import Any

from live_server import Answer

KEYS = {"type", "title", "status", "detail", "code", "message"}


def assert_problem(answer: Answer, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The body of a failure, having checked its shape; ``field`` is the one named in ``errors``."""
    assert answer.status == status, (answer.status, answer.body[:500])
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert set(body) - {"errors"} == KEYS
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/docs/errors#{code}")
    assert body["message"] == body["detail"] != ""
    assert body["title"]
    assert ("errors" in body) == (code == "invalid_value")
    for error in body.get("errors", ()):
        assert set(error) == {"field", "message"}
        assert error["message"]
    if field is not None:
        assert field in [error["field"] for error in body["errors"]]
    assert "Traceback" not in answer.body.decode()
    assert "asyncpg" not in answer.body.decode()
    return body
