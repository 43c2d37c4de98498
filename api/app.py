"""The application: FastAPI for what people read about it, bare ASGI where it is hot, one form for every refusal."""

from __future__ import annotations

import importlib
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.auth.codes import EdgeRefused
from api.guard import Guard
from api.problems import Problem, RequestCode, RequestRefused, of_error, of_request
from api.rest import (
    accounts,
    alerts,
    certificates,
    data_room,
    deal_payments,
    deal_reports,
    documents,
    holders,
    incomes,
    journal,
    markets,
    node,
    orders,
    packs,
    proofs,
    resources,
    session,
    statistics,
    titles,
    uploads,
)
from api.rest.door import CommandDoor
from api.rest.openapi import describe
from api.services import Services
from exchange.node.ports import NodeFault

TITLE = "IP Exchange"
VERSION = "0.1.0"
MOUNTS = ("api.stream.routes", "api.counterparty.routes", "api.ui.routes")
"""Doors that mount themselves: each module's `mount(app, services)`, where it is installed."""


ROUTERS = (
    session.router,
    node.router,
    markets.router,
    statistics.router,
    orders.router,
    accounts.router,
    journal.router,
    alerts.router,
    documents.router,
    data_room.router,
    uploads.router,
    titles.router,
    holders.router,
    proofs.router,
    certificates.router,
    incomes.router,
    packs.router,
    deal_payments.router,
    deal_reports.router,
)


def create_app(services: Services) -> FastAPI:
    """Put the application together over its services."""
    app = FastAPI(title=TITLE, version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(resources.routes())
    for name in MOUNTS:
        _mount(name, app, services)
    for kind in (RequestRefused, EdgeRefused, NodeFault):
        app.add_exception_handler(kind, _problem)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _parameter_problem)
    # The last added stands outermost: Guard, then the door, then FastAPI's own.
    app.add_middleware(CommandDoor, services=services)
    app.add_middleware(Guard, services=services)
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(describe(app))
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way of replacing the document
    return app


def problem_response(request: Request, problem: Problem) -> Response:
    """A problem as FastAPI's routes answer it; its code is left for the log line."""
    request.scope["state"]["problem"] = problem
    response = Response(problem.body(), problem.status)
    for name, value in problem.headers():
        response.headers[name.decode()] = value.decode()
    return response


async def _problem(request: Request, error: Exception) -> Response:
    return problem_response(request, of_error(error))


async def _http_problem(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    code = {404: RequestCode.NOT_FOUND, 405: RequestCode.METHOD}.get(status, RequestCode.INVALID)
    problem = Problem(status, code.value, code.sentence)
    response = problem_response(request, problem)
    for name, value in (getattr(error, "headers", None) or {}).items():
        response.headers[name] = value
    return response


async def _parameter_problem(request: Request, error: Exception) -> Response:
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    detail = f"{'.'.join(str(part) for part in found.get('loc', ()))}: {found.get('msg', '')}"[:300]
    return problem_response(request, of_request(RequestCode.PARAMETER, detail))


def _mount(name: str, app: FastAPI, services: Services) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        return
    module.mount(app, services)
