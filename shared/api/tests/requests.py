"""Writes requests.json.gz: requests of botocore's own serializers for operations of every service.

Run it with the Python whose botocore the models are made of (`cargo xtask gen-models` says where), beside this file:

    target/tools/ministack/bin/python shared/api/tests/requests.py

Each entry is [service, operation, input, method, path, query, headers, body]. Inputs are in our form: bytes are Base64,
times RFC 3339. No handler of botocore's client runs, so that the requests are what the models alone say. A body that is
no text is written as {"base64": ...}.
"""

import base64
import datetime
import gzip
import hashlib
import json
import os

import botocore
import botocore.session
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence

DEEPEST = 4
TIME = "2026-01-31T12:34:56Z"
BYTES = b"\x00\xffbytes"


def both(shape, depth, plain):
    """A value in our form, and the same as botocore takes it; None where it would be too deep."""
    kind = shape.type_name
    if shape.serialization.get("jsonvalue") and shape.serialization.get("location") == "header":
        return {"a": [1, "b"]}, {"a": [1, "b"]}
    if getattr(shape, "is_document_type", False):
        return {"any": [1.5, None, "ü"]}, {"any": [1.5, None, "ü"]}
    if kind == "structure":
        if depth > DEEPEST or shape.serialization.get("eventstream"):
            return None
        ours, theirs = {}, {}
        for name, member in shape.members.items():
            # botocore's own, from which it makes a presigned URL.
            if name == "SourceRegion" and "PreSignedUrl" in shape.members:
                continue
            if getattr(shape, "is_tagged_union", False) and ours:
                break
            value = both(member, depth + 1, plain_text(member))
            if value is not None:
                ours[name], theirs[name] = value
        is_whole = all(it in ours for it in shape.required_members)
        is_one = not getattr(shape, "is_tagged_union", False) or ours
        return (ours, theirs) if is_whole and is_one else None
    if kind == "list":
        value = both(shape.member, depth + 1, plain)
        return None if value is None else ([value[0]] * 2, [value[1]] * 2)
    if kind == "map":
        key, value = both(shape.key, depth + 1, plain), both(shape.value, depth + 1, plain)
        return None if value is None else ({key[0]: value[0]}, {key[1]: value[1]})
    if kind == "string":
        text = shape.enum[0] if shape.enum else ("name1" if plain else "a b/ü&+=<\"~'*")
        return text, text
    if kind == "timestamp":
        return TIME, datetime.datetime(2026, 1, 31, 12, 34, 56, tzinfo=datetime.timezone.utc)
    if kind == "blob":
        return base64.b64encode(BYTES).decode(), BYTES
    value = {"integer": 7, "long": 1234567890123, "float": 1.5, "double": 0.1, "boolean": True}[kind]
    return value, value


def plain_text(member):
    """Whether it becomes part of a host or of a header, where not every text can stand."""
    location = member.serialization.get("location")
    return location in ("header", "headers") or member.metadata.get("hostLabel") or "contextParam" in str(
        member.metadata
    )


def chosen(service, model):
    """The operation with the most members, and two by their hash."""
    names = sorted(model.operation_names)
    size = lambda it: (len(getattr(model.operation_model(it).input_shape, "members", {})), it)
    by_hash = sorted(names, key=lambda it: hashlib.sha256(f"{service}{it}".encode()).digest())
    return sorted({max(names, key=size), *by_hash[:2]})


def request(model, operation):
    operation_model = model.operation_model(operation)
    shape = operation_model.input_shape
    value = both(shape, 0, False) if shape else ({}, {})
    if value is None:
        return None
    ours, theirs = value
    serializer = create_serializer(model.resolved_protocol, include_validation=False)
    made = serializer.serialize_to_request(theirs, operation_model)
    query = made["query_string"]
    if not isinstance(query, str):
        query = percent_encode_sequence(query)
    body = made["body"]
    if isinstance(body, dict):
        body = percent_encode_sequence(body)
    if isinstance(body, str):
        body = body.encode()
    try:
        body = body.decode()
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(body).decode()}
    headers = {name.lower(): value for name, value in made["headers"].items()}
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in headers.items()}
    return [ours, made["method"], made["url_path"], query, headers, body]


def main():
    session = botocore.session.get_session()
    all_of_them = []
    for service in session.get_available_services():
        model = session.get_service_model(service)
        for operation in chosen(service, model):
            made = request(model, operation)
            if made is not None:
                all_of_them.append([service, operation, *made])
    text = json.dumps({"botocore": botocore.__version__, "requests": all_of_them}, separators=(",", ":")).encode()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requests.json.gz")
    with open(path, "wb") as file:
        file.write(gzip.compress(text, 9, mtime=0))
    print(len(all_of_them), "requests,", len(text), "bytes,", os.path.getsize(path), "compressed")


main()
