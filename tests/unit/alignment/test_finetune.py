"""Fine-tuning: a copy learns, the model stays, the epoch is chosen on validation windows."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from discover.alignment import AlignmentTrainer, load_model
from discover.alignment.finetune import LabelledWindows, fine_tune
from discover.alignment.finetune_config import FineTuneConfig
from discover.alignment.loaded import LoadedModel
from discover.core.errors import ConfigError, DataError
from discover.core.window_set import WindowSet
from discover.metrics import macro_f1


@pytest.fixture(scope="module")
def trained(world: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("finetune")
    config = world.make_config(folder)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    return load_model(folder / "best_model.pt")


def labelled(windows: WindowSet, rows: slice) -> LabelledWindows:
    """Windows named after the room they are in: sensor i is in room i modulo 5."""
    codes = windows.events["sensor"].to_physical().to_numpy()[windows.windows["first_event"].to_numpy()]
    labels = np.where(codes % 5 < 2, "low", "high")
    ids = windows.windows["window_id"].to_numpy().astype(np.str_)
    return LabelledWindows(ids[rows], labels[rows])


def test_it_learns_without_changing_the_model(trained: LoadedModel, world: ModuleType) -> None:
    windows = world.make_windows()
    train, validation, test = (labelled(windows, s) for s in (slice(120), slice(120, 160), slice(160, 200)))
    before = {k: v.clone() for k, v in trained.model.state_dict().items()}
    config = FineTuneConfig(layers=-1, epochs=4, batch_size=16, learning_rate=3e-3, head_learning_rate=1e-2)
    found = fine_tune(trained, windows, train, validation, test.ids, config=config)
    assert all(torch.equal(before[k], v) for k, v in trained.model.state_dict().items())
    assert not any(p.requires_grad for p in trained.model.parameters())
    assert found.classes == ("high", "low")
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    right = np.array(found.classes)[found.probabilities.argmax(axis=1)] == test.labels
    majority = max(np.mean(test.labels == c) for c in found.classes)
    assert right.mean() > majority + 0.1
    assert found.validation_macro_f1 is not None
    again = fine_tune(trained, windows, train, validation, test.ids, config=config)
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    other = fine_tune(trained, windows, train, validation, test.ids, config=config, seed=1)
    assert (other.probabilities != found.probabilities).any()


def test_answers_come_from_the_epoch_best_on_validation(trained: LoadedModel, world: ModuleType) -> None:
    windows = world.make_windows()
    train, validation = labelled(windows, slice(120)), labelled(windows, slice(120, 160))
    # A rate so high that the score jumps: the last epoch is not the best.
    config = FineTuneConfig(layers=-1, epochs=6, batch_size=16, learning_rate=3e-2, head_learning_rate=0.3)
    found = fine_tune(trained, windows, train, validation, validation.ids, config=config)
    assert found.epoch < config.epochs
    guess = np.array(found.classes)[found.probabilities.argmax(axis=1)]
    assert found.validation_macro_f1 == pytest.approx(macro_f1(validation.labels, guess))
    nothing = LabelledWindows(validation.ids[:0], validation.labels[:0])
    last = fine_tune(trained, windows, train, nothing, validation.ids, config=config)
    assert (last.epoch, last.validation_macro_f1) == (config.epochs, None)
    assert (last.probabilities != found.probabilities).any()


def test_only_the_chosen_layers_learn(trained: LoadedModel) -> None:
    from discover.alignment.finetune import _Classifier

    def learning(layers: int) -> set[str]:
        network = _Classifier(trained, 2, FineTuneConfig(layers=layers))
        return {name.split(".")[0] for name, p in network.encoder.named_parameters() if p.requires_grad}

    assert learning(0) == set()
    assert learning(1) == {"blocks", "norm"}
    assert {"tokens", "blocks", "norm"} <= learning(-1)


def test_the_classifier_starts_as_the_best_one_on_the_frozen_encoder(
    trained: LoadedModel, world: ModuleType
) -> None:
    windows = world.make_windows()
    train, rest = labelled(windows, slice(120)), labelled(windows, slice(120, 200))
    # A rate of nearly nothing: the answers are those of the start.
    config = FineTuneConfig(layers=0, epochs=1, learning_rate=1e-9, head_learning_rate=1e-9)
    found = fine_tune(trained, windows, train, rest, rest.ids, config=config)
    assert found.epoch == 0
    vectors = trained.embed_windows(windows, projected=False)
    on_train, on_rest = (vectors.vectors[vectors.rows_of(part.ids)[:, 0]] for part in (train, rest))
    scaler = StandardScaler().fit(on_train)
    # One weight vector for two classes is penalised twice as much as a vector for each.
    plain = LogisticRegression(C=0.2, max_iter=1000).fit(scaler.transform(on_train), train.labels)
    np.testing.assert_allclose(found.probabilities, plain.predict_proba(scaler.transform(on_rest)), atol=0.01)


def test_attention_pooling_learns_with_the_last_block(world: ModuleType, tmp_path: Path) -> None:
    from discover.alignment.finetune import _Classifier

    config = world.make_config(tmp_path, encoder__pooling="attention", training__max_steps=1)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    network = _Classifier(load_model(tmp_path / "best_model.pt"), 2, FineTuneConfig(layers=1))
    learning = {name for name, p in network.encoder.named_parameters() if p.requires_grad}
    assert {"pool_query", "pool_kv.weight", "pool_kv.bias"} <= learning
    assert not any(name.startswith("blocks.0") for name in learning)


def test_what_cannot_be_trained_is_refused(trained: LoadedModel, world: ModuleType) -> None:
    windows = world.make_windows()
    train = labelled(windows, slice(50))
    one = LabelledWindows(train.ids, np.full(50, "low"))
    with pytest.raises(DataError, match="two classes or more"):
        fine_tune(trained, windows, one, one, train.ids)
    with pytest.raises(ConfigError, match="Use -1 to train everything"):
        fine_tune(trained, windows, train, train, train.ids, config=FineTuneConfig(layers=99))
    with pytest.raises(DataError, match="not in the window set"):
        fine_tune(trained, windows, train, train, np.array(["nowhere"]))


def test_vectors_before_the_head_are_the_encoders(trained: LoadedModel, world: ModuleType) -> None:
    windows = world.make_windows(20)
    before, after = trained.embed_windows(windows, projected=False), trained.embed_windows(windows)
    assert before.dim == trained.model.encoder.dim
    assert before.sample_ids.tolist() == after.sample_ids.tolist()
    with torch.no_grad():
        head = trained.model.sensor_head(torch.from_numpy(before.vectors))
    np.testing.assert_allclose(torch.nn.functional.normalize(head, dim=1).numpy(), after.vectors, atol=1e-5)
