"""The tables of the state database: one schema for SQLite and PostgreSQL.

Instants are microseconds since the epoch; money and other JSON is text, so that nothing is rounded.
The comments of tables and columns are the text of ``docs/reference/state.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from m3nop.state.columns import JsonText, PlainText, RepeatedJson, RowId

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""The migrations, oldest first. Kept here so that a start need not load Alembic to find itself up to date."""
HEAD = REVISIONS[-1]
BACKUP_MARK = "backup"
"""What a backup carries as its opening: put back, it must not pass for the database that was here last."""

metadata = MetaData()


def _column(
    name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], comment: str, *refers: ForeignKey,
    primary_key: bool = False, nullable: bool = False, unique: bool = False, autoincrement: bool = False,
    server_default: str | None = None,
) -> Column[Any]:  # fmt: skip
    return Column(
        name, kind, *refers, primary_key=primary_key, nullable=nullable, unique=unique or None,
        autoincrement=autoincrement, comment=comment, server_default=server_default,
    )  # fmt: skip


def _row_id(comment: str) -> Column[Any]:
    return _column("id", RowId, comment, primary_key=True, autoincrement=True)


def _record_id(comment: str, *, primary_key: bool = False) -> Column[Any]:
    return _column("record_id", RowId, comment, ForeignKey("records.id"), primary_key=primary_key)


def _partial_index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, info={"where": where})


