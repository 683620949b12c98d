"""Segments that are learned: crowds of alike visitors, and visitors likely to reach a goal.

Pure. Fitting needs scikit-learn and scipy, which are imported inside the functions that fit: only a worker calls
those. What a fit leaves behind is plain numbers, and numpy alone turns them into probabilities.
"""

from .clustering import Clustering, find_clusters, silhouettes
from .early import EARLY_PAGES, fit_doubt, temperature_of
from .features import FeatureSpec, Matrix, Row, describable, features, matrix, spec_for
from .goals import Linear, Trees, likelihood
from .identity import match_clusters, overlaps, stability, topic_likeness
from .mixture import Labels, Mixture, labels, probabilities
from .model import ClusterModel, GoalModel, Model, from_json, predict_one, to_json
from .naming import distinctive_topics, mean_topics, propose_names
from .projection import Projection, fit_projection, project
from .training import Evaluation, Outcomes, area_under_curve, evaluate_goal, train_goal

__all__ = [
    "EARLY_PAGES",
    "ClusterModel",
    "Clustering",
    "Evaluation",
    "FeatureSpec",
    "GoalModel",
    "Labels",
    "Linear",
    "Matrix",
    "Mixture",
    "Model",
    "Outcomes",
    "Projection",
    "Row",
    "Trees",
    "area_under_curve",
    "describable",
    "distinctive_topics",
    "evaluate_goal",
    "features",
    "find_clusters",
    "fit_doubt",
    "fit_projection",
    "from_json",
    "labels",
    "likelihood",
    "match_clusters",
    "matrix",
    "mean_topics",
    "overlaps",
    "predict_one",
    "probabilities",
    "project",
    "propose_names",
    "silhouettes",
    "spec_for",
    "stability",
    "temperature_of",
    "to_json",
    "topic_likeness",
    "train_goal",
]
