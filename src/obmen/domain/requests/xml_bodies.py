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


class _Tree:
    """The elements that are open, outermost first: ``(children and attributes, texts)`` of each."""

    def __init__(self, limits: Limits) -> None:
        self.root: dict[str, Any] = {}
        self._limits = limits
        self._values = 0
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def begin(self, _name: str, attributes: list[str]) -> None:
        self._values += 1 + len(attributes) // 2
        if self._values > self._limits.values:
            raise TooLarge("request.too_many_values", limit=self._limits.values)
        if len(self._open) > self._limits.depth:
            raise TooLarge("request.too_deep", limit=self._limits.depth)
        item = {f"@{key}": value for key, value in zip(attributes[::2], attributes[1::2], strict=True)}
        self._open.append((item, []))

    def end(self, name: str) -> None:
        item, texts = self._open.pop()
        text = "".join(texts).strip()
        if item and text:
            item["#text"] = text
        self._put(name, item or text or None)

    def add_text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _put(self, name: str, value: Any) -> None:
        siblings = self._open[-1][0]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]


def _refuse(*_: object) -> None:
    raise BadRequest("request.doctype")
