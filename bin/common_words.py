"""Collect the most common words of the site's languages, for judging passwords. Run by `make words`.

The frequencies are files in pyspellchecker, which only this program needs. zxcvbn itself knows English.
"""

import gzip
import json
import sys
from importlib.metadata import distribution
from pathlib import Path

from mfa_app.core.common.text import without_accents
from mfa_app.core.passwords import estimate

LANGUAGES = {"dutch": "nl", "french": "fr", "german": "de"}
COUNT = 20_000


def main() -> int:
    """Write one file for each language, and the licence."""
    source = distribution("pyspellchecker")
    folder = Path(estimate.__file__).parent / "common_words"
    for name, code in LANGUAGES.items():
        packed = Path(str(source.locate_file(f"spellchecker/resources/{code}.json.gz"))).read_bytes()
        frequencies = json.loads(gzip.decompress(packed))
        by_frequency = sorted(frequencies, key=lambda word: (-frequencies[word], word))
        words = dict.fromkeys(without_accents(word) for word in by_frequency)
        common = [word for word in words if word.isalpha()][:COUNT]
        (folder / f"{name}.txt").write_text("\n".join(common) + "\n", "utf-8")
    (folder / "LICENSE").write_text(str(source.read_text("licenses/LICENSE")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
