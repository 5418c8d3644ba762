"""Audits that cannot be made, each with what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from oncology.errors import OncologyError

__all__ = ["AuditError", "NoOutcomesError", "SchemaDiffersError", "StoppedError"]


class AuditError(OncologyError, ValueError):
    """An audit that cannot be made of what was given."""


class NoOutcomesError(AuditError):
    """There are no patients with outcomes to hold the predictions against."""


class SchemaDiffersError(AuditError):
    """A cohort encoded for another model: which columns differ, and in which units.

    Parameters
    ----------
    missing, extra : sequences of str
        Columns the model reads and the cohort lacks, and the other way round.
    units : sequence of str
        Sentences on features whose unit differs.
    """

    def __init__(self, missing: Sequence[str], extra: Sequence[str], units: Sequence[str]) -> None:
        said = []
        if missing:
            said.append(f"it lacks {_listed(missing)}")
        if extra:
            said.append(f"it has {_listed(extra)}, which the model does not read")
        said += units
        super().__init__(
            f"The cohort does not fit the model: {'; '.join(said)}. Encode the patients with the model's own schema "
            "(give their profiles instead of a table), and convert units first."
        )
        self.missing, self.extra, self.units = tuple(missing), tuple(extra), tuple(units)


class StoppedError(AuditError):
    """The user stopped the audit; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("The audit was stopped before it was done; nothing of it was kept.")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(str, names[:6])) + (" and others" if len(names) > 6 else "")
    return f"{len(names)} column{'' if len(names) == 1 else 's'} ({shown})"
