"""Find people by parts of their names, and let an index serve each filter and each order of the list."""

import sqlalchemy as sa
from alembic import op

from mfa_app.core.common import search_words

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

contracts = "The code before it keeps no endings of names, so that nobody it adds is found by a part of one."

BATCH = 5000

USER = sa.table("user_account", *map(sa.column, ("id", "email_key", "name")))
ADD = "INSERT INTO search_word (word, user_id, email_key) VALUES (:word, :user_id, :email_key) ON CONFLICT DO NOTHING"

INDEXES = {
    "cohort_id_factors": ["cohort_id", "linked", "has_passkey"],
    "name_key_id": ["name_key", "id"],
    "created_at_id": ["created_at", "id"],
}
FLAGS = "required", "link_required", "opted_in"


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(f"ix_user_account_{name}", "user_account", columns)
    for flag in FLAGS:
        op.create_index(
            f"ix_user_account_{flag}",
            "user_account",
            ["id"],
            sqlite_where=sa.text(f"{flag} = 1"),
            postgresql_where=sa.text(flag),
        )
    invited = sa.text("password_hash IS NULL")
    op.create_index(
        "ix_user_account_invited",
        "user_account",
        ["email_key"],
        sqlite_where=invited,
        postgresql_where=invited,
    )
    op.drop_index("ix_search_word_user_id_word", "search_word")
    _add_endings()
    op.create_index("ix_search_word_user_id_word", "search_word", ["user_id", "word"])


def downgrade() -> None:
    for name in ("invited", *FLAGS, *INDEXES):
        op.drop_index(f"ix_user_account_{name}", "user_account")


def _add_endings() -> None:
    last = 0
    while True:
        found = sa.select(USER).where(USER.c.id > last).order_by(USER.c.id).limit(BATCH)
        users = op.get_bind().execute(found).all()
        if not users:
            return
        rows = [
            {"word": word, "user_id": user.id, "email_key": user.email_key}
            for user in users
            for word in sorted(search_words.endings_of(user.name))
        ]
        if rows:
            op.get_bind().execute(sa.text(ADD), rows)
        last = users[-1].id
