"""What a server process remembers of sign-ins, and what it forgets when a session ends."""

import pytest

from live_server import EMAIL, PASSWORD
from obmen.bootstrap import Wired
from obmen.errors import NotAuthenticated

ADDRESS = "203.0.113.1"
BASIC = "Basic YWRtaW5Ab2JtZW4ubG9jYWw6Y29ycmVjdCBob3JzZQ=="


async def _end_unheard(obmen: Wired) -> None:
    """All sessions are gone from the database, and nobody is told."""
    await obmen.application.database.pool.execute("delete from obmen.sessions")


async def test_signing_out_forgets_that_session_alone(obmen: Wired) -> None:
    accounts = obmen.application.accounts
    first, second = [await accounts.sign_in(EMAIL, PASSWORD, ADDRESS) for _ in range(2)]
    basic = await accounts.basic(BASIC, ADDRESS)
    for signed_in in (first, second, basic):
        assert (await accounts.session(signed_in.token)).email == EMAIL

    await accounts.sign_out(first.token)
    await _end_unheard(obmen)

    with pytest.raises(NotAuthenticated):
        await accounts.session(first.token)
    assert (await accounts.session(second.token)).email == EMAIL  # remembered
    assert (await accounts.basic(BASIC, ADDRESS)).token == basic.token


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "é" * 10_000, "\ud800"])
async def test_a_session_that_never_was_ends_nothing(obmen: Wired, token: str) -> None:
    accounts = obmen.application.accounts
    signed_in = await accounts.sign_in(EMAIL, PASSWORD, ADDRESS)
    await accounts.session(signed_in.token)
    await _end_unheard(obmen)
    await accounts.sign_out(token)
    assert (await accounts.session(signed_in.token)).email == EMAIL


async def test_who_signs_out_of_the_session_of_basic_gets_a_new_one(obmen: Wired) -> None:
    accounts = obmen.application.accounts
    first = await accounts.basic(BASIC, ADDRESS)
    await accounts.sign_out(first.token)
    second = await accounts.basic(BASIC, ADDRESS)
    assert second.token != first.token
    assert (await accounts.session(second.token)).email == EMAIL


async def test_other_processes_hear_which_session_has_ended(obmen: Wired) -> None:
    accounts = obmen.application.accounts
    first, second = [await accounts.sign_in(EMAIL, PASSWORD, ADDRESS) for _ in range(2)]
    for signed_in in (first, second):
        await accounts.session(signed_in.token)
    await _end_unheard(obmen)

    accounts.notified(first.session.hex())  # as the notification says it

    with pytest.raises(NotAuthenticated):
        await accounts.session(first.token)
    assert (await accounts.session(second.token)).email == EMAIL
    accounts.notified("")  # accounts have changed
    with pytest.raises(NotAuthenticated):
        await accounts.session(second.token)
