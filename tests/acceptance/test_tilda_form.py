"""The main job, end to end: a form of a foreign site becomes a record, and another system hears of it."""

import json

import pytest

from live_server import LiveServer, wait_until
from tilda_company import FORM, VALUES, TildaCompany, documented_signature, standard_signature
from webhook_receiver import receiving


def test_a_form_becomes_a_record_and_a_signed_webhook(server: LiveServer, tmp_path) -> None:
    with receiving(tmp_path) as receiver:
        company = TildaCompany(server, receiver.url)

        answer = company.post_form(FORM)

        assert (answer.status, answer.body) == (200, b"")
        (record,) = company.records()
        assert record["values"] == VALUES
        assert company.last_process()["$status"] == ["$done"]

        receiver.wait_for(1)
        (request,) = receiver.settle()
        headers, body = request["headers"], request["body"]
        assert headers["x-hook-signature"] == documented_signature(body)
        assert standard_signature(headers, body) in headers["webhook-signature"].split(" ")
        sent = json.loads(body)
        assert sent["hook"] == {"id": company.webhook, "event": "record.created", "sequenceId": 1}
        assert sent["payload"] == {"catalogId": company.catalog, "recordId": record["id"], "values": VALUES}
        assert server.api("GET", f"/catalogs/{company.catalog}/records/{record['id']}")["values"] == VALUES


def test_tildas_own_test_request_is_answered_and_makes_no_record(server: LiveServer) -> None:
    company = TildaCompany(server)

    answer = company.post_form({"test": "test"})

    assert (answer.status, answer.body) == (200, b"")
    assert company.records() == []
    assert company.last_process()["$status"] == ["$done"]


def test_a_broken_catalog_id_ends_the_process_with_the_message(server: LiveServer) -> None:
    company = TildaCompany(server, broken_catalog_id="4848")

    answer = company.post_form(FORM)

    assert answer.status == 500
    assert answer.json["code"] == "process_failed"
    assert "4848" not in answer.json["message"]  # what went wrong is the company's business
    process = company.last_process()
    assert process["$status"] == ["$error"]
    assert "err0r is not defined" in process["$result"]  # the scenario fails on purpose after the failed step
    assert company.records() == []


@pytest.mark.parametrize("failures", [2])
def test_a_receiver_that_is_down_gets_it_later_once_and_in_order(new_database, tmp_path, failures: int) -> None:
    with (
        LiveServer(tmp_path / "data", new_database(), OBMEN_WEBHOOK_RETRIES_S="0.2,0.3,0.4,0.5,1") as live,
        receiving(tmp_path, failures=failures) as receiver,
    ):
        company = TildaCompany(live, receiver.url)
        record = company.create(company.catalog, {"name": "0"})
        path = f"/catalogs/{company.catalog}/records/{record}"
        for number in range(1, 4):
            live.api("PATCH", path, {"values": {"name": str(number)}})

        delivered = [json.loads(request["body"]) for request in receiver.wait_for(4)]
        assert [sent["payload"]["values"]["name"] for sent in delivered] == ["0", "1", "2", "3"]
        assert [sent["hook"]["sequenceId"] for sent in delivered] == [1, 2, 3, 4]
        everything = receiver.settle()
        assert [request["status"] for request in everything] == [500] * failures + [200] * 4
        assert len({request["headers"]["webhook-id"] for request in everything[: failures + 1]}) == 1


def test_a_delivery_survives_the_servers_death(new_database, tmp_path) -> None:
    """Killed between the commit and the delivery: it arrives after the restart."""
    live = LiveServer(tmp_path / "data", new_database(), OBMEN_WEBHOOK_RETRIES_S="0.5,0.5,0.5,1,1,1")
    live.start()
    with receiving(tmp_path) as receiver:
        company = TildaCompany(live, receiver.url)
        receiver.stop()
        assert company.post_form(FORM).status == 200
        live.kill()

        with receiving(tmp_path, port=receiver.port) as again:
            live.start()
            try:
                again.wait_for(1)
                (request,) = again.settle()
                assert json.loads(request["body"])["payload"]["values"] == VALUES
                wait_until(lambda: len(company.records()) == 1, "the record")
            finally:
                live.kill()
