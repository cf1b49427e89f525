"""What readers of requests must not exceed; ``settings.Limits`` has these keys. Pure."""

from typing import Protocol


class Limits(Protocol):
    """The limits of one request."""

    @property
    def depth(self) -> int:
        """Nesting of JSON, XML and bracketed parameters."""
        ...

    @property
    def values(self) -> int:
        """Values of JSON, elements and attributes of XML."""
        ...

    @property
    def parameters(self) -> int:
        """Parameters of a query or form, with the levels that their brackets make."""
        ...
