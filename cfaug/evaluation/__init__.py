"""How good a generator is: judges, probes, and edits to look at."""

from cfaug.evaluation.generator_quality import Judging, judge_generator
from cfaug.evaluation.judges import train_judge

__all__ = ["Judging", "judge_generator", "train_judge"]
