"""R6: the Tilda scenario: a form starts a process of five components, one of them ``code``, that creates a record."""

from urllib.parse import urlencode

from bench import company
from bench.load import Requests
from bench.row import Measured, Pace, Row, WentWrong, compare
from bench.stage import ROOT, Stage

_SCENARIO = ROOT / "tests" / "data" / "scenarios" / "GetRequest.bpmn"
_FIELDS = [
    {"id": "name", "name": "Name", "type": "text"},
    {"id": "email", "name": "E-mail", "type": "contact"},
    {"id": "phone", "name": "Phone", "type": "contact"},
    {"id": "date", "name": "Date", "type": "date", "config": {"time": True}},
    {"id": "choice", "name": "Choice", "type": "radiobutton", "config": {"items": [{"name": "Yes"}, {"name": "No"}]}},
    {"id": "agree", "name": "Agrees", "type": "switch"},
    {"id": "interests", "name": "Interests", "type": "checkboxes", "config": {"items": [{"name": "A"}, {"name": "B"}]}},
]
_FORM = {
    "name": "Anna",
    "email": "anna@example.com",
    "phone": "+7 (901) 234-56-78",
    "date": "25-12-2026",
    "choice": "Yes",
    "agree": "yes",
    "interests": "A; B",
    "tranid": "1:2",
    "formid": "form47",
}


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against an insert of the body as one row."""
    section = (await stage.api("POST", "/sections", {"name": "Site"}))["id"]
    leads = await company.catalog(stage, section, "Leads", _FIELDS)
    source = _SCENARIO.read_text("utf-8").replace("\"'48'\"", f"\"'{leads}'\"")
    path = await company.listener(stage, "form", source)
    await stage.call("POST", stage.obmen_url + path, data=_FORM)
    records = await stage.api("GET", f"/catalogs/{leads}/records")
    if len(records) != 1 or records[0]["values"]["date"] != "2026-12-25T11:00:00.000Z":
        raise WentWrong(f"the form made {records}")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(_FORM).encode()
    return await compare(
        stage,
        pace,
        Requests(method="POST", url=stage.baseline_url, paths=["/runs"], headers=form, body=body),
        Requests(method="POST", url=stage.obmen_url, paths=[path], headers=form, body=body),
        writes_to=(f"c{leads}", await company.system_table(stage, "$processes")),
    )


ROW = Row(name="R6", work="form, process of five components, record, answer", reach=0.2, measure=measure)
