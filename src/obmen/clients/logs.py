"""The log: lines for people on a terminal, JSON elsewhere, without secrets.

Everything goes through here, also what libraries and Python's warnings say. Tracebacks show no values of variables. What the work under
way knows as secret (`begin`, `know`) is masked by value; it is looked for only when something is logged. Set up by each process of Obmen.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

import structlog
from structlog.typing import EventDict, Processor

from obmen.domain.masking import MASK, Mask, is_secret

Secrets: TypeAlias = Callable[[], Iterable[str]]

_known: ContextVar[tuple[Secrets, ...]] = ContextVar("obmen_secrets", default=())
_OWN_HANDLERS: Final = ("_granian", "granian.access")
"""Loggers that come with handlers of their own."""


def begin(secrets: Secrets) -> None:
    """What is secret in the work that begins in this context; nothing of the work before it is any more."""
    _known.set((secrets,))


def know(secrets: Secrets) -> None:
    """What else is secret in it."""
    _known.set((*_known.get(), secrets))


def log_to_stderr() -> None:
    """Sets the log up."""
    common: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*common, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *common, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _masked(_logger: Any, _method: str, event: EventDict) -> EventDict:
    mask = Mask(secret for secrets in _known.get() for secret in secrets())
    return {name: _shown(mask, name, value) for name, value in event.items()}


def _shown(mask: Mask, name: str, value: Any) -> Any:
    if is_secret(name):
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask.text(value if isinstance(value, str) else repr(value))
