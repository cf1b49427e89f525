"""Tokens of processes: whom they name, how long, and that no other key makes them."""

from datetime import timedelta

import pytest

from obmen.clients import clock
from obmen.errors import NotAuthenticated
from obmen.services.accounts import internal_tokens
from obmen.services.accounts.internal_tokens import InternalTokens

TOKENS = InternalTokens(b"k" * 32)


@pytest.mark.parametrize("user_id", [None, 7])
def test_a_token_names_who_started_the_process(user_id: int | None) -> None:
    caller = InternalTokens(b"k" * 32).caller(TOKENS.issue(user_id))
    assert (caller.user_id, caller.past_rights, caller.is_admin) == (user_id, True, False)


def test_a_token_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    token = TOKENS.issue(7)
    monkeypatch.setattr(internal_tokens, "now", lambda: clock.now() + timedelta(seconds=59))
    assert TOKENS.caller(token).user_id == 7
    monkeypatch.setattr(internal_tokens, "now", lambda: clock.now() + timedelta(seconds=61))
    with pytest.raises(NotAuthenticated):
        TOKENS.caller(token)


def test_a_token_of_another_key_is_none() -> None:
    with pytest.raises(NotAuthenticated):
        TOKENS.caller(InternalTokens(b"l" * 32).issue(7))


def test_a_token_cannot_be_changed() -> None:
    token = TOKENS.issue(7)
    head, user, expires, code = token.split(".")
    for other in (
        f"{head}.1.{expires}.{code}",
        f"{head}.{user}.{int(expires) + 9}.{code}",
        f"x.{user}.{expires}.{code}",
        token[:-1],
        token + "A",
    ):
        with pytest.raises(NotAuthenticated):
            TOKENS.caller(other)