def settle_indexes(dialect: str) -> None:
    """Tell the partial indexes their conditions in the words of one dialect; before tables are made.

    Each condition said for each dialect where an index is declared would load all of these dialects.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options[dialect]["where"] = text(index.info["where"])


scope = Table(
    "scope",
    metadata,
    _column("id", Integer, "Always 1: a database serves one scope.", primary_key=True),
    _column("identity", JsonText, "What the database belongs to: environment, addresses, tenant, company …"),
    _column("epoch", Integer, "Rises when rows may be older than the truth: set-up, restore, move."),
    _column("fence", BigInteger, "Rises with every opening for writing: the number of the latest owner."),
    _column(
        "opening", PlainText, "Random mark of the last opening; the file beside the database repeats it."
    ),
    _column("created_at", BigInteger, "When the database was set up."),
    _column("forgot_at", BigInteger, "When personal data was last forgotten.", nullable=True),
    comment="The one scope that this database serves. It refuses to open for another.",
)

pipelines = Table(
    "pipelines",
    metadata,
    _column("pipeline", Text, "Name of the pipeline.", primary_key=True),
    _column("key_expression", PlainText, "Expression that its keys were made with.", nullable=True),
    _column(
        "reference_expression", PlainText, "Expression that its references were made with.", nullable=True
    ),
    _column("baseline", BigInteger, "Records created before it are never touched.", nullable=True),
    comment="What is fixed for a pipeline once it has rows.",
)

watermarks = Table(
    "watermarks",
    metadata,
    _column("pipeline", Text, "Name of the pipeline.", primary_key=True),
    _column("partition", PlainText, "Part of the source, such as a store; may be empty.", primary_key=True),
    _column(
        "watermark", PlainText, "How far the source was read: JSON of the connector's making.", nullable=True
    ),
    _column("updated_at", BigInteger, "When it was last moved."),
    comment="How far each source has been read. Moves only together with the records that it covers.",
)

missing = Table(
    "missing",
    metadata,
    _column("pipeline", Text, "Name of the pipeline.", primary_key=True),
    _column("partition", PlainText, "Part of the source.", primary_key=True),
    _column("id", BigInteger, "Id that did not appear.", primary_key=True),
    _column("missed_at", BigInteger, "When it was first missed."),
    Index("missing_since", "pipeline", "partition", "missed_at"),
    comment="Ids below the watermark that did not appear and may still; they are asked for again for a day.",
)

snapshots = Table(
    "snapshots",
    metadata,
    _row_id("Number of the snapshot."),
    _column("snapshot", JsonText, "A record as it was read."),
    comment="Records as they were read, apart from what is written about them while they are worked on.",
)

records = Table(
    "records",
    metadata,
    _row_id("Number of the record; rises in the order of intake."),
    _column("pipeline", Text, "Name of the pipeline."),
    _column("key", PlainText, "What identifies the record for ever, within its connection."),
    _column("store", PlainText, "Code of the store that it belongs to."),
    _column("partition", PlainText, "Part of the source that it was read from."),
    _column(
        "state",
        Text,
        "waiting, ready, in_flight, blocked, pending, review, dead, done, baselined or ignored.",
    ),
    _column("reason", PlainText, "Why it is in this state, for a reader."),
    _column(
        "not_before", BigInteger, "When it is looked at next; NULL is at once, if it is ready.", nullable=True
    ),
    _column("deadline", BigInteger, "When waiting, or looking again once delivered, ends.", nullable=True),
    _column("created_at", BigInteger, "When the source says it was created.", nullable=True),
    _column("seen_at", BigInteger, "When it was taken in."),
    _column("epoch", Integer, "Epoch of the database at intake."),
    _column("attempts", Integer, "Attempts that count against the retry limit."),
    _column("attempt_id", RowId, "The present attempt.", nullable=True),
    _column("blocked_pipeline", PlainText, "Pipeline of the record that it waits for.", nullable=True),
    _column("blocked_key", PlainText, "Key of the record that it waits for.", nullable=True),
    _column("released", Boolean, "A person released it from review."),
    _column("doubts", Integer, "Probes of the present doubt that could not tell."),
    _column("fingerprint", Text, "Digest of what can never change; another one for this key is a review."),
    _column("digest", Text, "Digest of the mapped content that was delivered."),
    _column(
        "commit_target", JsonText, "Outputs of the one document that the commit may make real.", nullable=True
    ),
    _column("remembered", JsonText, "Values kept with the record by ``remember``.", nullable=True),
    _column("edits", JsonText, "What a person changed in it by hand, until it is delivered.", nullable=True),
    _column(
        "version",
        Integer,
        "Rises with every change: who decided by an older one decides again.",
        server_default="0",
    ),
    _column(
        "snapshot_id",
        RowId,
        "The snapshot as last read; NULL while only its key is known, or when it is forgotten.",
        nullable=True,
    ),
    # The key first: a person looks for one without naming the pipeline.
    UniqueConstraint("key", "pipeline", name="records_key"),
    Index("records_claim", "pipeline", "state", "store", "not_before", "seen_at"),
    Index("records_created", "pipeline", "partition", "created_at"),
    _partial_index("records_in_flight", "id", where="state = 'in_flight'"),
    _partial_index("records_due", "pipeline", "state", "not_before", where="not_before IS NOT NULL"),
    _partial_index("records_blocked", "blocked_pipeline", "blocked_key", where="blocked_key IS NOT NULL"),
    comment="Every source entity that was ever read, each in exactly one state.",
)

owners = Table(
    "owners",
    metadata,
    _column("fence", BigInteger, "Number of the opening; higher than those before.", primary_key=True),
    _column("pid", Integer, "Number of the process."),
    _column("host", PlainText, "Name of its machine."),
    _column("command", PlainText, "What it does."),
    _column("started_at", BigInteger, "When it opened the state."),
    _column(
        "expires_at",
        BigInteger,
        "When others may take over unless it is renewed, by the database's clock; NULL: it is alone.",
        nullable=True,
    ),
    comment="The processes that work on this state. A row is the right to write; taking over deletes it.",
)

runs = Table(
    "runs",
    metadata,
    _row_id("Number of the run."),
    _column("pipeline", Text, "Names of the pipelines, with commas between them."),
    _column("started_at", BigInteger, "When it began."),
    _column("ended_at", BigInteger, "When it ended; for a killed run, when that was noticed.", nullable=True),
    _column("command", PlainText, "Command line that started it."),
    _column("result", PlainText, "running, ok, problems, stopped, failed or killed."),
    _column("counts", JsonText, "What it did, by word."),
    _column("definition", Text, "Digest of the definition that it ran."),
    _column("message", PlainText, "Why it ended as it did."),
    _column("fence", BigInteger, "The owner that executes it.", nullable=True),
    _column(
        "failures",
        JsonText,
        "Why some of several pipelines stopped, by name; NULL: all fared alike.",
        nullable=True,
    ),
    _column(
        "configuration",
        PlainText,
        "Digest of all that was configured for it; NULL: not known.",
        nullable=True,
    ),
    _column("version", PlainText, "The version of m3nop that ran; NULL: not known.", nullable=True),
    Index("runs_result", "result"),
    comment="Executions of pipelines.",
)

claims = Table(
    "claims",
    metadata,
    _record_id("The record in flight.", primary_key=True),
    _column("run_id", RowId, "The run that works on it.", ForeignKey("runs.id")),
    _column("fence", BigInteger, "The owner that claimed it; the claim lasts as long as the owner's row."),
    _column("claimed_at", BigInteger, "When it was claimed."),
    comment="Who works on a record: one row for each in flight, and each whose orphans are being swept.",
)

attempts = Table(
    "attempts",
    metadata,
    _row_id("Number of the attempt, over all records."),
    _record_id("The record."),
    _column("number", Integer, "1 for the first attempt of the record."),
    _column("state", Text, "open, undoing, undone or done."),
    _column("opened_at", BigInteger, "When it began; ``now()`` in its mappings."),
    _column("definition", Text, "Digest of pipeline, settings and lookups as they were."),
    _column("reference", PlainText, "Reference that its documents carry."),
    _column("epoch", Integer, "Epoch of the database when it began."),
    _column("doubt", Boolean, "Something in its past was in doubt, or came back in an unclean bulk."),
    _column("committed", Boolean, "Its commit was taken: nothing is undone from here on."),
    _column("then", Text, "While undoing: the record state that follows."),
    _column("reason", PlainText, "Why it is being undone or was given up."),
    _column("failure", JsonText, "The failure that ended it.", nullable=True),
    _column("sweep_at", BigInteger, "When late temporary documents are looked for again.", nullable=True),
    _column("sweeps", Integer, "How often they were looked for."),
    _column("edits", JsonText, "What had been changed in it by hand.", nullable=True),
    _column("snapshot_id", RowId, "The snapshot of the record when it began.", nullable=True),
    UniqueConstraint("record_id", "number", name="attempts_number"),
    Index("attempts_reference", "reference"),
    _partial_index("attempts_sweep", "sweep_at", where="sweep_at IS NOT NULL"),
    comment="Tries at delivering a record, with everything frozen that their mappings saw.",
)

definitions = Table(
    "definitions",
    metadata,
    _column("digest", Text, "SHA-256 of the text.", primary_key=True),
    _column("text", PlainText, "Canonical JSON of an effective pipeline, its settings and lookups."),
    comment="The text of every definition that a run or an attempt used, once.",
)

calls = Table(
    "calls",
    metadata,
    _column("line", RowId, "Place in the call log.", primary_key=True, autoincrement=True),
    _column("id", PlainText, "Id that the call was made with.", unique=True),
    _record_id("The record that it was made for."),
    _column("attempt_id", RowId, "The attempt that it belongs to.", ForeignKey("attempts.id"), nullable=True),
    _column("run_id", RowId, "The run that made it.", ForeignKey("runs.id")),
    _column(
        "step", PlainText, "Path of the step: ``head``, ``lines/2001``, ``undo:head``, ``probe:confirm``."
    ),
    _column("connection", Text, "Name of the connection."),
    _column("operation", Text, "What was called, such as ``OIS100MI/AddBatchHead``."),
    _column("effect", Text, "read, idempotent, overwrite, keyed or unsafe."),
    _column("state", Text, "sent, done, refused, not_sent, in_doubt, found or absent."),
    _column("sent_at", BigInteger, "Committed just before the request left."),
    _column("answered_at", BigInteger, "When the answer was known.", nullable=True),
    _column("clean", Boolean, "False: it shared a request whose counters did not add up."),
    _column("fields", JsonText, "Field values as sent."),
    _column("origins", RepeatedJson, "The expression that made each value.", nullable=True),
    _column("rows", JsonText, "The rows of the answer.", nullable=True),
    _column("failure", JsonText, "Why it failed, cleaned for a reader.", nullable=True),
    _column(
        "left_by",
        BigInteger,
        "Until when it may have left, where its owner was lost in between.",
        nullable=True,
    ),
    Index("calls_attempt", "attempt_id", "line"),
    Index("calls_record", "record_id", "line"),
    comment="The call log: what was intended, what was sent and what was answered.",
)

document_numbers = Table(
    "document_numbers",
    metadata,
    _column("value", PlainText, "The number, such as an M3 order number.", primary_key=True),
    _column("connection", Text, "Name of the connection that answered it.", primary_key=True),
    _column("field", PlainText, "Field that it came in.", primary_key=True),
    _record_id("The record whose step was answered so.", primary_key=True),
    comment="Short values that steps answered, so that a record is found by the numbers of its documents.",
)

links = Table(
    "links",
    metadata,
    _column("pipeline", Text, "Name of the pipeline.", primary_key=True),
    _column("key", PlainText, "Key of the record.", primary_key=True),
    _column("shop", PlainText, "The shop's id."),
    _column("m3", PlainText, "M3's key."),
    _column("linked_at", BigInteger, "When the pair was made."),
    _column("origin", Text, "run, adopted or import."),
    Index("links_shop", "shop", "pipeline"),
    Index("links_m3", "m3", "pipeline"),
    comment="Remembered pairs: the shop's id and M3's key of one thing.",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _row_id("Number of the dead letter."),
    _record_id("The record that was refused."),
    _column("pipeline", Text, "Name of its pipeline."),
    _column("key", PlainText, "Its key."),
    _column("store", PlainText, "Its store."),
    _column("created_at", BigInteger, "When it was refused for good."),
    _column("remedy", PlainText, "What has to happen: configuration, business, systemic …"),
    _column("signature", PlainText, "Program, transaction, code and field: equal ones form a group."),
    _column("message", PlainText, "What the system said."),
    _column("step", PlainText, "The step that was refused."),
    _column("settled_at", BigInteger, "When somebody settled it.", nullable=True),
    _column("settlement", PlainText, "retried, edited, resolved, or discarded with its reason."),
    Index("dead_letters_record", "record_id"),
    _partial_index("dead_letters_open", "pipeline", "id", where="settled_at IS NULL"),
    comment="Refusals that wait for a person, and those that were settled.",
)

circuits = Table(
    "circuits",
    metadata,
    _column("connection", Text, "Name of the connection.", primary_key=True),
    _column("phase", PlainText, "closed, open (nothing is sent but a trial now and then) or recovering."),
    _column("cause", PlainText, "What its latest outage began, or went on, with."),
    _column("remedy", PlainText, "What has to happen: authentication, transient, systemic …"),
    _column("since", BigInteger, "When the first request of the latest outage was sent.", nullable=True),
    _column("ended_at", BigInteger, "When that outage ended.", nullable=True),
    _column("tries", Integer, "Times that it was found not to work since; pauses grow with it."),
    _column("due_at", BigInteger, "When it is tried again.", nullable=True),
    _column("in_flight", Integer, "Requests that it bore beside each other at last.", nullable=True),
    comment="Whether the systems work, and their latest outages: a system that does not is left alone.",
)

inbox = Table(
    "inbox",
    metadata,
    _row_id("Number of the event, in the order of reception."),
    _column("source", PlainText, "Name of the source in the project."),
    _column("message", PlainText, "The sender's id of the message; the same one counts once."),
    _column("part", Integer, "Which of several events in the message, from 0."),
    _column("topic", PlainText, "What happened, in the sender's words."),
    _column("key", PlainText, "The record that it names, or blank."),
    _column("digest", Text, "SHA-256 of the body; the body itself is not kept."),
    _column(
        "state",
        Text,
        "accepted, handled (the record was looked at), ignored (wakes nothing) or superseded (too late).",
    ),
    _column("received_at", BigInteger, "When it came; it was committed before its sender was answered."),
    _column("handled_at", BigInteger, "When it was handled, ignored or superseded.", nullable=True),
    _column("document", PlainText, "Which document it is a variation of, or blank.", server_default=""),
    _column("variation", BigInteger, "The number of the variation, if it has one.", nullable=True),
    UniqueConstraint("source", "message", "part", name="inbox_message"),
    _partial_index("inbox_accepted", "id", where="state = 'accepted'"),
    Index("inbox_handled", "handled_at"),
    _partial_index(
        "inbox_document", "source", "topic", "document", "variation", where="variation IS NOT NULL"
    ),
    comment="Events from outside that were accepted, until the records that they name were looked at.",
)

rate = Table(
    "rate",
    metadata,
    _column("name", PlainText, "The system: its address, and its tenant.", primary_key=True),
    _column("full_at", BigInteger, "Until then every turn is taken; later ones are free again."),
    comment="How much of a rate limit is used up, for all stores and processes on this database.",
)

alerts = Table(
    "alerts",
    metadata,
    _column("rule", PlainText, "Name of the rule in `alerts:`.", primary_key=True),
    _column("subject", PlainText, "What it is about: a pipeline, a connection, a group.", primary_key=True),
    _column("channel", PlainText, "Name of the channel that is told.", primary_key=True),
    _column("severity", PlainText, "info, warning or critical."),
    _column("text", PlainText, "What is the matter, without personal data."),
    _column("opened_at", BigInteger, "When it was noticed."),
    _column("last_sent_at", BigInteger, "When the channel was last told; NULL: not yet.", nullable=True),
    _column("closed_at", BigInteger, "When it was over; NULL: it is not.", nullable=True),
    comment="What people are told of, one row for each channel: so nobody is told twice, or never.",
)

comparisons = Table(
    "comparisons",
    metadata,
    _column("subject", PlainText, "What was compared: orders, inventory, payments …", primary_key=True),
    _column("compared_at", BigInteger, "When the two systems were last compared."),
    _column("differences", Integer, "How many records differed."),
    comment="What `m3nop reconcile` found last.",
)

audit = Table(
    "audit",
    metadata,
    _row_id("Number of the entry."),
    _column("at", BigInteger, "When it happened."),
    _column("actor", PlainText, "Who did it."),
    _column("action", PlainText, "What was done."),
    _column("subject", PlainText, "To what."),
    _column("detail", JsonText, "Anything more.", nullable=True),
    _column("chain", PlainText, "SHA-256 of the chain value before it and of this entry's values."),
    comment="What was done by hand, and when the epoch changed. Each entry seals the ones before it.",
)
