"""The repository that the guide's machine clones, and new versions in it: each brings a migration."""

import re
import subprocess
import tempfile
from pathlib import Path

from mfa_app.settings import PROJECT_ROOT

AUTHOR = ("-c", "user.name=guide", "-c", "user.email=guide@localhost")
VERSIONS = "mfa_app/migrations/versions"
MIGRATION = '''"""A new version that changes the database, for `make guide`."""

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''


class Releases:
    """A bare repository in a folder. Its branch main begins with the files that are here, saved or not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
        present = _git(*AUTHOR, "stash", "create") or "HEAD"
        _git("push", "--quiet", str(folder), f"{present}:refs/heads/main")

    def publish(self) -> None:
        """Add a version whose database is one migration ahead."""
        self.count += 1
        with tempfile.TemporaryDirectory() as name:
            _git("clone", "--quiet", str(self.folder), name)
            revision = f"9{self.count:03}"
            text = MIGRATION.format(revision=revision, before=_head(Path(name, VERSIONS)))
            Path(name, VERSIONS, f"{revision}_guide.py").write_text(text)
            _git("-C", name, "add", ".")
            _git("-C", name, *AUTHOR, "commit", "--quiet", "--no-verify", "-m", f"guide: version {revision}")
            _git("-C", name, "push", "--quiet", "origin", "HEAD:main")


def _head(versions: Path) -> str:
    """Return the newest migration: the one that no other names as the one before it."""
    text = "\n".join(path.read_text("utf-8") for path in versions.glob("*.py"))
    revisions = set(re.findall(r'^revision(?:: str)? = "(\w+)"', text, re.MULTILINE))
    before = set(re.findall(r'^down_revision(?:: [^=]+)? = "(\w+)"', text, re.MULTILINE))
    (newest,) = revisions - before
    return newest


def _git(*words: str) -> str:
    ran = subprocess.run(["git", *words], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    return ran.stdout.strip()
