"""DELETE /v1/responses/{id}: what was kept of a response is forgotten."""

from fastapi import Request
from starlette.responses import Response

from tampu.dialects.responses_memory import PATH, is_response
from tampu.errors import ResponseNotFound
from tampu.server.records import record_of
from tampu.server.routes import AddRoute, as_json
from tampu.server.service import Service


def add_responses(add: AddRoute, service: Service) -> None:
    """The route."""

    async def forget(request: Request) -> Response:
        response_id, tenant = request.path_params["response"], record_of(request.scope).tenant
        kept = service.memory.recall(tenant, response_id)
        if not is_response(kept):
            raise ResponseNotFound(response_id)
        for known in (response_id, *(item["id"] for item in kept["response"]["output"])):
            service.memory.forget(tenant, known)
        return as_json({"id": response_id, "object": "response", "deleted": True})

    add(PATH, forget, ["DELETE"])
