"""The service with an endpoint that does nothing, for `service.py`: what server and guard cost by themselves."""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

from leadwise.app.service.options import ServeOptions
from leadwise.app.service.wiring import create
from leadwise.web.api.body import answer


def application() -> FastAPI:
    """The real application, and `POST /empty`."""
    made = create()

    @made.post("/empty")
    async def empty(_: Request) -> Response:
        return answer({})

    return made


if __name__ == "__main__":
    ServeOptions(open=True, log_level="WARNING").to_environment()
    uvicorn.run(
        application(),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
    )
