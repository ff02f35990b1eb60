"""What an evaluation computes."""

from pydantic import Field

from discover.core.config import StrictModel
from discover.recognition.label_free import DEFAULT_TEMPERATURE
from discover.recognition.prompts import PromptSetName
from discover.recognition.self_training import SelfTrainingConfig

__all__ = ["EvaluationConfig"]


class EvaluationConfig(StrictModel):
    """Settings of `evaluate_recognition` and `evaluate_retrieval`. None of them is fitted to labels."""

    prompt_sets: tuple[PromptSetName, ...] = ("described", "name")
    """Prompt sets to score, reported apart."""
    supervised: bool = True
    """Also train the supervised references (hour, bag of sensors, linear probe) on training labels."""
    gradient_boosting: bool = True
    """Also train gradient boosting on bag of sensors + hour; the slowest reference."""
    gradient_boosting_iterations: int = Field(default=100, ge=1, le=100_000)
    """Most trees per class; how many are used, and with which settings, held-out training days decide."""
    max_iterations: int = Field(default=200, ge=1, le=1_000_000)
    """Most solver iterations of a logistic regression; whether it converged is in the result."""
    probe_strengths: tuple[float, ...] = (0.01, 0.1, 1.0)
    """Inverse regularisation of the linear probe; the best on validation windows is used."""
    probe_iterations: int = Field(default=100, ge=1, le=1_000_000)
    """Most solver iterations for each of them; the next begins where the last ended."""
    mlp_probe: bool = True
    """Also train a probe with one hidden layer; its epoch is chosen on validation windows."""
    mlp_width: int = Field(default=128, ge=1, le=65_536)
    """Hidden units of that probe."""
    mlp_epochs: int = Field(default=30, ge=1, le=100_000)
    """Most epochs of that probe."""
    encoder_probe: bool = True
    """Also probe the encoder's vectors before the projection head (a second pass through the encoder)."""
    shots: tuple[int, ...] = (1, 5, 20)
    """Labelled training windows per activity of the rows with few labels; empty leaves these rows out."""
    shot_draws: int = Field(default=50, ge=1, le=100_000)
    """How often these windows are drawn."""
    text_weights: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    """Weights of the prompt tried in prototypes of text and shots; the best on validation is used."""
    centring: float = Field(default=1.0, ge=0, le=1)
    """How much of each activity's mean the `centred` rows take off."""
    balance_temperature: float = Field(default=DEFAULT_TEMPERATURE, gt=0, le=100)
    """Softmax temperature of cosines: for the `balanced` rows, and for the calibration error."""
    balance_strength: float = Field(default=1.0, ge=0, le=1)
    """How far they do: 0 leaves scores as they are, 1 makes all activities alike over training windows."""
    self_training: bool = True
    """Also train students of the label-free scores, for the prompts of the scored labels."""
    self_training_settings: SelfTrainingConfig = SelfTrainingConfig()
    """How students are taught."""
    first_student: bool = False
    """Also the students of version 0.1.0, whose settings were chosen on the main home's test labels."""
    coarse: bool = True
    """Also score the coarse labels (level L2), by mapping answers and by prompts of their own."""
    smoothing_s: float = Field(default=60.0, gt=0, le=604_800)
    """Standard deviation in seconds of the Gaussian that averages scores over neighbouring windows."""
    rejection_quantile: float = Field(default=0.5, gt=0, lt=1)
    """Label-free rejection: a window is `no_activity` when its best score exceeds its best cosine with the
    background sentences by less than this quantile over all training windows. 0.5 says "about half of a day
    is unnamed"; no label sets it."""
    background_labels: tuple[str, ...] = ("no_activity", "other", "other_activity")
    """Labels that stand for no activity: left out of the annotated pool, one class in the full pool."""
    bootstrap_samples: int = Field(default=1000, ge=10, le=1_000_000)
    """Resamplings of test days behind each 95 % interval."""
    recall_ks: tuple[int, ...] = (1, 5, 10)
    """Depths of recall@k."""
    recall_curve_ks: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    """Depths of the recall curve; those beyond the pool are left out."""
    label_precision_ks: tuple[int, ...] = (10, 50, 100)
    """Depths of label-precision@k."""
    confusion_k: int = Field(default=10, ge=1, le=1_000_000)
    """Retrieved items whose labels fill the confusion of retrieved labels."""
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    """Seed of the bootstrap and of gradient boosting."""
