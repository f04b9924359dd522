"""Let the database move the head of the trail to each last row, so that no statement has to."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

contracts = None

# The number in the head is raised before rows are written, so the row of that number is the last one.
MOVE = "UPDATE trail_head SET mac = NEW.mac WHERE last = NEW.id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION move_trail_head() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {MOVE}; RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_event_moves_head AFTER INSERT ON audit_event "
            "FOR EACH ROW EXECUTE FUNCTION move_trail_head()"
        )
    else:
        op.execute(f"CREATE TRIGGER audit_event_moves_head AFTER INSERT ON audit_event BEGIN {MOVE}; END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_event_moves_head ON audit_event")
        op.execute("DROP FUNCTION move_trail_head()")
    else:
        op.execute("DROP TRIGGER audit_event_moves_head")
