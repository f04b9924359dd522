"""Tokens: what a browser or a mail holds, and the digest that the database keeps instead."""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """Return a URL-safe token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """Return the SHA-256 of a token in hex. A fast hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
