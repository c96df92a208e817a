"""Log lines of the service, as its processes write them."""

import json
import subprocess
import sys

ANSWERING = """
import asyncio, logging
from leadwise.app.service.logs import set_up_logs
from leadwise.web.api.asks import Limits
from leadwise.web.api.guard import Guard

set_up_logs("INFO")

class Callers:
    open = True

async def application(scope, receive, send):
    logging.getLogger("somewhere").warning("Said while %s is answered", scope["path"])
    await asyncio.to_thread(logging.getLogger("elsewhere").info, "Said in a thread")
    await send({"type": "http.response.start", "status": 200})

async def send(message):
    pass

async def main():
    guard = Guard(application, Callers(), Limits(), (), None)
    for number in ("one", "two"):
        scope = {"type": "http", "path": f"/{number}", "method": "GET", "headers": [(b"x-request-id", number.encode())]}
        await asyncio.create_task(guard(scope, None, send))
    logging.getLogger("somewhere").info("Said for nobody")

asyncio.run(main())
"""


def test_log_lines_carry_the_id_of_the_request_that_is_answered():
    done = subprocess.run([sys.executable, "-c", ANSWERING], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["message"], line.get("request_id")) for line in lines] == [
        ("Said while /one is answered", "one"),
        ("Said in a thread", "one"),
        ("Said while /two is answered", "two"),
        ("Said in a thread", "two"),
        ("Said for nobody", None),
    ]
    assert {"timestamp", "level", "message"} <= set(lines[0])
