"""Names of all that runs log: loggers, tables, reports and the dashboard take them from here.

Words in braces stand for the name of an attribute, of one that was ``edited`` or ``read``, of two
or more attributes (``pair``, ``names``), of a test set (``split``) or of a term of a loss.
"""

from collections.abc import Container, Mapping

from torch import Tensor

from datamodules.process.splits import CONFOUNDED, RESAMPLED, UNCONFOUNDED

TRAIN_SIZE = "data/train_size"
EFFECTIVE_TRAIN_SIZE = "data/effective_train_size"
TRAIN_CNF = "data/cnf/{attribute}"
"""Of the training images, with the label, nats."""
REMAINING_CNF = "data/remaining_cnf/{attribute}"
"""What is left of it in the images as they are drawn."""

TRAIN_TERM = "train/{term}"
VAL_TERM = "val/{term}"
VAL_LOSS = VAL_TERM.format(term="loss")
VAL_ACCURACY = "val/accuracy"
VAL_BALANCED_ACCURACY = "val/balanced_accuracy"
VAL_WORST_GROUP_ACCURACY = "val/worst_group_accuracy"
TEST_TERM = "test/{split}_{term}"

ACCURACY = "test/{split}_accuracy"
BALANCED_ACCURACY = "test/{split}_balanced_accuracy"
WORST_GROUP_ACCURACY = "test/{split}_worst_group_accuracy"
WORST_GROUP_SIZE = "test/{split}_worst_group_size"
TEST_IMAGES = "test/{split}_images"
FLIP_RATE = "test/flip_rate/{attribute}"
"""Predictions that change with the true counterfactual."""
EDIT_FLIP_RATE = "test/edit_flip_rate/{attribute}"
"""Those that change with a generator's edit, beside the image drawn again as it is."""
REDRAWN_FLIP_RATE = "test/redrawn_flip_rate"
"""Those that change because a generator draws an image again as it is."""
RELIANCE = "test/reliance/{attribute}"
"""How much an edit changes the probabilities, see `Reliance`; its interval is too wide."""

FIRST_TEST_SETS = UNCONFOUNDED, RESAMPLED
"""Names of the first of two test sets, one for each kind of data."""
TEST_SETS = *FIRST_TEST_SETS, CONFOUNDED
"""All names of test sets."""

EFFECTIVENESS = "test/effectiveness/do-{edited}/{read}"
JUDGE = "test/judge/{attribute}"
KNOWN_EFFECTIVENESS = "test/known_process/effectiveness/do-{edited}/{read}"
KNOWN_JUDGE = "test/known_process/judge/{attribute}"
EFFECTIVENESS_DIFFERENCE = "test/judge_difference/do-{edited}/{read}"
JUDGE_DIFFERENCE = "test/judge_difference/real/{attribute}"
JUDGED_IMAGES = "test/judged_images"
COMPOSITION = "test/composition/{times}"
REVERSIBILITY = "test/reversibility/{attribute}"
EXACT = "test/exact_{measure}/{attribute}"
TRANSFER_REAL = "test/transfer/real"
TRANSFER_EDITED = "test/transfer/edited"
TRANSFER_GAP = "test/transfer/gap"
LEAKAGE = "test/leakage/{attribute}"
JOINT_LEAKAGE = "test/joint_leakage/{attribute}"
LEAKAGE_CHANCE = "test/leakage_chance/{attribute}"
CONFOUNDING_BEFORE = "test/confounding_before/{attribute}"
CONFOUNDING_AFTER = "test/confounding_after/{attribute}"
KNOWN_CONFOUNDING_AFTER = "test/known_process/confounding_after/{attribute}"

GAP_CLOSED = "gap_closed/{method}"
EXCESS_ERROR = "excess_error/{method}"
DIFFERENCE = "difference/{method}"
"""Points above the best baseline, on the same images."""

AUDIT_IMAGES = "audit/images"
EMPTY_GROUPS = "audit/empty_groups"
RARE_GROUPS = "audit/rare_groups"
CNF = "audit/cnf/{pair}"
NORMALIZED_MUTUAL_INFORMATION = "audit/normalized_mutual_information/{pair}"
CRAMERS_V = "audit/cramers_v/{pair}"
P_VALUE = "audit/p_value/{pair}"
SMALLEST_CELL = "audit/smallest_cell/{pair}"
AUDIT_REMAINING_CNF = "audit/remaining_cnf/{pair}"
TEST_SET_CNF = "audit/test_set_cnf/{attribute}"
TEST_SET_CRAMERS_V = "audit/test_set_cramers_v/{attribute}"
TEST_SET_EFFECTIVE_SIZE = "audit/test_set_effective_size"
TEST_SET_LARGEST_SHARE = "audit/test_set_largest_share"
TEST_SET_EMPTY_GROUPS = "audit/test_set_empty_groups"
TOTAL_CORRELATION = "audit/total_correlation/{names}"
SYNERGY = "audit/synergy/{names}"

AUGMENT_IMAGES = "augment/images"
AUGMENT_COPIES = "augment/copies"
READ_AS_WANTED = "augment/read_as_wanted/{attribute}"

EDITS = "edits/{attribute}"
"""Grids of edits of validation images, while a generator is trained."""
PICTURE = "pictures/{job}/{name}"
"""Pictures of the other commands, by the name of the file."""
EDIT_TABLE = "tables/edits"
"""A row for each edit of some test images, see `cfaug.evaluation.edit_gallery`."""


def first_test_set(figures: Container[str]) -> str | None:
    """The name of the first test set that a classifier has figures of, see `FIRST_TEST_SETS`.

    >>> first_test_set({"test/resampled_accuracy": 90.0, "test/confounded_accuracy": 99.0})
    'resampled'

    Args:
        figures: Figures by name, or their names.

    Returns:
        None where there are none, as before a test.
    """
    return next((name for name in FIRST_TEST_SETS if ACCURACY.format(split=name) in figures), None)


def train_terms(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The terms of a training loss as they are logged.

    Args:
        losses: Each by its name.
    """
    return {TRAIN_TERM.format(term=name): value.detach() for name, value in losses.items()}


def started(template: str) -> str:
    """What the names made from a template begin with, up to the first word in braces."""
    return template.partition("{")[0]


def alone(template: str) -> str:
    """The name of a figure without what it is of, ``difference`` of ``difference/{method}``."""
    return started(template).removesuffix("/")


def ends(name: str) -> tuple[str, str]:
    """Names of the lower and the upper end of the interval of a figure.

    >>> ends("test/unconfounded_accuracy")
    ('test/unconfounded_accuracy_low', 'test/unconfounded_accuracy_high')
    >>> ends("test/flip_rate/color")
    ('test/flip_rate_low/color', 'test/flip_rate_high/color')
    """
    job, _, figure = name.partition("/")
    measure, slash, attribute = figure.partition("/")
    low, high = (f"{job}/{measure}_{end}{slash}{attribute}" for end in ("low", "high"))
    return low, high


def interval_of(figures: Mapping[str, float], name: str) -> tuple[float, float] | None:
    """The interval of a figure; None if it has none."""
    low, high = (figures.get(end) for end in ends(name))
    return None if low is None or high is None else (low, high)
