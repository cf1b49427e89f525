"""What a server process remembers of sign-ins, and what it forgets when a session ends."""

import pytest

from live_server import EMAIL, PASSWORD
from obmen import bootstrap
from obmen.bootstrap import Wired
from obmen.clients.passwords import Passwords
from obmen.errors import NotAuthenticated
from obmen.services.installation.preparation import add_user
from obmen.settings import Settings

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
    accounts.notified("")  # notifications may have been missed
    with pytest.raises(NotAuthenticated):
        await accounts.session(second.token)


async def test_what_is_remembered_of_others_stays(obmen: Wired) -> None:
    accounts = obmen.application.accounts
    await add_user(obmen.application, "bob@example.com", PASSWORD, admin=False)
    mine = [await accounts.sign_in(EMAIL, PASSWORD, ADDRESS), await accounts.basic(BASIC, ADDRESS)]
    bobs = await accounts.sign_in("bob@example.com", PASSWORD, ADDRESS)
    for signed_in in (*mine, bobs):
        await accounts.session(signed_in.token)
    await _end_unheard(obmen)

    accounts.notified(f"user {bobs.caller.user_id}")

    with pytest.raises(NotAuthenticated):
        await accounts.session(bobs.token)
    for signed_in in mine:
        assert (await accounts.session(signed_in.token)).email == EMAIL
    assert (await accounts.basic(BASIC, ADDRESS)).token == mine[1].token


async def test_basic_leaves_one_session_per_account(obmen: Wired, test_settings: Settings) -> None:
    tokens = set()
    for number in range(3):
        async with bootstrap.running(test_settings) as other:
            for accounts in (obmen.application.accounts, other.application.accounts):
                signed_in = await accounts.basic(BASIC, f"203.0.113.{number}")
                tokens.add(signed_in.token)
                assert (await accounts.session(signed_in.token)).email == EMAIL
    assert len(tokens) == 1
    rows = await obmen.application.database.pool.fetch("select token_hash from obmen.sessions")
    assert len(rows) == 1


async def test_sessions_past_their_end_are_removed(obmen: Wired) -> None:
    accounts, pool = obmen.application.accounts, obmen.application.database.pool
    await accounts.sign_in(EMAIL, PASSWORD, ADDRESS)
    basic = await accounts.basic(BASIC, ADDRESS)
    await pool.execute("update obmen.sessions set expires_at = now() - interval '1 s'")
    accounts.notified("")
    with pytest.raises(NotAuthenticated):
        await accounts.session(basic.token)
    await accounts.sign_in(EMAIL, PASSWORD, ADDRESS)
    assert (await accounts.basic(BASIC, ADDRESS)).token != basic.token
    assert await pool.fetchval("select count(*) from obmen.sessions") == 2


@pytest.mark.parametrize("days", [0, 100])
async def test_attempts_of_long_ago_are_removed(obmen: Wired, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr("obmen.services.accounts.attempts._SWEEP_S", 0.0)  # a minute is always over
    accounts, pool = obmen.application.accounts, obmen.application.database.pool
    await accounts.sign_in(EMAIL, PASSWORD, ADDRESS)
    for login in ("nobody@example.com", "nobody else"):
        with pytest.raises(NotAuthenticated):
            await accounts.sign_in(login, "guess", "203.0.113.2")
    await pool.execute(
        "update obmen.sign_in_attempts set since = since - interval '1 h', right_at = right_at - make_interval(days => $1)",
        days,
    )
    with pytest.raises(NotAuthenticated):
        await accounts.sign_in("somebody@example.com", "guess", "203.0.113.3")
    assert await pool.fetchval("select count(*) from obmen.sign_in_attempts") == (1 if days else 2)


@pytest.mark.parametrize("way", ["form", "basic"])
async def test_a_password_that_changes_meanwhile_opens_no_session(
    obmen: Wired, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    accounts = obmen.application.accounts
    matches = Passwords.matches

    async def slowly(passwords: Passwords, password: str, stored: str | None) -> bool:
        found = await matches(passwords, password, stored)
        await accounts.set_password(1, "another password")
        return found

    monkeypatch.setattr(Passwords, "matches", slowly)
    with pytest.raises(NotAuthenticated):
        await (accounts.basic(BASIC, ADDRESS) if way == "basic" else accounts.sign_in(EMAIL, PASSWORD, ADDRESS))
    assert await obmen.application.database.pool.fetchval("select count(*) from obmen.sessions") == 0
