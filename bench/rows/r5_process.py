"""R5: an external request starts a process that sets variables, is journaled and answers."""

from pathlib import Path

from bench import company
from bench.load import Requests
from bench.row import Measured, Pace, Row, WentWrong, compare
from bench.stage import Stage

_SCENARIO = Path(__file__).parent.parent / "data" / "answer.bpmn"


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against an insert of the body as one row."""
    path = await company.listener(stage, "answer", _SCENARIO.read_text("utf-8"))
    sent = {"id": 7, "name": "Anna"}
    answer = await stage.call("POST", stage.obmen_url + path, json=sent)
    if answer != {"hello": "Anna", "id": 7}:
        raise WentWrong(f"the process answered {answer}")
    json = {"Content-Type": "application/json"}
    body = b'{"id":7,"name":"Anna"}'
    return await compare(
        stage,
        pace,
        Requests(method="POST", url=stage.baseline_url, paths=["/runs"], headers=json, body=body),
        Requests(method="POST", url=stage.obmen_url, paths=[path], headers=json, body=body),
        writes_to=(await company.system_table(stage, "$processes"),),
    )


ROW = Row(name="R5", work="request, process, answer", reach=0.4, measure=measure)
