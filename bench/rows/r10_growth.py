"""R10: the same questions in catalogs of very different size. Each is asked alone, one after the other."""

import json
import time
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench import filling
from bench.baseline import PAGE
from bench.filling import RARE, Filled
from bench.row import Growth, Pace, Row, WentWrong
from bench.stage import Stage

_FAR = 0.9
_MOST, _LEAST = 100, 3
_SORTS = ("name", "amount", "due", "status", "tags", "paid", "client", "done", "owner", "rating", "kind")


async def measure(stage: Stage, pace: Pace) -> Growth:
    """p50 in milliseconds of every question at every size."""
    found: dict[str, list[float]] = {}
    for size in pace.sizes:
        filled = await filling.fill(stage, size)
        for work, (query, expected) in _questions(stage, filled).items():
            path = f"/catalogs/{filled.catalog_id}/records?{query}"
            answer = await stage.api("GET", path)
            if len(answer) != expected:
                raise WentWrong(f"{work} of {size}: {len(answer)} records instead of {expected}")
            found.setdefault(work, []).append(await _p50(stage, pace, "GET", path))
        for work, (method, path, body) in (await _others(stage, filled)).items():
            found.setdefault(work, []).append(await _p50(stage, pace, method, path, body))
    return Growth(list(pace.sizes), found)


async def _p50(stage: Stage, pace: Pace, method: str, path: str, body: Any = None) -> float:
    latencies: list[float] = []
    start = time.perf_counter()
    while len(latencies) < _LEAST or (len(latencies) < _MOST and time.perf_counter() - start < pace.seconds / 5):
        began = time.perf_counter()
        await stage.api(method, path, body)
        latencies.append((time.perf_counter() - began) * 1_000)
    return median(latencies)


def _questions(stage: Stage, filled: Filled) -> dict[str, tuple[str, int]]:
    """``{work: (query, records in the answer)}``."""
    size, most = filled.records, PAGE
    far = int(size * _FAR)
    rare_client, common_client = (
        [{"catalogId": filled.clients_id, "recordId": client}] for client in reversed(filled.clients)
    )
    filters: dict[str, tuple[str, Any, int]] = {
        "text, rare": ("name", "zebra", RARE),
        "text, common": ("name", "order", most),
        "text, two letters": ("name", "qx", 0),
        "number, rare": ("amount", {"at": far, "to": far + RARE - 1}, RARE),
        "number, common": ("amount", {"at": 10}, most),
        "date, rare": ("due", {"at": _minute(far), "to": _minute(far + RARE - 1)}, RARE),
        "date, common": ("due", {"at": _minute(10)}, most),
        "dropdown, rare": ("status", ["3"], RARE),
        "dropdown, common": ("status", ["1", "2"], most),
        "checkboxes, rare": ("tags", ["3"], RARE),
        "checkboxes, common": ("tags", ["1"], most),
        "radiobutton, rare": ("kind", ["3"], RARE),
        "radiobutton, common": ("kind", ["1"], most),
        "switch, rare": ("paid", True, RARE),
        "switch, common": ("paid", False, most),
        "contact, rare": ("phone", "+7 999 555", RARE),
        "contact, common": ("phone", "+7 900", most),
        "link, rare": ("client", rare_client, RARE),
        "link, common": ("client", common_client, most),
        "user, rare": ("owner", [stage.user_id], RARE),
        "progress, rare": ("done", {"at": 100}, RARE),
        "progress, common": ("done", {"at": 10}, most),
        "stars, rare": ("rating", [5], RARE),
        "stars, common": ("rating", [1], most),
    }
    found = {"list": (_query(), most)}
    for work, (field, value, expected) in filters.items():
        asked = _query(filters=json.dumps([{"fieldId": field, "value": value}]))
        found[f"filter {work}"] = (asked, expected)
    for field in _SORTS:
        found[f"sort {field}"] = (_query(sortField=field), most)
    return {
        **found,
        "search, rare": (_query(searchText="zebra"), RARE),
        "search, common": (_query(searchText="order"), most),
        "search, none": (_query(searchText="unheard of"), 0),
        "withTotal, all": (_query(withTotal="true"), most),
        "withTotal, filter": (
            _query(withTotal="true", filters=json.dumps([{"fieldId": "amount", "value": {"at": 1}}])),
            most,
        ),
        "withTotal=exact, all": (_query(withTotal="exact"), most),
        "offset 90 %": (_query(offset=far), most),
        "sort amount, offset 90 %": (_query(sortField="amount", offset=far), most),
    }


async def _others(stage: Stage, filled: Filled) -> dict[str, tuple[str, str, Any]]:
    """``{work: (method, path, body)}``."""
    records = f"/catalogs/{filled.catalog_id}/records"
    far = int(filled.records * _FAR)
    values = {"name": "One more", "amount": 5, "status": ["1"], "phone": [{"contact": "+7 900 0"}], "kind": ["1"]}
    return {
        "read one": ("GET", f"{records}/{far}", None),
        "after 90 %": ("GET", await stage.next_page(f"{records}?{_query(offset=far)}"), None),
        "sort amount, after 90 %": (
            "GET",
            await stage.next_page(f"{records}?{_query(sortField='amount', offset=far)}"),
            None,
        ),
        "create": ("POST", records, {"values": values}),
        "change": ("PATCH", f"{records}/{far}", {"values": {"rating": 2}}),
    }


def _query(**parameters: Any) -> str:
    return urlencode({"limit": PAGE, **parameters})


def _minute(number: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + number * 60))


ROW = Row(name="R10", work="growth of a catalog", reach=2.0, measure=measure)
