"""Rules of "exactly once" that are broken one at a time, each with the test that must notice.

A mutation is a change of the engine's own text, so it lasts only as long as that text: ``tests/unit/test_mutations.py``
fails in the gate as soon as a text is changed or a test renamed, and ``make mutations`` breaks the rules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One rule, how it is broken, and who must notice."""

    name: str
    breaks: str
    """What the broken engine does, in words."""
    file: str
    old: str
    """Occurs once in the file."""
    new: str
    test: str
    """File and name, as pytest selects it: every example of a parametrised test."""

    def applied(self, whole: str) -> str:
        """Return the text of the file with the rule broken."""
        return whole.replace(self.old, self.new)


_DELIVERY = "tests/contract/engine/test_delivery.py::"
_INTAKE = "tests/contract/engine/test_intake.py::"
_UNIT = "tests/unit/engine/"
_PAYMENTS = "tests/contract/engine/test_payments.py::"

MUTATIONS = (
    Mutation(
        name="probe-disabled",
        breaks="a call without an answer is taken for one without an effect, and nobody looks",
        file="m3nop/engine/settle.py",
        old="""\
    if asked not in work.checked:
        return ask(work, asked, probe, root)
    found = (
""",
        new="""\
    if asked not in work.checked:
        return Settle(path, found=False)
    found = (
""",
        test=_DELIVERY + "test_a_head_without_an_answer_is_found_and_taken_over",
    ),
    Mutation(
        name="sent-after-request",
        breaks="a call is written down as sent after its request, not before",
        file="m3nop/engine/answers.py",
        old="""\
        self._parts.outbox.commit()
        for group in groups:
            lanes.send(group)
""",
        new="""\
        for group in groups:
            lanes.send(group)
        self._parts.outbox.commit()
""",
        test=_DELIVERY + "test_sent_is_in_the_state_before_each_request_that_acts",
    ),
    Mutation(
        name="watermark-first",
        breaks="the watermark is committed before the records that it passes",
        file="m3nop/engine/intake.py",
        old="""\
        with self._state.transaction() as tx:
            tx.arrive(new, now=now)
            if not all(""",
        new="""\
        with self._state.transaction() as tx:
            tx.set_watermark(job.name, partition, page.watermark, now=now)
        with self._state.transaction() as tx:
            tx.arrive(new, now=now)
            if not all(""",
        test=_INTAKE + "test_records_and_watermark_are_committed_together",
    ),
    Mutation(
        name="attempt-not-frozen",
        breaks="an attempt goes on with the mapping of today instead of the one that it was begun with",
        file="m3nop/engine/claims.py",
        old="        if pipeline is not None and attempt.definition == pipeline.digest:\n",
        new="        if pipeline is not None:\n",
        test=_PAYMENTS + "test_a_mapping_that_changes_in_the_middle_does_not_split_a_batch",
    ),
    Mutation(
        name="commit-target-forgotten",
        breaks="the document that may become real is not written down before it is made real",
        file="m3nop/engine/answers.py",
        old="        if send.commit_target is not None:\n",
        new="        if send is None:\n",
        test=_DELIVERY + "test_an_order_is_entered_with_everything_written_down",
    ),
    Mutation(
        name="commit-target-ignored",
        breaks="any temporary document with the reference passes for the one that is to be made real",
        file="m3nop/engine/commit.py",
        old="    return same_document(own_document(work), row)\n",
        new="    return bool(row)\n",
        test=_DELIVERY + "test_a_temporary_order_that_was_left_behind_is_deleted_before_the_commit",
    ),
    Mutation(
        name="commit-target-changed",
        breaks="a commit that was lost is made for another document instead of the same one",
        file="m3nop/engine/settle.py",
        old="    if step.commit or probe.proves_absence:\n",
        new="""\
    if step.commit:
        return Undo(RecordState.READY, "beginning again")
    if probe.proves_absence:
""",
        test=_DELIVERY + "test_a_commit_that_never_arrived_is_repeated_for_the_same_document_only",
    ),
    Mutation(
        name="settle-after-zero",
        breaks="what is not found at once is taken for absent, though its request may still be under way",
        file="m3nop/engine/work.py",
        old="        return left_by + self._settle_after.get(line.connection, 0)\n",
        new="        return left_by\n",
        test=_DELIVERY + "test_a_head_that_never_arrived_is_sent_again_once_that_is_sure",
    ),
    Mutation(
        name="undo-after-commit",
        breaks="a failure after the commit takes the document back",
        file="m3nop/engine/verdicts.py",
        old="    if not work.attempt.committed and undo.anything_to_undo(work):\n",
        new="    if undo.anything_to_undo(work):\n",
        test=_UNIT + "test_undo.py::test_what_is_refused_after_the_commit_takes_nothing_back",
    ),
    Mutation(
        name="taken-commit-undone",
        breaks="what a lost commit made real is taken back without a look whether it is",
        file="m3nop/engine/undo.py",
        old="    if commit.is_real(work, rows):\n",
        new="    if commit.is_real(work, rows) and work.attempt.committed:\n",
        test=_UNIT + "test_undo.py::test_a_document_that_became_real_while_it_was_taken_back_is_adopted",
    ),
    Mutation(
        name="snapshot-not-frozen",
        breaks="an attempt goes on with the record as it is today",
        file="m3nop/engine/work.py",
        old="edits.laid_over(attempt.snapshot, self.edits)",
        new="edits.laid_over(self.record.snapshot, self.edits)",
        test=_PAYMENTS + "test_a_movement_that_was_begun_is_finished_before_the_next_one",
    ),
    Mutation(
        name="absence-unproved",
        breaks="a probe that does not see everything is believed when it finds nothing",
        file="m3nop/engine/settle.py",
        old="    if step.commit or probe.proves_absence:\n",
        new="    if step.commit or probe is not None:\n",
        test=_UNIT + "test_doubts.py::test_a_probe_that_cannot_tell_is_asked_again_less_and_less_often",
    ),
    Mutation(
        name="looked-too-early",
        breaks="a look before the request could have landed counts as proof afterwards",
        file="m3nop/engine/settle.py",
        old="    if work.asked_at[asked] < settled_at:\n",
        new="    if work.asked_at[asked] < 0:\n",
        test=_UNIT
        + "test_doubts.py::test_a_probe_that_looked_too_early_is_asked_again_before_absence_is_believed",
    ),
    Mutation(
        name="lines-not-compared",
        breaks="a document with a doubt in its past is made real without comparing its lines",
        file="m3nop/engine/commit.py",
        old="        if not _same_lines(work, step, step.verify):\n",
        new="        if not step.verify:\n",
        test=_UNIT + "test_commit.py::test_an_attempt_that_does_not_show_exactly_its_lines_is_discarded",
    ),
    Mutation(
        name="no-double-check",
        breaks="nobody looks before the commit whether the reference is in M3 already",
        file="m3nop/engine/commit.py",
        old='    return _look_for_others(work, step, double_check, root, when="commit")\n',
        new="    return None\n",
        test=_DELIVERY + "test_an_order_that_m3_has_already_is_adopted_after_the_state_was_lost",
    ),
    Mutation(
        name="movement-not-looked-for",
        breaks="a movement is entered without a look whether it was, by a state that was put back",
        file="m3nop/engine/commit.py",
        old="    if probe is None or not (probe.exact or work.predates or _suspicious(work)):\n",
        new="    if work is not None:\n",
        test="tests/contract/engine/test_odd_records.py::test_a_movement_that_a_restored_state_does_not_know_is_not_entered_again",
    ),
    Mutation(
        name="late-effects-not-swept",
        breaks="what a lost request left behind is never looked for",
        file="m3nop/engine/answers.py",
        old="            if work.pipeline.double_check is not None:\n                work.attempt.sweep_at",
        new="            if work.pipeline.double_check is None:\n                work.attempt.sweep_at",
        test=_DELIVERY + "test_a_head_that_lands_late_leaves_one_order_and_no_orphan",
    ),
    Mutation(
        name="counts-not-believed",
        breaks="a bulk answer is believed though its own counts contradict its results",
        file="m3nop/connectors/m3/matching.py",
        old="    if terminated is None and _adds_up(sent, results, counted):\n",
        new="    if terminated is None and _adds_up(sent, results, [None] * len(counted)):\n",
        test="tests/property/connectors/test_m3_matching.py::test_counts_that_contradict_the_results_leave_everything_in_doubt",
    ),
    Mutation(
        name="lost-is-not-sent",
        breaks="a request without an answer is taken for one that never left",
        file="m3nop/http/failures.py",
        old="        return Outcome.NOT_SENT if self.sent is False else Outcome.IN_DOUBT\n",
        new="        return Outcome.IN_DOUBT if self.sent else Outcome.NOT_SENT\n",
        test="tests/unit/http/test_failures.py::test_only_what_cannot_have_left_counts_as_not_sent",
    ),
)
