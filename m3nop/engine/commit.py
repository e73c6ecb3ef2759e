"""The guards of the commit: only the one document of this attempt is ever made real.

Before it: an attempt with a doubt in its past must show exactly its lines, and nothing else may carry the
same reference, neither temporary (deleted) nor real (adopted).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from m3nop.core.connector import Effect, Failure, Remedy
from m3nop.core.records import CallState, RecordState
from m3nop.engine import settle
from m3nop.engine.actions import Action, Purpose, Send, Settle, Stop, Undo
from m3nop.engine.compare import comparable
from m3nop.engine.work import Work, answer_row, disagreement, first_row, same_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from m3nop.core.json import Json
    from m3nop.mapping.pipeline import DoubleCheck, Probe, Step, Verify


TAKEN_OVER = "taken_over"
"""Kept beside what a pipeline remembers, where its last movement was found and not made."""


def target_of(work: Work) -> Json:
    """Return what identifies the document that a commit of this attempt makes real."""
    step = work.pipeline.making_step
    own = own_document(work)
    return None if step is None or own is None else {step.id: own}


def own_document(work: Work) -> dict[str, Json] | None:
    """Return the outputs of the temporary document of this attempt, if it has one."""
    step = work.pipeline.making_step
    line = work.taken(step.id) if step else None
    if step is None or step.call is None or line is None:
        return None
    named = first_row(step.call.outputs, line)
    return {name: named[name] for name in step.call.outputs.names}


def before_commit(work: Work, step: Step, root: Mapping[str, Json]) -> Action | None:
    """Say what must happen before the commit may be sent, or None."""
    if work.pipeline.moves and not work.started:
        return _entered_before(work, step, root)
    if work.attempt.doubt:
        unproved = _verify_lines(work)
        if unproved is not None:
            return unproved
    double_check = work.pipeline.double_check
    if double_check is None or not (double_check.always or work.predates or _suspicious(work)):
        return None
    return _look_for_others(work, step, double_check, root, when="commit")


def before_first_call(work: Work, root: Mapping[str, Json]) -> Action | None:
    """Say what must happen before the first call that acts, where something may exist already, or None."""
    double_check, step = work.pipeline.double_check, work.pipeline.commit_step
    if step is not None and work.pipeline.moves:
        return _entered_before(work, step, root)
    if double_check is None or step is None:
        return None
    # What is looked for before every commit anyway need not be looked for twice.
    if not (_suspicious(work) or (work.predates and not double_check.always)):
        return None
    return _look_for_others(work, step, double_check, root, when="first")


def _entered_before(work: Work, step: Step, root: Mapping[str, Json]) -> Action | None:
    """Look whether a movement was entered in a time of which this state knows nothing, and take it over.

    A look-up by reference is cheap and made always; a long list is read where something may be there.
    """
    probe = work.pipeline.probes.get(step.probe or "")
    if probe is None or not (probe.exact or work.predates or _suspicious(work)):
        return None
    asked, seen = f"check:first:{probe.name}", _root_of_commit(work, step, root)
    if asked not in work.checked:
        return settle.ask(work, asked, probe, seen)
    rows = work.checked[asked]
    for row in rows:
        strange = disagreement(work, probe, row, seen)
        if strange:
            return _conflict(f"M3 holds this movement already, but its {strange}")
    if rows:
        return Settle(step.id, found=True, rows=(answer_row(step.request.outputs, rows[0]),), adopted=True)
    known = work.record.remembered
    if known and (known.get(TAKEN_OVER) or work.older_epoch) and not work.record.released:
        # Others of it may have been entered meanwhile, under totals that nobody knows any more.
        return _conflict(
            "this state was lost or put back since a movement of this record was entered, and M3 does not "
            "hold this one: look which M3 holds, then release or reject"
        )
    return None


def refused_as_entered(work: Work, refused: Step, root: Mapping[str, Json]) -> Action | None:
    """Look whether a call was refused because its movement is entered: by a late request, or by a person."""
    step = work.pipeline.commit_step
    reads = refused.request.target.operation.effect is Effect.READ
    if step is None or step.probe is None or not work.pipeline.moves or reads or work.attempt.committed:
        return None
    asked = f"probe:{step.id}"
    if asked not in work.checked:
        probe = work.pipeline.probes[step.probe]
        return settle.ask(work, asked, probe, _root_of_commit(work, step, root))
    rows = work.checked[asked]
    if not rows:
        return None
    return Settle(step.id, found=True, rows=(answer_row(step.request.outputs, rows[0]),), adopted=True)


def _root_of_commit(work: Work, step: Step, root: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a root in which the commit has the fields that it will send."""
    return work.with_step(step.id, {"fields": work.map_step(step, step.id, root).fields}, root=root)


def _suspicious(work: Work) -> bool:
    """Whether something of this record may be in M3 that this attempt did not make."""
    return work.only_look or work.older_epoch or work.attempt.doubt or work.attempt.number > 1


def _verify_lines(work: Work) -> Action | None:
    for step in work.pipeline.steps:
        if step.verify is None:
            continue
        asked = f"verify:{step.id}"
        if asked not in work.checked:
            read = step.verify.read
            mapped = work.map(read, work.root())
            return Send(asked, Purpose.CHECK, read.target, mapped.fields, mapped.origins)
        if not _same_lines(work, step, step.verify):
            return Undo(
                RecordState.READY, "M3 does not hold exactly the lines that were sent: beginning again"
            )
    return None


