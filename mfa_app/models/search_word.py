"""The words by which users are found."""

from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table

LONGEST_WORD = 64

# "C" compares bytes, as SQLite does, so that the beginning of a word is a range of the index.
_Word = String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql")


class SearchWord(Table):
    """A word of a user's name or email address, as core/common/search_words spells it.

    The primary key finds the users with a word; the index finds out whether a user has one. Triggers keep
    `email_key` as the user has it, so that those who are found are put in order without looking at them.
    """

    __tablename__ = "search_word"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (
        Index("ix_search_word_user_id_word", "user_id", "word"),
        {"sqlite_with_rowid": False},
    )

    word: Mapped[str] = mapped_column(_Word, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    email_key: Mapped[str | None] = mapped_column(String(320))
