"""Everything that belongs beside one number: seventeen things, from (a) what is predicted to (q) the way to the card.

What nothing here records says so, and is never left out: a reader should see what they were not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.assurance_words import ANSWER_WORDS, no_benefit_words
from explainers.beside.groups import group_words
from explainers.beside.reasons import reason_words
from explainers.model_words import output_words
from oncology.applicability import familiarity
from oncology.assurance import assure
from oncology.checklist import checklist
from oncology.prediction import predict
from oncology.recommendations import Ranking, Recommendation, rank
from oncology.wording import wording

if TYPE_CHECKING:
    from oncology.bundles import DeveloperCard, ModelBundle
    from oncology.patients import PatientProfile

__all__ = ["NOT_RECORDED", "USE", "Beside", "BesideEntry", "beside"]

NOT_RECORDED = "not recorded here"
NOT_SAID = "not provided by the developer"
USE = (
    "For research and teaching. It is no medical device and recommends no treatment: what is done for a patient is for "
    "those who know the patient to decide."
)
# Where the way to the card stands, and what is wrong with it.
_CARD_LETTER = "q"
# Labels listed before "and N more".
_MOST = 8


@dataclass(frozen=True, slots=True)
class BesideEntry:
    """One of the seventeen; `recorded` is False where nothing here holds it."""

    letter: str
    title: str
    words: tuple[str, ...]
    recorded: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Beside:
    """The seventeen things beside the number of one option for one patient.

    Parameters
    ----------
    option, label : str
    entries : tuple of BesideEntry, (17,)
    """

    option: str
    label: str
    entries: tuple[BesideEntry, ...]

    def entry(self, letter: str) -> BesideEntry:
        """The entry of a letter."""
        return next(e for e in self.entries if e.letter == letter)

    def rows(self) -> list[dict[str, str]]:
        """One row a thing, for tables and files."""
        return [{"letter": e.letter, "what": e.title, "here": " ".join(e.words)} for e in self.entries]


def beside(
    bundle: ModelBundle,
    profile: PatientProfile,
    ranking: Ranking | None = None,
    *,
    option: str | None = None,
) -> Beside:
    """Collect what belongs beside the number of one option.

    Parameters
    ----------
    ranking : Ranking, optional
        Of this bundle and profile, with its unknowns; made here when left out.
    option : str, optional
        Key or label; default: the one ranked first.

    Raises
    ------
    UnknownNameError
        If the bundle has no such option.
    """
    predictions = predict(bundle, profile)
    if ranking is None:
        ranking = rank(bundle, predictions, profile)
    if option is None:
        option = ranking.ordered[0].option if ranking.ordered else bundle.options[0]
    option = bundle.options[bundle.option_index(option)]
    entry, card = ranking.of(option), _developer(bundle)
    said: dict[str, tuple[str, ...]] = {
        "a": _predicted(bundle, entry, card),
        "b": _value(bundle, entry, predictions.interval_meaning),
        "c": _seen(entry),
        "d": _domain(bundle, profile),
        "e": _missing(bundle, profile, ranking, predictions.missing[0]),
        "f": (_sentence(entry.support_words),),
        "g": group_words(bundle, profile, option),
        "h": reason_words(bundle, profile, option, abstained=entry.abstained),
        "i": (),
        "j": _alternatives(ranking, entry),
        "k": _unlikely(bundle, profile, ranking, entry),
        "l": (),
        "m": (_sentence("; ".join(ranking.not_modelled)),),
        "n": _version(bundle, card),
        "o": (USE, *((bundle.manifest.words.banner,) if bundle.manifest.words.banner else ())),
        "p": (),
        "q": _card_words(bundle, card),
    }  # fmt: skip
    entries = tuple(
        BesideEntry(
            b.letter, b.title, said[b.letter] or (f"{NOT_RECORDED.capitalize()}.",), bool(said[b.letter])
        )
        for b in checklist().beside
    )
    return Beside(option, bundle.label(option), entries)


@dataclass(frozen=True, slots=True)
class _Developer:
    """What the developer says of the model.

    Parameters
    ----------
    card : DeveloperCard or None
        Only where the bundle's hash covers it; any other counts for nothing beside a number.
    problem : str
        Which entry of the card, or which line, is wrong and what was expected there; empty where none is.
    uncovered : bool
        A card lies beside the bundle that anybody could have written.
    """

    card: DeveloperCard | None
    problem: str = ""
    uncovered: bool = False

    def said(self, field: str, part: str) -> str:
        """The words of an entry, or why there are none."""
        if self.problem:
            return f"not known, because the developer's card cannot be used (see {_CARD_LETTER})"
        return " ".join(() if self.card is None else self.card.said(field, part)) or NOT_SAID

    @property
    def words(self) -> tuple[str, ...]:
        """What is wrong with the card; empty where nothing is."""
        if self.problem:
            return (self.problem,)
        if self.uncovered:
            return (
                "A card.toml lies beside this model that its hash does not cover: its words count for nothing here.",
            )
        return ()


def _developer(bundle: ModelBundle) -> _Developer:
    from oncology.bundles import BundleError, read_card

    try:
        found = read_card(bundle.path, bundle.manifest.files)
    except BundleError as error:
        return _Developer(None, str(error))
    except OSError as error:
        return _Developer(
            None, f"card.toml cannot be opened ({error.strerror}); expected a file that may be read."
        )
    if found is not None and not found.covered:
        return _Developer(None, uncovered=True)
    return _Developer(found)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}" + ("" if words.endswith(".") else ".")


def _predicted(bundle: ModelBundle, entry: Recommendation, card: _Developer) -> tuple[str, ...]:
    m = bundle.manifest
    what = (
        entry.label
        if bundle.is_score
        else f"{entry.label}: how many {m.words.alike} {m.outcome or 'respond'}"
    )
    return (
        _sentence(what),
        _sentence(f"it gives {output_words(m)}"),
        _sentence(f"time horizon: {card.said('output_definition', 'horizon')}"),
    )


def _value(bundle: ModelBundle, entry: Recommendation, meaning: str) -> tuple[str, ...]:
    if entry.abstained:
        return (_sentence(f"no number: {entry.reason}"),)
    if not bundle.is_score:
        return (_sentence(entry.per_100), meaning)
    words = f"Score {entry.probability:z.2f}"
    if entry.low is not None and entry.high is not None:
        words += f", from {entry.low:z.2f} to {entry.high:z.2f}"
    if entry.group:
        words += f", group {entry.group}"
    return (f"{words}. A score has no people out of a hundred.", meaning)


def _seen(entry: Recommendation) -> tuple[str, ...]:
    words = wording(entry.setting)
    if entry.base_rate is not None and entry.support is not None:
        return (
            f"Of {entry.support:,} in training with the same tumour type who {words.had_it}, "
            f"{100 * entry.base_rate:.0f} of 100 {words.responded}.",
        )
    if "base_rate" in entry.withheld or "support" in entry.withheld:
        return ("Withheld: fewer than five of them, or fewer than five of either outcome.",)
    return ("Not available: no training patient stands behind this number.",)


def _domain(bundle: ModelBundle, profile: PatientProfile) -> tuple[str, ...]:
    found = familiarity(bundle, profile)
    words = [found.words(), *found.cautions]
    if found.unusual:
        words.append(f"What sets the profile apart: {'; '.join(u.words for u in found.unusual)}.")
    if found.never_together:
        pairs = "; ".join(p.words() for p in found.never_together)
        words.append(f"Alterations that no training patient of this tumour type had together: {pairs}.")
    if not found.cautions:
        words.append(
            "Tumour type, age, numbers, categories and drivers that exclude each other were checked: nothing found."
        )
    return tuple(words)


def _missing(
    bundle: ModelBundle, profile: PatientProfile, ranking: Ranking, required: Sequence[str]
) -> tuple[str, ...]:
    values = bundle.schema.values(profile)
    unknown = [f.label for f, value in zip(bundle.schema.features, values, strict=True) if value is None]
    if not unknown:
        return ("Every input is known.",)
    listed = ", ".join(unknown[:_MOST]) + (
        f" and {len(unknown) - _MOST} more" if len(unknown) > _MOST else ""
    )
    words = [f"{len(unknown)} of {len(values)} inputs are not known: {listed}."]
    if required:
        labels = ", ".join(bundle.schema.feature(name).label for name in required)
        words.append(f"Without these there is no answer: {labels}.")
    if bundle.manifest.missing_values:
        words.append(_sentence(bundle.manifest.missing_values))
    if ranking.unknowns:
        words += [u.words() for u in ranking.unknowns[:3]]
    elif ranking.searched:
        words.append(f"None of them would move anything that was looked for. {_sentence(ranking.searched)}")
    return tuple(words)


def _alternatives(ranking: Ranking, entry: Recommendation) -> tuple[str, ...]:
    others = [r for r in ranking.ordered if r.option != entry.option]
    words = []
    if others:
        near = [
            f"{r.label} ({_short(r)}{', same band' if r.band is not None and r.band == entry.band else ''})"
            for r in others[:4]
        ]
        more = f" and {len(others) - 4} more" if len(others) > 4 else ""
        words.append(f"{'; '.join(near)}{more}.")
    else:
        words.append("The model rates no other option for this patient.")
    words.append(
        "None of them, or standard care, is always among the alternatives; the model does not compare with it."
    )
    return tuple(words)


def _short(r: Recommendation) -> str:
    if r.probability is None:
        return "no answer"
    return f"{100 * r.probability:.0f} of 100" if r.per_100 else f"{r.probability:.2f}"


def _unlikely(
    bundle: ModelBundle, profile: PatientProfile, ranking: Ranking, entry: Recommendation
) -> tuple[str, ...]:
    words = list(entry.cautions)
    if bundle.is_score:
        words.append("A score names no option that is unlikely to help.")
    else:
        found = assure(bundle, profile, ranking=ranking, deep=False)
        asked = found.of(entry.option).no_benefit
        words.append(
            f"{_sentence(bundle.manifest.words.unlikely)[:-1]}? {ANSWER_WORDS[asked.answer].capitalize()}. {asked.why}"
        )
        words.append(no_benefit_words(bundle, found.options))
    words.append(f"Signs of resistance: {NOT_RECORDED}, beyond what the model's inputs hold.")
    return tuple(words)


def _version(bundle: ModelBundle, card: _Developer) -> tuple[str, ...]:
    m = bundle.manifest
    built = f", built {m.date}" if m.date else ""
    return (
        f"{m.title}, version {m.version}{built}.",
        f"SHA-256 {bundle.sha256}.",
        _sentence(f"data from: {card.said('training_data', 'dates')}"),
    )


def _card_words(bundle: ModelBundle, card: _Developer) -> tuple[str, ...]:
    return (
        f"The page Card, or .venv/bin/python -m explainers card {bundle.name}.",
        *card.words,
        _sentence(f"report a problem to: {card.said('sources', 'harm')}"),
    )
