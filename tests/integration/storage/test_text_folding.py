"""Text is compared as a person compares it, whatever the database's locale is."""

import pytest
from databases import make_database, make_guest, opened, session

from obmen.errors import SetupError
from obmen.storage.database import migrate
from obmen.storage.embedded import EmbeddedPostgres

EVERYWHERE = [
    ("Ёлка", "елка"),
    ("ЁЖ", "еж"),
    ("ёж", "еж"),
    ("ПЁТР Щукин", "петр щукин"),
    ("Привет, WORLD", "привет, world"),
    ("Їжак", "їжак"),
    ("йод", "йод"),
    ("😀", "😀"),
    ("", ""),
    ("a\nb\tc", "a\nb\tc"),
    (r"100% \_'", r"100% \_'"),
]
WITH_UNACCENT = [
    ("Café", "cafe"),
    ("ZOË", "zoe"),
    ("Straße", "strasse"),
    ("İstanbul", "istanbul"),
    ("Łódź", "lodz"),
    ("№ 5", "no 5"),
    ("e\u0301", "e"),
]
WITHOUT_UNACCENT = [("Café", "café"), ("Straße", "straße"), ("№ 5", "№ 5")]


async def differences(url: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    async with session(url) as connection:
        folded = [(text, wanted, await connection.fetchval("select obmen.fold($1)", text)) for text, wanted in pairs]
    return [found for found in folded if found[1] != found[2]]


async def test_case_yo_and_accents_do_not_count(database_url: str) -> None:
    assert await differences(database_url, EVERYWHERE + WITH_UNACCENT) == []


async def test_nothing_stays_nothing(database_url: str) -> None:
    async with session(database_url) as connection:
        assert await connection.fetchval("select obmen.fold(null)") is None


async def test_what_is_folded_stays_as_it_is(database_url: str) -> None:
    async with session(database_url) as connection:
        for text, _ in EVERYWHERE + WITH_UNACCENT:
            assert await connection.fetchval("select obmen.fold(obmen.fold($1)) = obmen.fold($1)", text)


async def test_order_is_that_of_a_dictionary(database_url: str) -> None:
    words = ["Яблоко", "ель", "апельсин", "Ёж", "Банк", "если", "école", "Eden"]
    async with session(database_url) as connection:
        rows = await connection.fetch("select x from unnest($1::text[]) x order by obmen.fold(x)", words)

    assert [row["x"] for row in rows] == ["école", "Eden", "апельсин", "Банк", "Ёж", "ель", "если", "Яблоко"]


@pytest.mark.parametrize(
    ("index", "question"),
    [
        ("gin (obmen.fold(x) obmen.gin_trgm_ops)", "obmen.fold(x) like '%' || obmen.fold('ЕЛК') || '%'"),
        ("btree (left(obmen.fold(x), 200))", "left(obmen.fold(x), 200) = obmen.fold('Елка № 7')"),
        ("btree (obmen.fold(x))", "obmen.fold(x) = obmen.fold('елка № 7')"),
    ],
    ids=["trigrams", "sort key", "equality"],
)
async def test_indexes_serve_it(database_url: str, index: str, question: str) -> None:
    async with session(database_url) as connection:
        await connection.execute("create table obmen.words as select 'Ёлка № ' || i as x from generate_series(1, 20) i")
        await connection.execute(f"create index words_x on obmen.words using {index}")
        await connection.execute("set enable_seqscan = off")
        plan = [row[0] for row in await connection.fetch(f"explain select x from obmen.words where {question}")]
        found = [row["x"] for row in await connection.fetch(f"select x from obmen.words where {question}")]

    assert any("words_x" in line for line in plan)
    assert "Ёлка № 7" in found


@pytest.mark.parametrize("locale", ["locale 'C'", "locale 'POSIX'", "lc_collate 'C' lc_ctype 'C.UTF-8'"])
async def test_a_database_in_a_locale_without_cyrillic(postgres: EmbeddedPostgres, locale: str) -> None:
    url = await make_database(postgres, "plain_locale", f"encoding 'UTF8' {locale} template template0")
    async with opened(url) as database:
        await migrate(database)

        assert database.abilities.has_cyrillic_trigrams == ("C.UTF-8" in locale)
        assert bool(database.abilities.trigram_operators) == ("C.UTF-8" in locale)
    assert await differences(url, EVERYWHERE + WITH_UNACCENT) == []


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1251"])
async def test_a_database_that_cannot_store_every_letter_is_refused(postgres: EmbeddedPostgres, encoding: str) -> None:
    url = await make_database(postgres, "no_unicode", f"encoding '{encoding}' locale 'C' template template0")
    async with opened(url) as database:
        with pytest.raises(SetupError) as refused:
            await migrate(database)

    assert refused.value.message == "setup.locale"
    for language in ("en", "ru"):
        assert "CREATE DATABASE" in refused.value.text(language)
        assert encoding in refused.value.text(language)


async def test_without_unaccent_accents_count(postgres: EmbeddedPostgres) -> None:
    url = await make_guest(postgres, "fold_guest")
    async with opened(url) as database:
        await migrate(database)

    assert await differences(url, EVERYWHERE + WITHOUT_UNACCENT) == []


async def test_unaccent_that_comes_later_renews_the_indexes(postgres: EmbeddedPostgres) -> None:
    url = await make_guest(postgres, "fold_later")
    question = "select x from obmen.words where obmen.fold(x) = 'cafe'"
    async with opened(url) as database, session(url) as guest, session(postgres.url("fold_later")) as admin:
        await migrate(database)
        await guest.execute("create table obmen.words (x text)")
        await guest.execute("insert into obmen.words values ('Café'), ('Tea')")
        await guest.execute("create index words_x on obmen.words (obmen.fold(x))")
        await guest.execute("set enable_seqscan = off")
        assert await guest.fetch(question) == []

        await admin.execute("create extension unaccent with schema obmen")
        await migrate(database)

        assert database.abilities.extensions == {"unaccent": "obmen"}
        assert [row["x"] for row in await guest.fetch(question)] == ["Café"]
        assert await migrate(database) == 0
