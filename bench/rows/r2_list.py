"""R2: ``GET …/records?limit=20`` with two filters."""

import json
from urllib.parse import quote

from bench.baseline import PAGE
from bench.company import filled
from bench.load import Requests
from bench.row import Measured, Pace, Row, WentWrong, compare
from bench.stage import Stage

_FILTERS = [{"fieldId": "status", "value": ["1", "2"]}, {"fieldId": "amount", "value": {"at": 120}}]


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against the newest 20 rows."""
    orders = await filled(stage, pace.records)
    path = f"/catalogs/{orders.catalog_id}/records?limit={PAGE}&filters={quote(json.dumps(_FILTERS))}"
    page = await stage.api("GET", path)
    if len(page) != PAGE or any(record["values"]["amount"] < 120 for record in page):
        raise WentWrong("the page does not match its filters")
    return await compare(
        stage,
        pace,
        Requests(url=stage.baseline_url, paths=["/records"]),
        Requests(url=stage.obmen_url, paths=[f"/api/v1{path}"], headers=stage.cookie),
    )


ROW = Row(name="R2", work="list 20 of those that match two filters", reach=0.5, measure=measure)
