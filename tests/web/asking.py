"""Requests to an application, without a socket."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
from fastapi import FastAPI


def ask_application(application: FastAPI, path: str, method: str = "GET") -> httpx.Response:
    """What the application answers, redirects followed.

    In a thread of its own: a browser that is open in this process has an event loop running in the main one.
    """
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://leads", follow_redirects=True) as client:
            return await client.request(method, path)

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(asked())).result()
