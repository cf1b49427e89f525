"""What employees see of themselves. Called by the API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from obmen.domain.query_reading import Asked
from obmen.domain.rights.policies import SYSTEM, Caller
from obmen.domain.schema import USERS
from obmen.services.records.reading import RecordReader


class Subject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group of rights: a record that the employee's card links to."""

    user_attr: Annotated[str, Meta(description="Field of the card")]
    value_catalog_id: str
    value_record_id: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    id: str
    email: str
    title: str
    subjects: tuple[Subject, ...]


class _Card(msgspec.Struct, frozen=True):
    id: str
    title: str


class Profiles:
    """Profiles of employees."""

    def __init__(self, records: RecordReader) -> None:
        self._records = records

    async def read(self, caller: Caller) -> Profile:
        """The caller's own, whatever their rights are."""
        json = await self._records.read(SYSTEM, USERS, str(caller.user_id), Asked(fields=["$name"]))
        card = msgspec.json.decode(json, type=_Card)
        return Profile(id=card.id, email=caller.email, title=card.title, subjects=())
