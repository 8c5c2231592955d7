#!/usr/bin/python3
"""What FastAPI gives for a status request: over TLS, checks the key, answers from memory.

usage: status.py PORT CERT KEY API_KEY BODY
"""
import os
import sys

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Response

if len(sys.argv) == 6:  # else a worker, which has them from the first process
    os.environ["PEER_KEY"], os.environ["PEER_BODY"] = sys.argv[4:6]
API_KEY, BODY = os.environ["PEER_KEY"], os.environ["PEER_BODY"]
app = FastAPI()


@app.get("/")
async def status(x_api_key: str = Header()):
    if x_api_key != API_KEY:
        raise HTTPException(403, "no")
    return Response(BODY, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run("status:app", host="127.0.0.1", port=int(sys.argv[1]), workers=2, access_log=False,
                log_level="warning", ssl_certfile=sys.argv[2], ssl_keyfile=sys.argv[3])
