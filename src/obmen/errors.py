"""Every failure Obmen names: one tree, each class with a stable code that is never reused.

::

    ObmenError
    ├── BadRequest            400 bad_request        the request cannot be understood
    │   ├── InvalidValue      400 invalid_value      values that do not fit their fields
    │   ├── InvalidFilter     400 invalid_filter     a filter that does not fit its field
    │   ├── InvalidCatalog    400 invalid_catalog    a catalog description that cannot be
    │   └── InvalidScenario   400 invalid_scenario   a scenario that could not run
    ├── NotAuthenticated      401 not_authenticated
    ├── Forbidden             403 forbidden
    ├── NotFound              404 not_found
    │   └── ContentGone       410 content_gone       a file whose content the store has lost
    ├── MethodNotAllowed      405 method_not_allowed
    ├── Conflict              409 conflict
    ├── TooLarge              413 too_large          a limit, named with its setting
    │   └── HeadersTooLarge   431 headers_too_large  … of headers
    ├── Unsupported           415 unsupported_media_type  an encoding of a body that is unknown
    ├── TooManyRequests       429 too_many_requests
    ├── Unavailable           503 unavailable        try again later
    ├── StorageFull           507 storage_full       no space left for files or records
    ├── EgressRefused         502 egress_refused     an address closed to outgoing connections
    ├── StepFailed            500 step_failed        a step of a process failed for good
    │   ├── Temporary         503 step_postponed     … failed now, may succeed after a delay
    │   └── ScriptFailed      500 script_failed      JavaScript that threw, or broke a limit
    ├── ProcessFailed         500 process_failed     a process that was waited for ended with an error
    │   └── ProcessTimedOut   504 process_timed_out  … did not end in time
    ├── Unexpected            500 unexpected         a fault of Obmen itself
    ├── Unimplemented         501 not_implemented    a documented resource that does not exist yet
    └── SetupError            500 setup              the installation cannot work as it is

An error is raised with the key of its message and the facts (``NotFound("api.no_catalog", id="7")``) and says itself in
any language. Used by every package.
"""

from typing import Any, ClassVar

from obmen import messages


class ObmenError(Exception):
    """A failure with a message for the person who caused it."""

    code: ClassVar[str]
    status: ClassVar[int]
    """The corresponding HTTP status (RFC 9110, 15)."""

    def __init__(self, message: str, /, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def text(self, language: str = messages.DEFAULT_LANGUAGE) -> str:
        """What went wrong and what to do, in ``language``."""
        facts = {
            name: fact.text(language) if isinstance(fact, ObmenError) else fact for name, fact in self.facts.items()
        }
        return messages.text(self.message, language, **facts)

    def __str__(self) -> str:
        return self.text()


class BadRequest(ObmenError):
    """The request cannot be understood."""

    code, status = "bad_request", 400


class InvalidValue(BadRequest):
    """One or more values do not fit their fields; ``problems`` names each by field id."""

    code = "invalid_value"

    def __init__(self, message: str, /, *, problems: tuple["FieldProblem", ...] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.problems = problems

    def full_text(self, language: str = messages.DEFAULT_LANGUAGE) -> str:
        """What went wrong, field by field, where there is no list of `problems` beside the text."""
        fields = "; ".join(f"{problem.field}: {problem.text(language)}" for problem in self.problems)
        return f"{self.text(language)} {fields}".strip()


class FieldProblem(BadRequest):
    """What is wrong with the value of one field; always part of an `InvalidValue`."""

    code = "invalid_value"

    def __init__(self, message: str, /, *, field: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.field = field


class InvalidFilter(BadRequest):
    """A filter that does not fit its field."""

    code = "invalid_filter"


class InvalidCatalog(BadRequest):
    """A description of a catalog that cannot be made."""

    code = "invalid_catalog"


class InvalidScenario(BadRequest):
    """A scenario that could not run; ``element`` is the id of the BPMN element at fault, where there is one.

    A file with several faults raises one error whose ``problems`` are an error for each; that of a single fault is
    its own problem.
    """

    code = "invalid_scenario"

    def __init__(
        self,
        message: str,
        /,
        *,
        element: str | None = None,
        title: str = "",
        problems: tuple["InvalidScenario", ...] = (),
        **facts: Any,
    ) -> None:
        """``title`` is what people call the element; messages name both."""
        super().__init__(message, element=f'"{title}" ({element})' if title.strip() else element, **facts)
        self.element = element
        self.problems = problems or (self,)

    def text(self, language: str = messages.DEFAULT_LANGUAGE) -> str:
        """All problems, one after the other."""
        if self.problems == (self,):
            return super().text(language)
        return " ".join(problem.text(language) for problem in self.problems)


class NotAuthenticated(ObmenError):
    """Nobody is signed in, or the sign-in was refused."""

    code, status = "not_authenticated", 401


class Forbidden(ObmenError):
    """The user has no right to do this."""

    code, status = "forbidden", 403


class NotFound(ObmenError):
    """There is no such thing, or not for this user."""

    code, status = "not_found", 404


class ContentGone(NotFound):
    """The file is described, but its content is missing from the store."""

    code, status = "content_gone", 410


class MethodNotAllowed(ObmenError):
    """The resource exists and has no such method."""

    code, status = "method_not_allowed", 405


class Conflict(ObmenError):
    """What is asked for contradicts what is stored."""

    code, status = "conflict", 409


class TooLarge(ObmenError):
    """A limit was exceeded; the message names the setting."""

    code, status = "too_large", 413


class HeadersTooLarge(TooLarge):
    """Headers of the request exceed a limit; the message names the setting."""

    code, status = "headers_too_large", 431


class Unsupported(ObmenError):
    """A body in a form that Obmen does not read."""

    code, status = "unsupported_media_type", 415


class TooManyRequests(ObmenError):
    """The caller asks too often."""

    code, status = "too_many_requests", 429


class Unavailable(ObmenError):
    """Cannot be done now; a later attempt may succeed."""

    code, status = "unavailable", 503


class StorageFull(ObmenError):
    """There is no space left for what is to be stored; nothing of it was stored (RFC 4918, 11.5)."""

    code, status = "storage_full", 507


class EgressRefused(ObmenError):
    """The address is closed to outgoing connections (law 6)."""

    code, status = "egress_refused", 502


class StepFailed(ObmenError):
    """A step of a process failed, and would fail again."""

    code, status = "step_failed", 500


class Temporary(StepFailed):
    """A step of a process failed, and may succeed after ``delay_s`` seconds."""

    code, status = "step_postponed", 503

    def __init__(self, message: str, /, *, delay_s: float, did_nothing: bool = False, **facts: Any) -> None:
        """``did_nothing``: it is certain that nothing has reached the other system."""
        super().__init__(message, **facts)
        self.delay_s = delay_s
        self.did_nothing = did_nothing


class ScriptFailed(StepFailed):
    """JavaScript of a scenario threw an error or broke one of its limits."""

    code = "script_failed"


class ProcessFailed(ObmenError):
    """A process that was waited for ended with an error; what it was stands in ``$processes`` only."""

    code, status = "process_failed", 500


class ProcessTimedOut(ProcessFailed):
    """A process that was waited for did not end in time and was ended."""

    code, status = "process_timed_out", 504


class Unexpected(ObmenError):
    """A fault of Obmen itself; the log says which."""

    code, status = "unexpected", 500


class Unimplemented(ObmenError):
    """A documented resource that does not exist yet."""

    code, status = "not_implemented", 501


class SetupError(ObmenError):
    """The installation cannot work as it is set up."""

    code, status = "setup", 500
