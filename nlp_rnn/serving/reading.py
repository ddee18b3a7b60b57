"""From the bytes of a request to the texts in it: whatever can be wrong gets a status and a sentence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from nlp_rnn.serving.messages import Question

FORM = 'Send {"text": "..."} or {"texts": ["...", "..."]}.'


async def read(
    request: Request, forms: tuple[type[Question], type[Question]], *, most: int, seconds: float
) -> list[str]:
    """The texts that a request asks about.

    Args:
        request: its body has not been read.
        forms: of one text and of many.
        most: bytes of body.
        seconds: for the body to arrive.

    Raises:
        HTTPException: 400, 408, 413, 415 or 422, with a sentence that says what to do.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"The body must be JSON: set Content-Type: application/json. {FORM}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "The body must not be compressed: leave Content-Encoding out.")
    try:
        async with asyncio.timeout(seconds):
            body = await _body(request, most)
    except TimeoutError:
        close = {"Connection": "close"}
        raise HTTPException(
            408, f"The body took more than {seconds:g} seconds; send it faster.", close
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, "The connection ended before the body did.") from None
    return texts(parse(body), forms)


async def _body(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    large = HTTPException(413, f"The body has more than {most} bytes; send fewer or shorter texts at a time.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise large
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise large
        pieces.append(piece)
    return b"".join(pieces)


def parse(body: bytes) -> Any:
    """JSON as RFC 8259 has it, each key once; raises HTTPException with status 400."""
    if not body.strip():
        raise HTTPException(400, f"The body is empty. {FORM}")
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not UTF-8 (byte {error.start}); encode it so.") from None
    except RecursionError:
        raise HTTPException(400, f"The body is nested too deeply. {FORM}") from None
    except json.JSONDecodeError as error:
        raise HTTPException(400, f"The body is not JSON: {error.msg} (character {error.pos}).") from None
    except ValueError:  # a number of thousands of digits
        raise HTTPException(400, f"The body holds a number that is too long. {FORM}") from None


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HTTPException(400, "The body has a key twice; give each key once.")
    return found


def _no_number(name: str) -> Any:
    raise HTTPException(400, f"The body holds {name}, which is not JSON. {FORM}")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def texts(content: Any, forms: tuple[type[Question], type[Question]]) -> list[str]:
    """The texts in a request's JSON; raises HTTPException with status 422 where it is of another form."""
    if not isinstance(content, Mapping):
        raise HTTPException(422, f"The body must be a JSON object. {FORM}")
    if content.keys() >= {"text", "texts"}:
        raise HTTPException(422, "Send either text or texts, not both.")
    one, many = forms
    try:
        (many if "texts" in content else one).model_validate(content)
    except ValidationError as error:
        raise HTTPException(422, _sentence(error)) from None
    return content["texts"] if "texts" in content else [content["text"]]


def _sentence(error: ValidationError) -> str:
    """What is wrong first, without the text itself."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else part for part in first["loc"])
    if len(where) > 40:
        where = f"{where[:40]}…"
    most = first.get("ctx", {}).get("max_length")
    sentences = {
        "missing": f"{where} is missing. {FORM}",
        "extra_forbidden": f"There is no field {where!a}. {FORM}",
        "string_type": f"{where} must be a string.",
        "string_unicode": f"{where} holds half of a surrogate pair, which is no character; leave it out.",
        "string_too_long": f"{where} has more than {most} characters; cut it into shorter texts.",
        "list_type": f"{where} must be a list of strings.",
        "too_short": f"{where} is empty; give at least one text.",
        "too_long": f"{where} holds more than {most} texts; send fewer at a time.",
    }
    return sentences.get(first["type"], f"{where}: {first['msg']}.")
