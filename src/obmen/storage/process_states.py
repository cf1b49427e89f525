"""How the processes of a running Obmen are: ``obmen serve`` writes it into the data folder, ``/health`` and ``obmen doctor`` read it."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

_NAME: Final = "processes.json"


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """A process that ``obmen serve`` keeps running."""

    name: Annotated[str, Meta(description="postgres, worker, or http and a number")]
    running: Annotated[bool, Meta(description="false: it has ended and is started again after a pause")]
    failures: Annotated[int, Meta(description="How often in a row it ended within 10 seconds of its start")]
    restarts: Annotated[int, Meta(description="How often it was started again since the start of Obmen")]
    ended: Annotated[str | None, Meta(description="How it ended last")] = None

    @property
    def is_well(self) -> bool:
        """Whether it runs and has not just ended again and again."""
        return self.running and not self.failures


_decode: Final = msgspec.json.Decoder(tuple[ProcessState, ...]).decode


def write(folder: Path, states: tuple[ProcessState, ...]) -> None:
    """Replaces what is known there; ``OSError`` where it cannot be written."""
    new = folder / f"{_NAME}.new"
    new.write_bytes(msgspec.json.encode(states))
    new.replace(folder / _NAME)


def read(folder: Path) -> tuple[ProcessState, ...]:
    """The processes of the Obmen that has the folder; none where there is no such Obmen, or it could not write them."""
    try:
        return _decode((folder / _NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return ()


def forget(folder: Path) -> None:
    """There are no processes any more."""
    (folder / _NAME).unlink(missing_ok=True)
