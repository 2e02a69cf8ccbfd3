"""Routes that OpenAI has and this server has not: each absence is explained."""

from collections.abc import Mapping

TEXT_ONLY = "The models of this server read and write text only."
NO_STORE = "This server keeps no files and runs no jobs."
# Beginnings of paths; the longest one that fits explains.
ABSENT: Mapping[str, str] = {
    "/v1/embeddings": "This server offers no embeddings: its models write text.",
    "/v1/responses": "This server answers at once: there is nothing to cancel.",
    "/v1/responses/input_tokens": "This server counts tokens when it answers: see usage.",
    "/v1/responses/compact": "This server compacts nothing: send the conversation as it is to be read.",
    "/v1/conversations": "This server keeps no conversations: send the whole one as the input.",
    "/v1/chat/completions": "This server keeps no completions: each is answered and forgotten.",
    "/v1/assistants": "This server keeps no assistants: send instructions and tools with each request.",
    "/v1/threads": "This server keeps no threads: send the whole conversation with each request.",
    "/v1/moderations": "This server moderates nothing.",
    "/v1/realtime": TEXT_ONLY,
    "/v1/audio": TEXT_ONLY,
    "/v1/images": TEXT_ONLY,
    "/v1/videos": TEXT_ONLY,
    "/v1/files": NO_STORE,
    "/v1/uploads": NO_STORE,
    "/v1/batches": NO_STORE,
    "/v1/vector_stores": NO_STORE,
    "/v1/fine_tuning": NO_STORE,
}


def why_absent(path: str) -> str:
    """Why there is no such route, empty where there is nothing to explain."""
    known = (prefix for prefix in ABSENT if path == prefix or path.startswith(f"{prefix}/"))
    return ABSENT.get(max(known, key=len, default=""), "")
