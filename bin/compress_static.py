"""`make css`: writes each static file again for browsers, compressed by brotli and by gzip."""

import gzip
from pathlib import Path

import brotli

from mfa_app.settings import PROJECT_ROOT

STATIC = PROJECT_ROOT / "mfa_app" / "static"
KINDS = {".css", ".js", ".svg"}


def main() -> None:
    """Write the files."""
    for path in plain_files():
        content = path.read_bytes()
        compressed(path, ".br").write_bytes(brotli.compress(content))
        compressed(path, ".gz").write_bytes(gzip.compress(content, mtime=0))


def plain_files() -> list[Path]:
    """Return the files that browsers get compressed, as they are written by hand."""
    return sorted(path for path in STATIC.iterdir() if path.suffix in KINDS)


def compressed(path: Path, end: str) -> Path:
    """Return where the compressed file is that has this end."""
    return path.with_name(path.name + end)


if __name__ == "__main__":
    main()
