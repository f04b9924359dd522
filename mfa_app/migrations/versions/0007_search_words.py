"""Keep the words by which people are found, and compare addresses and names by today's rules."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from mfa_app.core.common import email_addresses, search_words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

contracts = "The code before it keeps no search words, so that nobody it adds or renames is found."

BATCH = 5000

WORD = sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql")
USER = sa.table("user_account", *map(sa.column, ("id", "email", "email_key", "name")))
GROUP = sa.table("user_group", *map(sa.column, ("id", "name", "name_key")))


def upgrade() -> None:
    words = op.create_table(
        "search_word",
        sa.Column("word", WORD, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_search_word_user_id_user_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "user_id", name="pk_search_word"),
        sqlite_with_rowid=False,
    )
    for users in _batches():
        rows = [
            {"word": word, "user_id": user.id}
            for user in users
            for word in search_words.words_of(user.name, user.email)
        ]
        op.bulk_insert(words, rows)
        _compare_addresses_anew(users)
    op.create_index("ix_search_word_user_id_word", "search_word", ["user_id", "word"])
    _compare_groups_anew()


def downgrade() -> None:
    op.drop_table("search_word")


def _batches() -> Iterator[list[sa.Row[Any]]]:
    last = 0
    while True:
        found = sa.select(USER).where(USER.c.id > last).order_by(USER.c.id).limit(BATCH)
        users = list(op.get_bind().execute(found))
        if not users:
            return
        yield users
        last = users[-1].id


def _compare_addresses_anew(users: list[sa.Row[Any]]) -> None:
    """Part addresses that only case folding made equal, such as weiss@ and weiss@ with a sharp s."""
    for user in users:
        key = email_addresses.key_of(user.email)
        if not user.email.isascii() and key != user.email_key:
            op.execute(sa.update(USER).where(USER.c.id == user.id).values(email_key=key))


def _compare_groups_anew() -> None:
    """Leave out what is invisible, except from the name of a group that has a twin already."""
    groups = list(op.get_bind().execute(sa.select(GROUP)))
    taken = {group.name_key for group in groups}
    for group in groups:
        key = email_addresses.name_key(group.name)
        if key not in taken:
            taken.add(key)
            op.execute(sa.update(GROUP).where(GROUP.c.id == group.id).values(name_key=key))
