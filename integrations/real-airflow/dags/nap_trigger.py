"""A trigger that writes while it waits."""

import asyncio

from airflow.triggers.base import BaseTrigger, TriggerEvent


class NapTrigger(BaseTrigger):
    def __init__(self, seconds: int):
        super().__init__()
        self.seconds = seconds

    def serialize(self):
        return "nap_trigger.NapTrigger", {"seconds": self.seconds}

    async def run(self):
        for second in range(self.seconds):
            self.log.info("second %d\nof %d", second, self.seconds)
            await asyncio.sleep(1)
        yield TriggerEvent({"slept": self.seconds})
