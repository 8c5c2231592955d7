"""Reads JSON lines, each the words of a gcloud command, and lets gcloud's own parser judge them; reads
"file TYPE PATH" in the same way into gcloud's own message types. Prints what is wrong, a line each.
Run by the Python that gcloud brings along."""
import json
import os
import sys

import googlecloudsdk.gcloud_main
from apitools.base.py import encoding
from googlecloudsdk.api_lib.util import apis

TYPES = {"dashboard": ("monitoring", "v1", "Dashboard"), "policy": ("monitoring", "v3", "AlertPolicy"),
         "log-metric": ("logging", "v2", "LogMetric")}
parser = googlecloudsdk.gcloud_main.CreateCLI([])._CLI__parser  # the commands' grammar, no network
sys.stderr = open(os.devnull, "w")


def command_error(words):
    try:
        parser.parse_args(words)
    except SystemExit:
        return "gcloud refuses: " + " ".join(words)
    except Exception as e:
        return f"gcloud refuses: {' '.join(words)}: {e}"
    return None


def unknown(message, path=""):
    """Fields that the type does not have, anywhere below."""
    for name in message.all_unrecognized_fields():
        yield f"{path}.{name}"
    for field in message.all_fields():
        value = getattr(message, field.name)
        for item in value if isinstance(value, list) else [value]:
            if hasattr(item, "all_unrecognized_fields"):
                yield from unknown(item, f"{path}.{field.name}")


def file_error(kind, path):
    api, version, name = TYPES[kind]
    with open(path) as f:
        try:
            message = encoding.PyValueToMessage(getattr(apis.GetMessagesModule(api, version), name), json.load(f))
        except Exception as e:
            return f"{path}: {e}"
    wrong = list(unknown(message))
    return f"{path}: no such fields: {', '.join(wrong)}" if wrong else None


for line in sys.stdin:
    item = json.loads(line)
    error = file_error(*item[1:]) if item[0] == "file" else command_error(item)
    if error:
        print(error)