def _same_lines(work: Work, step: Step, verify: Verify) -> bool:
    sent = [
        line.fields for path, line in work.log.items() if path.startswith(f"{step.id}/") and work.taken(path)
    ]
    found = work.checked[f"verify:{step.id}"]
    # A field that was left blank is M3's to fill (its own price): it is not compared.
    compared = [name for name in verify.compare if all(not _blank(fields.get(name)) for fields in sent)]
    return Counter(_shape(fields, compared) for fields in sent) == Counter(
        _shape(row, compared) for row in found
    )


def _shape(fields: Mapping[str, Json], names: list[str]) -> tuple[Any, ...]:
    return tuple(comparable(fields.get(name)) for name in names)


def _blank(value: Json) -> bool:
    return value is None or str(value).strip() == ""


def _look_for_others(
    work: Work, step: Step, double_check: DoubleCheck, root: Mapping[str, Json], *, when: str
) -> Action | None:
    """Look for other documents; what was seen before the first call is not believed at the commit."""
    probes = work.pipeline.probes
    temporary, real = probes[double_check.temporary], probes[double_check.real]
    seen = _root_of_making(work, root)
    for probe in (temporary, real):
        if f"check:{when}:{probe.name}" not in work.checked:
            return settle.ask(work, f"check:{when}:{probe.name}", probe, seen)
    reals = work.checked[f"check:{when}:{real.name}"]
    temporaries = work.checked[f"check:{when}:{temporary.name}"]
    # Where nothing is to be changed a surplus document stays for the next run.
    others = [] if work.only_look else [row for row in temporaries if not _is_own(work, row)]
    return (
        _delete_surplus(work, others, seen)
        or _adopt(work, step, real, reals, seen)
        or _own_is_gone(work, temporary, temporaries)
    )


def _delete_surplus(work: Work, rows: list[dict[str, Json]], root: Mapping[str, Json]) -> Action | None:
    for row in rows:
        owner = row.get("_owner")
        if owner not in (None, work.record.id):
            return _conflict(
                f"a temporary document with this reference belongs to another record (number {owner})"
            )
        deletion = delete_document(work, row, root)
        if deletion is not None:
            return deletion
    return None


def delete_document(work: Work, row: Mapping[str, Json], root: Mapping[str, Json]) -> Action | None:
    """Say how to delete a temporary document that is not wanted, or None when that is done.

    A document that turns out to be real already is left alone: the look-up of real documents shows it.
    """
    making, commit = work.pipeline.making_step, work.pipeline.commit_step
    if making is None or making.undo is None:
        return _conflict("a temporary document with this reference exists, and no step says how to delete it")
    document = {name: value for name, value in row.items() if not name.startswith("_")}
    label = "-".join(str(value) for name, value in sorted(document.items()) if name in _identity(making))
    inner = work.with_step(making.id, {**document, "fields": {}}, root=root)
    if commit is not None and commit.probe is not None:
        asked = f"confirmed:{label}"
        if asked not in work.checked:
            return settle.ask(work, asked, work.pipeline.probes[commit.probe], inner)
        if is_real(work, work.checked[asked]):
            return None
    path = f"surplus:{label}"
    line = work.line(path)
    if line is not None and line.state is CallState.REFUSED:
        return _conflict(f"M3 will not delete the surplus temporary document {label}")
    if work.taken(path):
        return None
    mapped = work.map(making.undo, inner)
    return Send(path, Purpose.UNDO, making.undo.target, mapped.fields, mapped.origins)


def is_real(work: Work, rows: list[dict[str, Json]]) -> bool:
    """Tell from the rows of the commit's probe whether the document has been made real."""
    step = work.pipeline.commit_step
    if step is None or not rows:
        return False
    if step.pending_when is None:
        return True
    return not step.pending_when.condition({**work.root(), "result": rows[0]}, work.context)


def _adopt(
    work: Work, step: Step, real: Probe, rows: list[dict[str, Json]], root: Mapping[str, Json]
) -> Action | None:
    if not rows:
        return None
    if len(rows) > 1:
        return _conflict(f"M3 holds {len(rows)} real documents with the reference {work.attempt.reference}")
    row = rows[0]
    if row.get("_owner") not in (None, work.record.id):
        return _conflict(
            f"the real document with this reference belongs to another record (number {row['_owner']})"
        )
    strange = disagreement(work, real, row, root)
    if strange:
        return _conflict(f"M3 holds a real document with this reference, but its {strange}")
    own = own_document(work)
    if own is not None:
        deletion = delete_document(work, own, root)
        if deletion is not None:
            return deletion
    found = answer_row(step.request.outputs, {name: row.get(name) for name in step.request.outputs.names})
    return Settle(step.id, found=True, rows=(found,), adopted=True)


def _own_is_gone(work: Work, temporary: Probe, rows: list[dict[str, Json]]) -> Action | None:
    """Begin again when M3 no longer has the document that was about to be made real."""
    if own_document(work) is None or not temporary.proves_absence:
        return None
    if any(_is_own(work, row) for row in rows):
        return None
    return Undo(RecordState.READY, "the temporary document is gone from M3: beginning again")


def _is_own(work: Work, row: Mapping[str, Json]) -> bool:
    return same_document(own_document(work), row)


def _identity(step: Step) -> frozenset[str]:
    return frozenset(step.call.outputs.names) if step.call else frozenset()


def _root_of_making(work: Work, root: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a root in which the making step has fields, whether or not it was made yet."""
    making = work.pipeline.making_step
    if making is None or making.call is None or work.results.get(making.id) is not None:
        return root
    return work.with_step(making.id, {"fields": work.map_step(making, making.id, root).fields}, root=root)


def _conflict(reason: str) -> Stop:
    return Stop(RecordState.REVIEW, reason, Failure(Remedy.IN_DOUBT, reason))
