"""R3: ``POST …/records``, the event logged in the same transaction."""

from bench import company
from bench.load import Requests
from bench.row import Measured, Pace, Row, compare
from bench.stage import Stage


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against an insert of two rows in one statement, of the same body."""
    orders = await company.orders(stage, 1)
    json = {"Content-Type": "application/json"}
    return await compare(
        stage,
        pace,
        Requests(method="POST", url=stage.baseline_url, paths=["/records"], headers=json, body=orders.body),
        Requests(
            method="POST",
            url=stage.obmen_url,
            paths=[f"/api/v1/catalogs/{orders.catalog_id}/records"],
            headers={**json, **stage.cookie},
            body=orders.body,
        ),
        writes_to=(orders.table,),
    )


ROW = Row(name="R3", work="create a record", reach=0.5, measure=measure)
