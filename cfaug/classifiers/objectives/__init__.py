"""Base objectives of a classifier: the loss on the original images."""

from cfaug.classifiers.objectives.base import Objective
from cfaug.classifiers.objectives.environments.coral import DeepCORAL
from cfaug.classifiers.objectives.environments.irm import IRM
from cfaug.classifiers.objectives.environments.vrex import VREx
from cfaug.classifiers.objectives.erm import CrossEntropy
from cfaug.classifiers.objectives.mixing.aug_mix import AugMix
from cfaug.classifiers.objectives.mixing.cutmix import CutMix
from cfaug.classifiers.objectives.mixing.lisa import LISA
from cfaug.classifiers.objectives.mixing.mixup import MixUp
from cfaug.classifiers.objectives.mixing.selec_mix import SelecMix
from cfaug.classifiers.objectives.weighting.dfr import DFR
from cfaug.classifiers.objectives.weighting.focal import Focal
from cfaug.classifiers.objectives.weighting.group_dro import GroupDRO
from cfaug.classifiers.objectives.weighting.group_weights import GroupWeights
from cfaug.classifiers.objectives.weighting.jtt import JTT
from cfaug.classifiers.objectives.weighting.lff import LfF

__all__ = [
    "DFR",
    "IRM",
    "JTT",
    "LISA",
    "AugMix",
    "CrossEntropy",
    "CutMix",
    "DeepCORAL",
    "Focal",
    "GroupDRO",
    "GroupWeights",
    "LfF",
    "MixUp",
    "Objective",
    "SelecMix",
    "VREx",
]
