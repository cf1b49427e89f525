"""``$scripts``: scenarios. Saving one compiles it; a process keeps to the version it began with."""

from obmen.domain.files import ExternalFile, NewFile, StoredFile
from obmen.errors import FieldProblem, InvalidScenario, InvalidValue, NotFound
from obmen.services.system_catalogs import SystemCatalog, Write


class Scripts(SystemCatalog):
    """A scenario that cannot run is refused, with the elements at fault (docs/reference/scenarios.md)."""

    text_id = "$scripts"
    order = 2
    icon = "business-43"
    fields = (
        {"id": "$name", "type": "text", "required": True},
        {"id": "$description", "type": "text", "config": {"type": "multiline"}},
        {"id": "$file", "type": "file", "required": True, "config": {"multiselect": False}},
    )

    async def writing(self, write: Write) -> None:
        """Reads the scenario; a file at another address is refused, since it could change unseen."""
        if (source := await self._source(write)) is None:
            return
        try:
            write.scenarios.read(source)
        except InvalidScenario as error:
            problems = tuple(FieldProblem(fault.message, field="$file", **fault.facts) for fault in error.problems)
            raise InvalidValue("scenario.refused", problems=problems, problem=error) from error

    async def written(self, write: Write) -> None:
        """Keeps the new version."""
        if (source := await self._source(write)) is not None:
            await write.connection.execute(write.database.queries["create_scenario_version"], write.record_id, source)

    async def _source(self, write: Write) -> bytes | None:
        files = write.values.get("$file")
        if not files:
            return None
        match files[0]:
            case NewFile(content=content):
                return content
            case StoredFile(id=file_id) | int(file_id):
                return await self._stored(write, file_id)
            case ExternalFile():
                problem = FieldProblem("scenario.external_file", field="$file")
                raise InvalidValue("field.invalid", problems=(problem,), count=1)
            case other:
                raise TypeError(other)

    async def _stored(self, write: Write, file_id: int) -> bytes:
        try:
            return await write.read_file(file_id)
        except NotFound as error:
            problem = FieldProblem(error.message, field="$file", **error.facts)
            raise InvalidValue("field.invalid", problems=(problem,), count=1) from error


SYSTEM_CATALOG = Scripts()
