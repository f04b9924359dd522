"""Counts of people, kept by triggers of the database: see migration 0011 and core/operations/counts."""

from typing import ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from mfa_app.models.fate import Fate, Table

_Number = BigInteger().with_variant(Integer(), "sqlite")


class Cohort(Table):
    """All people who are in exactly the same groups. `group_ids` lists them in order: "3,17".

    Two cohorts may have the same groups after another group was deleted; the text is then None.
    """

    __tablename__ = "cohort"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (Index("ix_cohort_group_ids", "group_ids", postgresql_using="hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_ids: Mapped[str | None] = mapped_column(Text)


class CohortGroup(Table):
    """A group that everyone in a cohort is a member of."""

    __tablename__ = "cohort_group"
    fate: ClassVar[Fate] = Fate()
    __table_args__ = (Index("ix_cohort_group_group_id_cohort_id", "group_id", "cohort_id"),)

    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), primary_key=True)


class CohortCount(Table):
    """How many people of a cohort have the same facts, as a sum: several rows may tell of the same people.

    Each change adds a row with 1 and one with -1, and changes none, so nobody waits for a count. Housekeeping
    replaces the rows by their sum. `exemption`: has dates of their own, an exemption or a deadline,
    even if they are over. No cohort: in no group.
    """

    __tablename__ = "cohort_count"
    fate: ClassVar[Fate] = Fate()

    id: Mapped[int] = mapped_column(_Number, primary_key=True)
    cohort_id: Mapped[int | None] = mapped_column(index=True)
    disabled: Mapped[bool] = mapped_column()
    privileged: Mapped[bool] = mapped_column()
    required: Mapped[bool] = mapped_column()
    link_required: Mapped[bool] = mapped_column()
    exemption: Mapped[bool] = mapped_column()
    linked: Mapped[bool] = mapped_column()
    opted_in: Mapped[bool] = mapped_column()
    has_passkey: Mapped[bool] = mapped_column(server_default=false())
    people: Mapped[int] = mapped_column()


class GroupCount(Table):
    """How many members a group has, and how many of them have linked an app: a sum, as in CohortCount."""

    __tablename__ = "group_count"
    fate: ClassVar[Fate] = Fate()

    id: Mapped[int] = mapped_column(_Number, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("user_group.id", ondelete="CASCADE"), index=True)
    members: Mapped[int] = mapped_column()
    linked: Mapped[int] = mapped_column()
