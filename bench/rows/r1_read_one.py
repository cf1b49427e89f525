"""R1: ``GET /catalogs/{id}/records/{id}``, twelve fields of all types, session cookie, rights checked."""

from bench.company import FIELDS, filled
from bench.load import Requests
from bench.row import Measured, Pace, Row, WentWrong, compare
from bench.stage import Stage


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against one ``SELECT`` by id; the records of a catalog in turn."""
    orders = await filled(stage, pace.records)
    path = f"/catalogs/{orders.catalog_id}/records"
    record = await stage.api("GET", f"{path}/{orders.record_ids[-1]}")
    if sum(bool(value) or value in (0, False) for value in record["values"].values()) != len(FIELDS):
        raise WentWrong(f"not all values came back: {record['values']}")
    return await compare(
        stage,
        pace,
        Requests(url=stage.baseline_url, paths=[f"/records/{number}" for number in range(1, pace.records + 1)]),
        Requests(
            url=stage.obmen_url,
            paths=[f"/api/v1{path}/{record_id}" for record_id in orders.record_ids],
            headers=stage.cookie,
        ),
    )


ROW = Row(name="R1", work="read one record", reach=0.5, measure=measure)
