"""R7: records change, their deliveries are received: log to receiver, and the lag at half that rate."""

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
import msgspec

from bench import company
from bench.asking import summary
from bench.company import Orders
from bench.load import Load
from bench.row import Measured, Pace, Row, WentWrong
from bench.stage import Stage, free_port, until

_SENDERS = 32
"""As many requests under way as a webhook has by default."""
_CHANGES_PER_SECOND_OF_PACE = 1_500
_TICK_S = 0.01


class Receiver:
    """The sink, seen from here."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.url = f"http://127.0.0.1:{free_port()}"

    async def start(self, stack: AsyncExitStack) -> None:
        """Runs until the stack unwinds."""
        await self._stage.start(stack, "sink", ["bench.sink", self.url.rpartition(":")[2]], f"{self.url}/count")

    async def count(self) -> int:
        """How many deliveries came so far."""
        return int(await self._stage.call("GET", f"{self.url}/count"))

    async def wait_for(self, count: int) -> list[tuple[str, float]]:
        """``(webhook-id, seconds)`` of all deliveries once there are so many; `WentWrong` where some stay away or came twice."""
        try:
            await until(lambda: self._has(count), "deliveries")
        except TimeoutError:
            raise WentWrong(f"{await self.count()} of {count} deliveries came") from None
        deliveries = [(name, at) for name, at in await self._stage.call("GET", f"{self.url}/deliveries")]
        named = [name for name, _ in deliveries if name]
        if len(set(named)) != len(named):
            raise WentWrong(f"{len(named) - len(set(named))} of {len(named)} deliveries came twice")
        return deliveries

    async def _has(self, count: int) -> bool:
        return await self.count() >= count

    async def bodies(self) -> list[bytes]:
        """The latest bodies."""
        return [body.encode() for body in await self._stage.call("GET", f"{self.url}/bodies")]


async def measure(stage: Stage, pace: Pace) -> Measured:
    """Against bare POSTs of the same bodies to the same receiver."""
    orders = await company.orders(stage, 1)
    receiver = Receiver(stage)
    async with AsyncExitStack() as stack:
        await receiver.start(stack)
        values = {
            "$name": "Bench",
            "$catalog": [{"catalogId": "$catalogs", "recordId": orders.catalog_id}],
            "$events": ["record.created"],
            "$url": f"{receiver.url}/hook",
            "$secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }
        await company.create(stage, "$webhooks", values)
        await _deliver(stage, receiver, orders, 100)
        baselines, rates = [], []
        changes = _CHANGES_PER_SECOND_OF_PACE * pace.seconds
        for _ in range(pace.rounds):
            rates.append(changes / await _deliver(stage, receiver, orders, changes))
            baselines.append(await _post(receiver, changes))
        half = sorted(rates)[len(rates) // 2] / 2
        lags = await _lags(stage, receiver, orders, half, max(3, pace.seconds))
        ordinary = summary(lags, 1.0)
    obmens = [msgspec.structs.replace(ordinary, requests=changes, seconds=changes / rate) for rate in rates]
    return Measured(baselines, obmens)


async def _change(stage: Stage, orders: Orders, count: int) -> float:
    """Makes so many records with their events in one transaction, as the batch writers do; when it was committed."""
    fields = ", ".join(f"f{number}" for number in range(1, len(company.FIELDS) + 1))
    table = f"obmen.{orders.table}"
    await stage.database.execute(
        f"with r as (insert into {table} ({fields}) select {fields} from {table}, generate_series(1, $1::int) "
        f"where id = $2 returning *) insert into obmen.events (type, catalog_id, record_id, new) "
        f"select 'record.created', {orders.catalog_id}, r.id, to_jsonb(r) from r",
        count,
        int(orders.record_ids[0]),
        timeout=120,
    )
    committed = time.time()
    await stage.database.execute("notify obmen_events")
    return committed


async def _deliver(stage: Stage, receiver: Receiver, orders: Orders, count: int) -> float:
    """Seconds from the commit of so many changes to the arrival of the last of them."""
    before = await receiver.count()
    committed = await _change(stage, orders, count)
    deliveries = await receiver.wait_for(before + count)
    return max(at for _, at in deliveries) - committed


async def _post(receiver: Receiver, count: int) -> Load:
    """The baseline."""
    bodies = await receiver.bodies()
    numbers = iter(range(count))
    latencies: list[float] = []
    headers = {"Content-Type": "application/json"}

    async def send(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            began = time.perf_counter()
            body = bodies[number % len(bodies)]
            async with session.post(f"{receiver.url}/hook", data=body, headers=headers) as response:
                await response.read()
            latencies.append(time.perf_counter() - began)

    start = time.perf_counter()
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(_SENDERS):
            group.create_task(send(session))
    return summary(latencies, time.perf_counter() - start)


async def _lags(stage: Stage, receiver: Receiver, orders: Orders, rate: float, seconds: int) -> list[float]:
    """Seconds from event to arrival of each change, at so many changes a second."""
    before = await receiver.count()
    start, made = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds:
        due = int(passed * rate) - made
        if due:
            await _change(stage, orders, due)
            made += due
        await asyncio.sleep(_TICK_S)
    deliveries = (await receiver.wait_for(before + made))[before:]
    happened = {
        row["position"]: row["at"].timestamp()
        for row in await stage.database.fetch(
            "select position, at from obmen.events where catalog_id = $1", int(orders.catalog_id)
        )
    }
    return [at - happened[int(name.rpartition(".")[2])] for name, at in deliveries]


ROW = Row(name="R7", work="changes, webhook, received", reach=0.3, measure=measure)
