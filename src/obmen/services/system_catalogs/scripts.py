"""``$scripts``: scenarios. Saving one compiles it; a process keeps to the version it began with."""

from obmen.domain.field_types import Parsed
from obmen.domain.files import NewFile, StoredFile
from obmen.domain.schema import SCRIPTS
from obmen.errors import FieldProblem, InvalidScenario, InvalidValue, NotFound
from obmen.services.system_catalogs import Effect, Surroundings, SystemCatalog, Write, run_query


class Scripts(SystemCatalog):
    """A scenario that cannot run is refused, with the elements at fault (docs/reference/scenarios.md)."""

    number = 6
    text_id = SCRIPTS
    icon = "content-34"
    fields = (
        {"number": 1, "id": "$name", "type": "text", "required": True},
        {"number": 2, "id": "$description", "type": "text", "config": {"type": "multiline"}},
        {"number": 3, "id": "$file", "type": "file", "config": {"mimeType": "application/bpmn+xml"}},
    )

    async def prepare(self, write: Write, around: Surroundings) -> list[Effect]:
        """Compiles the scenario and keeps it as a new version; a file at another address is refused, since it could change unseen."""
        source = await self._source(write, write.values.get("$file"), around)
        if source is None:
            return []
        try:
            around.compile_scenario(source)
        except InvalidScenario as error:
            problems = tuple(FieldProblem(fault.message, field="$file", **fault.facts) for fault in error.problems)
            raise InvalidValue("scenario.refused", problems=problems, problem=error) from error
        return [run_query(around.queries["create_scenario_version"], source), around.listeners_change()]

    def removal(self, around: Surroundings) -> list[Effect]:
        """Nothing starts it any more."""
        return [around.listeners_change()]

    async def _source(self, write: Write, files: Parsed, around: Surroundings) -> bytes | None:
        if not isinstance(files, tuple) or not files:
            return None
        file = files[0]
        if not isinstance(file, NewFile | StoredFile):
            raise write.refuse("$file", "scenario.external_file")
        try:
            return await around.file_content(file)
        except NotFound as error:
            raise write.refuse("$file", error.message, **error.facts) from error


SYSTEM_CATALOG = Scripts()
