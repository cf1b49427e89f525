"""XML that other systems send, as JSON values. Pure."""

import re
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

from obmen.domain.requests.limits import Limits
from obmen.errors import BadRequest, TooLarge

_ATTRIBUTE: Final = re.compile("=\\s*+[\"']")


def read_xml(text: str, limits: Limits) -> dict[str, Any]:
    """``{root: value}``: elements as objects, repeated ones as lists, attributes as ``@name``, text beside them as ``#text``.

    An element with text alone is that text, one with nothing is ``None``; blanks around text are left out. A DOCTYPE is
    refused: entities and default attributes multiply what was sent. `BadRequest` says where the text breaks, `TooLarge`
    which limit it exceeds.
    """
    if text.count("=") > limits.values and sum(1 for _ in _ATTRIBUTE.finditer(text)) > limits.values:
        raise TooLarge("request.too_many_values", limit=limits.values)  # an element comes with all of its attributes
    tree = _Tree(limits)
    parser = ParserCreate()
    parser.buffer_text = parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = tree.begin, tree.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = tree.add_text, _refuse
    try:
        parser.Parse(text, True)
    except (ExpatError, UnicodeEncodeError) as error:
        raise BadRequest("request.not_xml", problem=error) from None
    return tree.root


class _Element:
    """An element that is open; what it has is made when it comes."""

    __slots__ = ("item", "texts")

    def __init__(self, item: dict[str, Any] | None) -> None:
        self.item = item
        self.texts: list[str] | None = None

    @property
    def value(self) -> Any:
        """What it is when it ends."""
        text = "".join(self.texts).strip() if self.texts else ""
        if self.item is None:
            return text or None
        if text:
            self.item["#text"] = text
        return self.item


class _Tree:
    """The elements that are open, outermost first."""

    def __init__(self, limits: Limits) -> None:
        self.root: dict[str, Any] = {}
        self._depth, self._values = limits.depth, limits.values
        self._left = limits.values
        self._open = [_Element(self.root)]

    def begin(self, _name: str, attributes: list[str]) -> None:
        item = None
        self._left -= 1
        if attributes:
            self._left -= len(attributes) // 2
            item = {f"@{key}": value for key, value in zip(attributes[::2], attributes[1::2], strict=True)}
        if self._left < 0:
            raise TooLarge("request.too_many_values", limit=self._values)
        if len(self._open) > self._depth:
            raise TooLarge("request.too_deep", limit=self._depth)
        self._open.append(_Element(item))

    def end(self, name: str) -> None:
        value, around = self._open.pop().value, self._open[-1]
        if around.item is None:
            around.item = {name: value}
        elif name not in around.item:
            around.item[name] = value
        elif isinstance(siblings := around.item[name], list):
            siblings.append(value)
        else:
            around.item[name] = [siblings, value]

    def add_text(self, text: str) -> None:
        element = self._open[-1]
        if element.texts is None:
            element.texts = []
        element.texts.append(text)


def _refuse(*_: object) -> None:
    raise BadRequest("request.doctype")
